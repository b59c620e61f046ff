"""Between the messages that wait and the rows that show them."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal, Slot

from app.domain.chat import MessageId, Unsent
from app.errors import AppError
from app.ui import words
from app.ui.panels import Panels
from app.ui.ports import CorePort
from app.ui.waiting_messages import WaitingRow

_log = logging.getLogger(__name__)


class QueueController(QObject):
    """Shows all that waits, whatever conversation is on screen: none of it may be forgotten."""

    failed = Signal(object)  # AppError

    def __init__(self, core: CorePort, panels: Panels, parent: QObject) -> None:
        super().__init__(parent)
        self._core = core
        self._panels = panels
        panels.waiting.taken_back.connect(self._on_taken_back)
        panels.waiting.sent.connect(self._on_sent)

    def show(self, current: str | None) -> None:
        """Show the rows as they are now, for somebody who looks at the conversation current."""
        running = self._core.chat.running is not None
        try:
            waiting = self._core.outbox.waiting()
        except AppError as error:
            # An old file that can't be written to has no line; what is wrong with it is said elsewhere.
            _log.info("The messages that wait could not be read: %s", error)
            waiting = []
        titles = {each.id: each.title for each in self._core.chat.conversations()} if waiting else {}

        def row(place: int, unsent: Unsent) -> WaitingRow:
            label = self.tr("Not sent yet") if not running else self.tr("Next") if place == 0 else self.tr("Then")
            if unsent.conversation_id != current:
                title = words.one_line(titles.get(unsent.conversation_id, "") or words.untitled())
                label = self.tr("{label}, in “{title}”").format(
                    label=label, title=title if len(title) <= 24 else title[:23].rstrip() + "…"
                )
            return WaitingRow(unsent.id, words.one_line(unsent.text), label, not running)

        self._panels.waiting.show_rows([row(place, unsent) for place, unsent in enumerate(waiting)])

    @Slot(str)
    def _on_taken_back(self, key: str) -> None:
        try:
            unsent = self._core.outbox.take_back(MessageId(key))
        except AppError as error:
            self.failed.emit(error)
            return
        if unsent is not None:
            composer = self._panels.composer
            # What stands there already was written later.
            composer.set_text("\n\n".join(text for text in (unsent.text, composer.text.strip()) if text))
            composer.take_focus()

    @Slot(str)
    def _on_sent(self, key: str) -> None:
        try:
            self._core.outbox.send_now(MessageId(key))
        except AppError as error:
            self.failed.emit(error)

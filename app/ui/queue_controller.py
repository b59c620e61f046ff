"""Between the messages that wait and the rows that show them."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal, Slot

from app.domain.chat import ConversationId, MessageId, Unsent
from app.errors import AppError
from app.ui import words
from app.ui.panels import Panels
from app.ui.ports import CorePort
from app.ui.waiting_messages import WaitingRow

_log = logging.getLogger(__name__)


class QueueController(QObject):
    """Shows all that waits, whatever conversation is on screen: none of it may be forgotten."""

    failed = Signal(object)  # AppError
    emptied = Signal()  # the conversation on the page was begun for a message that was taken back, and went with it

    def __init__(self, core: CorePort, panels: Panels, parent: QObject) -> None:
        super().__init__(parent)
        self._core = core
        self._panels = panels
        self._current: ConversationId | None = None
        panels.waiting.taken_back.connect(self._on_taken_back)
        panels.waiting.sent.connect(self._on_sent)

    def show(self, current: ConversationId | None) -> None:
        """Show the rows as they are now, for somebody who looks at the conversation current."""
        self._current = current
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
        """Bring a message back into the composer. It is kept as a draft before it leaves the line: a kill in between
        must not take it."""
        outbox, notes, composer = self._core.outbox, self._core.notes, self._panels.composer
        try:
            found = next((unsent for unsent in outbox.waiting() if unsent.id == key), None)
            if found is None:
                return
            goes = found.conversation_id == self._current and outbox.is_alone(found)
            place = None if goes else self._current
            # What stands there already was written later.
            written = [found.text, composer.text.strip(), notes.draft(None).strip() if goes else ""]
            text = "\n\n".join(filter(None, written))
            notes.save_draft(place, text)
            outbox.take_back(found.id)
        except AppError as error:
            self.failed.emit(error)
            return
        composer.set_text("" if goes else text)
        if goes:
            self.emptied.emit()
        composer.take_focus()

    @Slot(str)
    def _on_sent(self, key: str) -> None:
        try:
            self._core.outbox.send_now(MessageId(key))
        except AppError as error:
            self.failed.emit(error)

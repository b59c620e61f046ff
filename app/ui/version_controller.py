"""Between the versions of messages in the core and the rows that show them."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal, Slot

from app.domain.chat import ConversationId, MessageId
from app.errors import AppError
from app.ui.chat_controller import ChatController
from app.ui.message_actions import Action
from app.ui.panels import Panels
from app.ui.ports import CorePort

_log = logging.getLogger(__name__)


class VersionController(QObject):
    """Carries out what is asked for under a message."""

    failed = Signal(object)  # AppError

    def __init__(self, core: CorePort, panels: Panels, chat: ChatController, parent: QObject) -> None:
        super().__init__(parent)
        self._core = core
        self._chat = chat
        self._transcript = panels.pages.transcript
        self._shown: tuple[ConversationId | None, MessageId | None] = (None, None)
        chat.changed.connect(self._on_changed)
        self._transcript.action_requested.connect(self._on_action_requested)
        self._transcript.edit_submitted.connect(self._on_edit_submitted)
        self._transcript.version_chosen.connect(self._on_version_chosen)

    @Slot()
    def _on_changed(self) -> None:
        """A change is told at every step of a turn; versions come and go only with turns and conversations."""
        shown = (self._chat.current, self._core.chat.running)
        if shown != self._shown:
            self._shown = shown
            self._refresh()

    def _refresh(self) -> None:
        current, running = self._shown
        self._transcript.set_busy(running is not None)
        if current is None:
            return
        try:
            self._transcript.set_versions(self._core.versions.of(current))
        except AppError as error:
            # The conversation is there all the same; whoever needs its other versions will hear why.
            _log.warning("The versions could not be read: %s %s", error, error.details)

    @Slot(str, str)
    def _on_action_requested(self, message_id: str, action: str) -> None:
        message = MessageId(message_id)
        try:
            match action:
                case Action.AGAIN:
                    self._core.chat.answer_again(message)
                case Action.CONTINUE:
                    self._core.chat.answer_again(message, resume=True)
                case Action.BRANCH:
                    self._chat.show_conversation(self._core.versions.branch_off(message))
        except AppError as error:
            self.failed.emit(error)

    @Slot(str, str)
    def _on_edit_submitted(self, message_id: str, text: str) -> None:
        try:
            self._core.versions.edit(MessageId(message_id), text)
        except AppError as error:
            # What was written stays in its editor.
            self.failed.emit(error)
            return
        self._show_again()

    @Slot(str)
    def _on_version_chosen(self, message_id: str) -> None:
        top = self._transcript.top_of_family(MessageId(message_id))
        try:
            self._core.versions.show(MessageId(message_id))
        except AppError as error:
            self.failed.emit(error)
            return
        self._show_again()
        self._transcript.bring(MessageId(message_id), top)

    def _show_again(self) -> None:
        if self._chat.current is not None:
            self._chat.show_conversation(self._chat.current)
            self._refresh()

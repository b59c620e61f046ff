"""What is asked for in the list of conversations, beside showing one: pins, copies, and a text for the clipboard."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication

from app.domain.chat import ConversationId
from app.errors import AppError
from app.export.formats import Format
from app.export.markdown import to_markdown
from app.export.text import to_text
from app.export.transcript import Choices, transcript
from app.ui.chat_controller import ChatController
from app.ui.panels import Panels
from app.ui.ports import CorePort


class ListController(QObject):
    """Carries out what the menu of the list offers."""

    failed = Signal(object)  # AppError

    def __init__(self, core: CorePort, panels: Panels, chat: ChatController, parent: QObject) -> None:
        super().__init__(parent)
        self._core = core
        self._chat = chat
        conversations = panels.sidebar.conversations
        conversations.pin_requested.connect(self._on_pin_requested)
        conversations.duplicate_requested.connect(self._on_duplicate_requested)
        conversations.copy_requested.connect(self._on_copy_requested)

    @Slot(list, bool)
    def _on_pin_requested(self, conversation_ids: list[ConversationId], pinned: bool) -> None:
        try:
            for conversation_id in conversation_ids:
                self._core.notes.pin(conversation_id, pinned)
        except AppError as error:
            self.failed.emit(error)

    @Slot(str)
    def _on_duplicate_requested(self, conversation_id: str) -> None:
        try:
            self._chat.show_conversation(self._core.versions.duplicate(ConversationId(conversation_id)))
        except AppError as error:
            self.failed.emit(error)

    @Slot(str, str)
    def _on_copy_requested(self, conversation_id: str, form: str) -> None:
        try:
            conversation = self._core.chat.conversation(ConversationId(conversation_id))
        except AppError as error:
            self.failed.emit(error)
            return
        write = to_text if form == Format.TEXT else to_markdown
        QGuiApplication.clipboard().setText(write(transcript(conversation, Choices())))

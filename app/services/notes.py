"""Pins, and what is typed or attached and not yet sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from app.domain.chat import ConversationId
from app.errors import AppError
from app.services.chat import ChatService
from app.services.events import ConversationsChanged
from app.store.notes import NoteStore

_log = logging.getLogger(__name__)


class Notes:
    """Called on the main thread only."""

    def __init__(self, chat: ChatService, store: NoteStore) -> None:
        self._chat = chat
        self._store = store

    def pin(self, conversation_id: ConversationId, pinned: bool) -> None:
        """Keep a conversation at the top of the list, or no longer. Raises StoreError."""
        self._store.pin(conversation_id, pinned)
        self._chat.notify(ConversationsChanged())

    def draft(self, conversation_id: ConversationId | None) -> str:
        """What was typed in a conversation, None for one that has not begun; empty where it can't be read."""
        try:
            return self._store.draft(conversation_id)
        except AppError as error:
            _log.info("A draft could not be read: %s %s", error, error.details)
            return ""

    def save_draft(self, conversation_id: ConversationId | None, text: str) -> bool:
        """Keep what is typed, and say whether it is kept. That it can't be is no news for who is typing."""
        return self._saved(lambda: self._store.save_draft(conversation_id, text))

    def draft_files(self, conversation_id: ConversationId | None) -> list[Path]:
        """The files that were to go with what is typed; none where that can't be read."""
        try:
            return self._store.draft_files(conversation_id)
        except (AppError, ValueError) as error:
            _log.info("The files of a draft could not be read: %s", error)
            return []

    def save_draft_files(self, conversation_id: ConversationId | None, files: Sequence[Path]) -> bool:
        """Keep which files are to go with what is typed, and say whether they are kept."""
        return self._saved(lambda: self._store.save_draft_files(conversation_id, files))

    def _saved(self, save: Callable[[], None]) -> bool:
        if self._chat.read_only is not None:
            return False
        try:
            save()
        except AppError as error:
            _log.info("A draft could not be saved: %s %s", error, error.details)
            return False
        return True

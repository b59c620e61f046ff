"""What a person notes at a conversation: that it is pinned, and what is typed and not yet sent."""

from __future__ import annotations

from sqlite_utils import Database

from app.domain.chat import ConversationId
from app.store.errors import store_errors
from app.store.rows import now, storable, timestamp


class NoteStore:
    """Pins and drafts in one open database. Lives on the thread that opened it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @store_errors()
    def pin(self, conversation_id: ConversationId, pinned: bool) -> None:
        """Keep a conversation at the top of the list, or no longer."""
        moment = timestamp(now()) if pinned else None
        self._database.execute("UPDATE conversations SET pinned_at = ? WHERE id = ?", [moment, conversation_id])

    @store_errors()
    def draft(self, conversation_id: ConversationId | None) -> str:
        """What was typed in a conversation, or in one that has not begun."""
        row = self._database.execute("SELECT text FROM drafts WHERE conversation_id IS ?", [conversation_id]).fetchone()
        return str(row[0]) if row else ""

    @store_errors()
    def save_draft(self, conversation_id: ConversationId | None, text: str) -> None:
        """Keep what is typed; an empty text removes it."""
        with self._database.atomic():
            self._database.execute("DELETE FROM drafts WHERE conversation_id IS ?", [conversation_id])
            if text.strip():
                row = [conversation_id, timestamp(now()), storable(text)]
                self._database.execute("INSERT INTO drafts VALUES (?, ?, ?)", row)

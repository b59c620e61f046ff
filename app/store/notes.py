"""What a person notes at a conversation: that it is pinned, and what is typed or attached and not yet sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from app.domain.chat import ConversationId
from app.store.errors import store_errors
from app.store.rows import now, storable, timestamp
from app.store.sqlite import Database


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
        self._save("text", conversation_id, storable(text) if text.strip() else "")

    @store_errors()
    def draft_files(self, conversation_id: ConversationId | None) -> list[Path]:
        """The files that were to go with what is typed."""
        row = self._database.execute(
            "SELECT files FROM drafts WHERE conversation_id IS ?", [conversation_id]
        ).fetchone()
        return [Path(path) for path in json.loads(row[0])] if row else []

    @store_errors()
    def save_draft_files(self, conversation_id: ConversationId | None, files: Sequence[Path]) -> None:
        """Keep which files are to go with what is typed. JSON has room for a name that is no UTF-8."""
        self._save("files", conversation_id, json.dumps([str(path) for path in files]))

    def _save(self, column: str, conversation_id: ConversationId | None, value: str) -> None:
        """Change one column of a draft. One that says nothing any more is no row."""
        with self._database.atomic():
            # No constraint says that only one draft has no conversation, so that there is nothing to conflict with.
            self._database.execute(
                "INSERT INTO drafts (conversation_id, saved_at, text) SELECT ?, ?, ''"
                " WHERE NOT EXISTS (SELECT 1 FROM drafts WHERE conversation_id IS ?)",
                [conversation_id, timestamp(now()), conversation_id],
            )
            self._database.execute(
                f"UPDATE drafts SET {column} = ?, saved_at = ? WHERE conversation_id IS ?",  # noqa: S608 - a name of ours
                [value, timestamp(now()), conversation_id],
            )
            self._database.execute("DELETE FROM drafts WHERE text = '' AND files = '[]'")

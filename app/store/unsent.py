"""Messages that wait to be sent, so that a kill does not take them."""

from __future__ import annotations

from datetime import datetime

from app.domain.chat import ConversationId, Effort, MessageId, Unsent, new_message_id
from app.store.errors import store_errors
from app.store.rows import now, storable, timestamp
from app.store.sqlite import Database

_BESIDE = """
    SELECT EXISTS (
        SELECT 1 FROM messages WHERE conversation_id = :talk
        UNION ALL SELECT 1 FROM unsent WHERE conversation_id = :talk AND id <> :message
        UNION ALL SELECT 1 FROM drafts WHERE conversation_id = :talk
    )
"""


class UnsentStore:
    """The line of waiting messages in one open database. Lives on the thread that opened it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @store_errors()
    def add(self, conversation_id: ConversationId, text: str, effort: Effort | None) -> Unsent:
        """Put a message at the end of the line."""
        unsent = Unsent(new_message_id(), conversation_id, now(), storable(text), effort)
        self._database.execute(
            "INSERT INTO unsent (id, conversation_id, created_at, effort, text) VALUES (?, ?, ?, ?, ?)",
            [
                unsent.id,
                conversation_id,
                timestamp(unsent.created_at),
                effort.value if effort is not None else None,
                unsent.text,
            ],
        )
        return unsent

    @store_errors()
    def waiting(self) -> list[Unsent]:
        """All that wait, in the order of their coming, but for those in conversations that are in the trash.

        A message that was sent, and not removed because the process was killed in between, waits no more.
        """
        rows = self._database.query(
            """
            SELECT unsent.* FROM unsent JOIN conversations ON conversations.id = unsent.conversation_id
            WHERE conversations.trashed_at IS NULL AND unsent.id NOT IN (SELECT id FROM messages)
            ORDER BY unsent.created_at, unsent.rowid
            """
        )
        return [
            Unsent(
                MessageId(row["id"]),
                ConversationId(row["conversation_id"]),
                datetime.fromisoformat(row["created_at"]),
                row["text"],
                Effort(row["effort"]) if row["effort"] in Effort.__members__.values() else None,
            )
            for row in rows
        ]

    @store_errors()
    def is_alone(self, unsent: Unsent) -> bool:
        """Whether its conversation was begun for this message: nothing was said, waits or is typed there beside it."""
        row = self._database.execute(_BESIDE, {"talk": unsent.conversation_id, "message": unsent.id}).fetchone()
        return not row[0]

    @store_errors()
    def remove(self, unsent_id: MessageId) -> bool:
        """Take a message out of the line. False if it was not in it any more."""
        return self._database.execute("DELETE FROM unsent WHERE id = ?", [unsent_id]).rowcount > 0

"""The tree of a conversation's messages: which versions there are of one, and which branch is shown."""

from __future__ import annotations

from app.domain.chat import ConversationId, MessageId
from app.store.errors import store_errors
from app.store.sqlite import Database

_VERSIONS = """
    SELECT id, parent_id, role FROM messages WHERE conversation_id = ? ORDER BY created_at, rowid
"""
_NEWEST_LEAF = """
    WITH RECURSIVE below (id, depth) AS (
        SELECT id, 0 FROM messages WHERE id = ?
        UNION ALL
        SELECT (
            SELECT child.id FROM messages AS child
            WHERE child.conversation_id = ? AND child.parent_id = below.id
            ORDER BY child.created_at DESC, child.rowid DESC LIMIT 1
        ), depth + 1 FROM below WHERE below.id IS NOT NULL
    )
    SELECT id FROM below WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1
"""


class BranchStore:
    """Reads and moves along the tree in one open database. Lives on the thread that opened it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @store_errors()
    def versions(self, conversation_id: ConversationId) -> dict[MessageId, tuple[MessageId, ...]]:
        """For each message all that stand in its place, oldest first, itself among them."""
        families: dict[tuple[str | None, str], list[MessageId]] = {}
        for row in self._database.query(_VERSIONS, [conversation_id]):
            families.setdefault((row["parent_id"], row["role"]), []).append(MessageId(row["id"]))
        return {message: tuple(family) for family in families.values() for message in family}

    @store_errors()
    def newest_leaf(self, conversation_id: ConversationId, message_id: MessageId) -> MessageId:
        """The end of the branch on which this message stands, following the newest of its children."""
        [row] = self._database.query(_NEWEST_LEAF, [message_id, conversation_id])
        return MessageId(row["id"])

    @store_errors()
    def show(self, conversation_id: ConversationId, leaf: MessageId) -> None:
        """Have the branch shown that ends with this message."""
        self._database.execute("UPDATE conversations SET head_id = ? WHERE id = ?", [leaf, conversation_id])

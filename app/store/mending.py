"""Make rows that were salvaged one by one a database again: merge a backup into them, and replace what they refer to.

What was lost leaves a trace where it was: a message of which nothing came back stands there as one that failed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from app.domain.chat import Effort, Role, Status, new_conversation_id
from app.markup import title_from
from app.store.parts import to_json
from app.store.rows import now, timestamp
from app.store.search_index import forget_deleted

_OWN_TABLES = ("conversations", "messages", "parts", "unsent")
_LOST = to_json({"title": "This message was lost when the file with your conversations was damaged.", "remedy": ""})
_LOST_IN_PART = to_json({"title": "Part of this message was lost when the file was damaged.", "remedy": ""})
_UNTITLED = "Rescued conversation"
_ANSWERS = ("reasoning", "tool_call", "tool_result", "citation")

_MISSING = """
    SELECT message_id FROM memberships WHERE message_id NOT IN (SELECT id FROM messages)
    UNION SELECT message_id FROM parts WHERE message_id NOT IN (SELECT id FROM messages)
    UNION SELECT parent_id FROM messages WHERE parent_id NOT IN (SELECT id FROM messages)
"""
_PLACE = """
    SELECT memberships.conversation_id, places.parent_id, places.created_at
    FROM memberships LEFT JOIN places USING (conversation_id, row) WHERE message_id = ?
"""
# A finished message never changes, so of two that differ the one in the broken file is the damaged one. What it says
# about its place never changes either.
_BETTER_THERE = """
    CREATE TEMP TABLE better_there AS
    SELECT theirs.id FROM backup.messages AS theirs LEFT JOIN main.messages AS ours USING (id)
    LEFT JOIN (SELECT message_id, sum(length(data)) AS length FROM backup.parts GROUP BY message_id) AS theirs_said
        ON theirs_said.message_id = theirs.id
    LEFT JOIN (SELECT message_id, sum(length(data)) AS length FROM main.parts GROUP BY message_id) AS ours_said
        ON ours_said.message_id = theirs.id
    WHERE ours.id IS NULL
    OR coalesce(theirs_said.length, 0) > coalesce(ours_said.length, 0)
    OR (theirs.conversation_id, theirs.parent_id, theirs.role) IS NOT (ours.conversation_id, ours.parent_id, ours.role)
    OR theirs.status = 'complete' AND (
        theirs.id IN (SELECT message_id FROM suspects)
        OR theirs_said.length = ours_said.length AND EXISTS (
            SELECT 1 FROM backup.parts AS said JOIN main.parts AS read USING (message_id, position)
            WHERE said.message_id = theirs.id AND said.data <> read.data
        )
    )
"""
_LATER = "excluded.updated_at > conversations.updated_at OR conversations.title LIKE '%\ufffd%'"
# Only what has no place of its own: a message that truly begins a conversation has one, without a parent.
_ADOPT = """
    UPDATE messages SET parent_id = (
        SELECT id FROM messages AS earlier
        WHERE earlier.conversation_id = messages.conversation_id AND earlier.created_at < messages.created_at
        ORDER BY earlier.created_at DESC, earlier.rowid DESC LIMIT 1
    ) WHERE id IN (SELECT id FROM placeless)
"""
# A finished message without a word, and one that lacks a part in the middle or the answer at its end. Of an answer that
# something follows, an older version of its row may say that it is still being written.
_EMPTY = """
    UPDATE messages SET status = CASE role WHEN 'assistant' THEN 'failed' ELSE status END, failure = ?
    WHERE (
        status = 'complete' OR role = 'user' OR status = 'streaming' AND id IN (SELECT parent_id FROM messages)
    ) AND id NOT IN (SELECT message_id FROM parts)
"""
_GAPS = """
    UPDATE messages SET status = 'interrupted', failure = ? WHERE role = 'assistant' AND status = 'complete' AND (
        id IN (SELECT message_id FROM parts GROUP BY message_id HAVING count(*) <= max(position))
        OR id NOT IN (SELECT message_id FROM parts WHERE kind = 'text')
    )
"""
_FOREIGN_PARENT = """
    parent_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM messages AS parent
        WHERE parent.id = messages.parent_id AND parent.conversation_id = messages.conversation_id
    )
"""
_HEADS = """
    UPDATE conversations SET head_id = (
        SELECT id FROM messages WHERE conversation_id = conversations.id ORDER BY created_at DESC, rowid DESC LIMIT 1
    ), updated_at = max(updated_at, coalesce(
        (SELECT max(created_at) FROM messages WHERE conversation_id = conversations.id), updated_at
    ))
    WHERE NOT EXISTS (SELECT 1 FROM messages WHERE id = head_id AND conversation_id = conversations.id)
    OR updated_at < (SELECT max(created_at) FROM messages WHERE conversation_id = conversations.id)
"""

# No constraint says that only one draft has no conversation.
_ONE_DRAFT = """
    DELETE FROM drafts WHERE conversation_id IS NULL AND rowid <> (
        SELECT rowid FROM drafts WHERE conversation_id IS NULL ORDER BY saved_at DESC LIMIT 1
    )
"""


@dataclass(frozen=True, slots=True)
class Mended:
    """Numbers of messages: put together again from indexes and parts; without a trace of their text; lacking a part."""

    rebuilt: int
    lost: int
    gaps: int


def merge_backup(connection: sqlite3.Connection) -> int:
    """Merge the attached database ``backup``, of the same schema, and say how many messages are better for it.

    By id: the longer version of a message, the later one of a conversation; nothing of either is left out.
    """
    columns = {table: _columns(connection, table) for table in _ordinary_tables(connection)}
    # The names of tables and columns are those of our own schema.
    connection.execute(_copy("conversations", columns, "true", "id", _LATER))
    connection.execute(_BETTER_THERE)
    connection.execute(_copy("messages", columns, "id IN (SELECT id FROM better_there)", "id"))
    these = "message_id IN (SELECT id FROM better_there)"
    connection.execute(_copy("parts", columns, these, "message_id, position"))
    for table in columns:
        if table not in {"messages", "conversations"}:
            connection.execute(f"INSERT OR IGNORE INTO main.{table} SELECT * FROM backup.{table}")  # noqa: S608
    return int(connection.execute("SELECT count(*) FROM better_there").fetchone()[0])


def mend(connection: sqlite3.Connection) -> Mended:
    """Replace every row that others refer to and that is gone, and give each conversation a head that exists."""
    rebuilt = 0
    lost = connection.execute(_EMPTY, [_LOST]).rowcount
    gaps = connection.execute(_GAPS, [_LOST_IN_PART]).rowcount
    connection.execute("CREATE TEMP TABLE placeless (id TEXT PRIMARY KEY)")
    while missing := [row[0] for row in connection.execute(_MISSING)]:
        for message_id in missing:
            if _rebuild(connection, message_id):
                rebuilt += 1
            else:
                lost += 1
    connection.execute(f"INSERT OR IGNORE INTO placeless SELECT id FROM messages WHERE {_FOREIGN_PARENT}")  # noqa: S608
    connection.execute(_ADOPT)
    _rebuild_conversations(connection)
    for table in ("library_uses", "attached"):
        connection.execute(f"DELETE FROM {table} WHERE conversation_id NOT IN (SELECT id FROM conversations)")  # noqa: S608
    connection.execute("DELETE FROM library_uses WHERE library NOT IN (SELECT name FROM libraries)")
    connection.execute(_ONE_DRAFT)
    connection.execute(_HEADS)
    return Mended(rebuilt, lost, gaps)


def forget_conversations(connection: sqlite3.Connection, ids: Collection[str]) -> int:
    """Delete these conversations with all that belongs to them; gives how many were there. Needs foreign_keys = ON."""
    deleted = connection.execute(
        "DELETE FROM conversations WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(ids))]
    )
    forget_deleted(connection.execute)
    return deleted.rowcount


def _rebuild(connection: sqlite3.Connection, message_id: str) -> bool:
    """Make the row of a message anew; False if it is but a trace, because nothing of its text is left."""
    parts = connection.execute("SELECT kind, data FROM parts WHERE message_id = ?", [message_id]).fetchall()
    child = connection.execute(
        "SELECT conversation_id, created_at, role FROM messages WHERE parent_id = ? ORDER BY created_at", [message_id]
    ).fetchone() or (None, None, None)
    place = connection.execute(_PLACE, [message_id]).fetchone() or (None, None, None)
    ended_by = connection.execute(
        "SELECT id, updated_at FROM conversations WHERE head_id = ?", [message_id]
    ).fetchone() or (None, None)
    conversation_id = place[0] or child[0] or ended_by[0] or _shelter(connection)
    created_at = place[2] or child[1] or ended_by[1] or timestamp(now())
    if place[2] is None:
        connection.execute("INSERT OR IGNORE INTO placeless VALUES (?)", [message_id])
    parent = connection.execute("SELECT role FROM messages WHERE id = ?", [place[1]]).fetchone() or (None,)
    role = _role(parts, parent[0], child[2])
    status, failure = (Status.INTERRUPTED, None) if parts else (Status.FAILED, _LOST)
    connection.execute(
        "INSERT INTO messages (id, conversation_id, parent_id, role, created_at, status, failure) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            message_id,
            conversation_id,
            place[1],
            role,
            created_at,
            status if role is Role.ASSISTANT else "complete",
            failure,
        ],
    )
    return bool(parts)


def _role(parts: list[tuple[str, str]], parent: str | None, child: str | None) -> Role:
    """Who said it: an answer shows in what it is made of; else speakers take turns."""
    if any(kind in _ANSWERS or (kind == "text" and '"token_ids":[]' not in data) for kind, data in parts):
        return Role.ASSISTANT
    if parent is not None:
        return Role.USER if parent == Role.ASSISTANT else Role.ASSISTANT
    return Role.ASSISTANT if child == Role.USER else Role.USER


def _shelter(connection: sqlite3.Connection) -> str:
    """A conversation for messages of which nobody knows where they belong."""
    row = connection.execute("SELECT id FROM conversations WHERE title = ?", [_UNTITLED]).fetchone()
    if row:
        return str(row[0])
    conversation_id = new_conversation_id()
    _add_conversation(connection, conversation_id, _UNTITLED, timestamp(now()), timestamp(now()))
    return conversation_id


def _rebuild_conversations(connection: sqlite3.Connection) -> None:
    homeless = connection.execute(
        "SELECT conversation_id, min(created_at), max(created_at) FROM ("
        "SELECT conversation_id, created_at FROM messages UNION ALL SELECT conversation_id, created_at FROM unsent "
        "UNION ALL SELECT conversation_id, saved_at FROM drafts WHERE conversation_id IS NOT NULL) "
        "WHERE conversation_id NOT IN (SELECT id FROM conversations) GROUP BY conversation_id"
    ).fetchall()
    for conversation_id, first, last in homeless:
        said = connection.execute(
            "SELECT data FROM messages JOIN parts ON message_id = id WHERE conversation_id = ? AND kind = 'text' "
            "ORDER BY role DESC, created_at, position LIMIT 1",
            [conversation_id],
        ).fetchone()
        title = title_from(str(json.loads(said[0]).get("text", ""))) if said else ""
        _add_conversation(connection, conversation_id, title or _UNTITLED, first, last)


def _add_conversation(connection: sqlite3.Connection, conversation_id: str, title: str, first: str, last: str) -> None:
    connection.execute(
        "INSERT INTO conversations (id, title, created_at, updated_at, started_on, effort) VALUES (?, ?, ?, ?, ?, ?)",
        [conversation_id, title, first, last, first[:10], Effort.MEDIUM],
    )


def _copy(table: str, columns: dict[str, list[str]], which: str, key: str, better: str = "true") -> str:
    """Insert rows of the backup; those that are there already are changed where the backup's are better."""
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns[table])
    return (
        f"INSERT INTO main.{table} SELECT * FROM backup.{table} WHERE {which} "  # noqa: S608
        f"ON CONFLICT ({key}) DO UPDATE SET {changes} WHERE {better}"
    )


def _ordinary_tables(connection: sqlite3.Connection) -> list[str]:
    """Our three first, then what later versions added. Search indexes are made of these and made anew."""
    rows = connection.execute("SELECT name FROM pragma_table_list WHERE schema = 'backup' AND type = 'table'")
    others = {name for (name,) in rows if not name.startswith(("sqlite_", "_sqlite"))}
    return [*_OWN_TABLES, *sorted(others - set(_OWN_TABLES))]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]

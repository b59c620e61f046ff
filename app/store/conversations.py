"""What can be done with the stored conversations. Every method is one transaction, or a part of together()."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from app.domain.chat import (
    Conversation,
    ConversationId,
    Effort,
    Message,
    MessageId,
    Part,
    Role,
    Status,
    new_conversation_id,
    new_message_id,
)
from app.errors import NotFoundError, StoreError
from app.store.connections import BUSY_SECONDS
from app.store.database import ChatDatabase
from app.store.errors import store_errors
from app.store.listed import ListedConversations
from app.store.parts import part_from_row, part_to_row
from app.store.rows import conversation_from_row, message_from_row, now, storable, timestamp, value_to_json
from app.store.search_index import forget_deleted
from app.store.writers import is_alive, this_process

_SHORTEST_PREFIX = 4

_BRANCH = """
    WITH RECURSIVE branch (id, parent_id, depth) AS (
        SELECT id, parent_id, 0 FROM messages WHERE id = ?
        UNION ALL
        SELECT parent.id, parent.parent_id, depth + 1
        FROM messages AS parent JOIN branch ON parent.id = branch.parent_id
        LIMIT ?
    )
    SELECT messages.* FROM branch JOIN messages USING (id) ORDER BY depth DESC
"""
_ALL = -1
"""No limit, in SQLite's words."""
_PARTS = """
    SELECT message_id, kind, data FROM parts
    WHERE message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id, position
"""
_SAVE_PART = """
    INSERT INTO parts (message_id, position, kind, data) VALUES (?, ?, ?, ?)
    ON CONFLICT (message_id, position) DO UPDATE SET kind = excluded.kind, data = excluded.data
    WHERE kind <> excluded.kind OR data <> excluded.data
"""


class ConversationStore:
    """The conversations and their messages in one open database. Lives on the thread that opened it."""

    def __init__(self, database: ChatDatabase) -> None:
        self._database = database
        self._writer = this_process()
        self._listed = ListedConversations(database)

    @property
    def read_only(self) -> StoreError | None:
        """Why nothing can be changed; None where everything can."""
        return self._database.read_only

    @property
    def checked_now(self) -> bool:
        """Whether all of the file was read and found whole when it was opened, and not some hours before."""
        return self._database.checked_now

    def distrust(self) -> None:
        """Have all of the file read through at the next start, before anything is shown."""
        self._database.checked_at = 0.0

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is stored in this block, by this store or another one on the same database, or nothing of it."""
        with store_errors(), self._database.atomic():
            yield

    @store_errors()
    def create_conversation(
        self, title: str = "", effort: Effort = Effort.MEDIUM, started_on: date | None = None
    ) -> Conversation:
        """Begin a conversation. started_on is the date the model will be told; today's if none is given."""
        created_at = now()
        conversation = Conversation(
            id=new_conversation_id(),
            title=storable(title),
            created_at=created_at,
            updated_at=created_at,
            started_on=started_on or date.today(),
            effort=effort,
        )
        self._database.execute(
            """
            INSERT INTO conversations (id, title, created_at, updated_at, started_on, effort)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                conversation.id,
                conversation.title,
                timestamp(created_at),
                timestamp(created_at),
                conversation.started_on.isoformat(),
                effort.value,
            ],
        )
        return conversation

    @store_errors()
    def conversations(self, trashed: bool = False) -> list[Conversation]:
        """List the conversations (or those in the trash) without their messages, the one used last first."""
        return self._listed.listed(trashed)

    @store_errors()
    def conversation(self, conversation_id: ConversationId, last: int = _ALL) -> Conversation:
        """Load a conversation with the messages of the branch that its head ends, or the last of them, oldest first."""
        rows = self._rows("SELECT * FROM conversations WHERE id = ?", conversation_id)
        if not rows:
            raise _no_conversation(conversation_id)
        messages = self._messages(self._rows(_BRANCH, rows[0]["head_id"], last))
        return conversation_from_row(rows[0], messages)

    @store_errors()
    def before(self, message: Message, count: int) -> list[Message]:
        """Load so many of the messages that led to one, oldest first."""
        return self._messages(self._rows(_BRANCH, message.parent_id, count))

    @store_errors()
    def whole_conversation(self, conversation_id: ConversationId) -> Conversation:
        """Load a conversation with the messages of all its branches, those of one parent oldest first."""
        rows = self._rows("SELECT * FROM conversations WHERE id = ?", conversation_id)
        if not rows:
            raise _no_conversation(conversation_id)
        messages = self._rows(
            "SELECT * FROM messages WHERE conversation_id = ? ORDER BY created_at, rowid", conversation_id
        )
        return conversation_from_row(rows[0], self._messages(messages))

    @store_errors()
    def insert_conversation(self, conversation: Conversation) -> bool:
        """Store a conversation that came from elsewhere, with all its messages (parents first), under their ids.

        Gives False, and changes nothing, where one of the ids is taken.
        """
        with self._database.atomic():
            ids = json.dumps([message.id for message in conversation.messages])
            if self._rows(
                "SELECT id FROM conversations WHERE id = ?"
                " UNION ALL SELECT id FROM messages WHERE id IN (SELECT value FROM json_each(?)) LIMIT 1",
                conversation.id,
                ids,
            ):
                return False
            trashed_at = conversation.trashed_at and timestamp(conversation.trashed_at)
            self._database.execute(
                """
                INSERT INTO conversations
                    (id, title, created_at, updated_at, started_on, effort, head_id, trashed_at, in_sight_from)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    conversation.id,
                    storable(conversation.title),
                    timestamp(conversation.created_at),
                    timestamp(conversation.updated_at),
                    conversation.started_on.isoformat(),
                    conversation.effort.value,
                    conversation.head_id,
                    trashed_at,
                    conversation.in_sight_from,
                ],
            )
            for message in conversation.messages:
                self._insert(message)
        return True

    @store_errors()
    def find(self, prefix: str) -> ConversationId:
        """Find the one conversation whose id begins so, in the trash or not, as a person types it in a terminal."""
        prefix = storable(prefix.strip().lower())
        if len(prefix) < _SHORTEST_PREFIX:
            raise NotFoundError(
                f"“{prefix}” is too short to name a conversation.", f"Give at least {_SHORTEST_PREFIX} characters."
            )
        rows = self._rows("SELECT id FROM conversations WHERE substr(id, 1, ?) = ? LIMIT 2", len(prefix), prefix)
        if not rows:
            raise NotFoundError(f"No conversation begins with “{prefix}”.", "List the conversations to see their ids.")
        if len(rows) > 1:
            raise NotFoundError(f"Several conversations begin with “{prefix}”.", "Give more characters of the id.")
        return ConversationId(rows[0]["id"])

    @store_errors()
    def message(self, message_id: MessageId) -> Message:
        messages = self._messages(self._rows("SELECT * FROM messages WHERE id = ?", message_id))
        if not messages:
            raise _no_message(message_id)
        return messages[0]

    @store_errors()
    def children(self, parent_id: MessageId | None, conversation_id: ConversationId) -> list[Message]:
        """List the messages that follow one (or that begin the conversation), oldest first: each opens a branch."""
        return self._messages(
            self._rows(
                "SELECT * FROM messages WHERE conversation_id = ? AND parent_id IS ? ORDER BY created_at, rowid",
                conversation_id,
                parent_id,
            )
        )

    @store_errors()
    def add_exchange(
        self,
        conversation_id: ConversationId,
        parent_id: MessageId | None,
        parts: Sequence[Part],
        answer_model: str,
        user_id: MessageId | None = None,
    ) -> tuple[Message, Message]:
        """Store what the user says and an empty answer that will grow; the answer becomes the head.

        user_id is the id of the user's message where it has one already.
        """
        user = _new_message(conversation_id, parent_id, Role.USER, parts)
        user = replace(user, id=user_id) if user_id is not None else user
        answer = _new_message(conversation_id, user.id, Role.ASSISTANT, (), status=Status.STREAMING, model=answer_model)
        self._append(user, answer)
        return user, answer

    @store_errors()
    def add_message(
        self,
        conversation_id: ConversationId,
        parent_id: MessageId | None,
        role: Role,
        parts: Sequence[Part] = (),
        *,
        status: Status = Status.COMPLETE,
        model: str = "",
    ) -> Message:
        """Store one message, which becomes the head; an answer given again is a sibling of the one before."""
        message = _new_message(conversation_id, parent_id, role, parts, status=status, model=model)
        self._append(message)
        return message

    @store_errors()
    def save_answer(self, message: Message) -> None:
        """Write how an answer stands: its parts as far as they changed, status, model, statistics and failure."""
        with self._database.atomic():
            updated = self._database.execute(
                "UPDATE messages SET status = ?, model = ?, statistics = ?, failure = ?, writer = ? WHERE id = ?",
                [
                    message.status.value,
                    message.model,
                    value_to_json(message.statistics),
                    value_to_json(message.failure),
                    self._writer_of(message),
                    message.id,
                ],
            )
            if not updated.rowcount:
                raise _no_message(message.id)
            self._save_parts(message)
            self._database.execute(
                "DELETE FROM parts WHERE message_id = ? AND position >= ?", [message.id, len(message.parts)]
            )

    @store_errors()
    def rename(self, conversation_id: ConversationId, title: str) -> None:
        self._change("UPDATE conversations SET title = ? WHERE id = ?", storable(title), conversation_id)

    @store_errors()
    def set_effort(self, conversation_id: ConversationId, effort: Effort) -> None:
        self._change("UPDATE conversations SET effort = ? WHERE id = ?", effort.value, conversation_id)

    @store_errors()
    def set_in_sight_from(self, conversation_id: ConversationId, message_id: MessageId | None) -> None:
        """Show the model the conversation from this message on, or all of it."""
        self._change("UPDATE conversations SET in_sight_from = ? WHERE id = ?", message_id, conversation_id)

    @store_errors()
    def move_to_trash(self, conversation_id: ConversationId) -> None:
        """Take a conversation out of the list; nothing of it is lost."""
        self._change("UPDATE conversations SET trashed_at = ? WHERE id = ?", timestamp(now()), conversation_id)

    @store_errors()
    def restore(self, conversation_id: ConversationId) -> None:
        self._change("UPDATE conversations SET trashed_at = ? WHERE id = ?", None, conversation_id)

    @store_errors()
    def trashed_before(self, moment: datetime) -> list[ConversationId]:
        """List the conversations that were thrown away before a moment."""
        rows = self._rows("SELECT id FROM conversations WHERE trashed_at < ? ORDER BY trashed_at", timestamp(moment))
        return [ConversationId(row["id"]) for row in rows]

    @store_errors()
    def delete_forever(self, *ids: ConversationId) -> None:
        """Delete conversations that are in the trash, all or none, so that their words are no longer in the file.

        What the write-ahead log still holds goes with truncate_log(), once nobody reads.
        """
        named = json.dumps(ids)
        with self._database.atomic():
            rows = self._rows(
                "SELECT id, trashed_at FROM conversations WHERE id IN (SELECT value FROM json_each(?))", named
            )
            if len(rows) < len(set(ids)):
                raise _no_conversation(next(iter(set(ids) - {row["id"] for row in rows})))
            if any(row["trashed_at"] is None for row in rows):
                raise StoreError("Only a conversation in the trash can be deleted.", "Move it to the trash first.")
            self._database.execute("DELETE FROM conversations WHERE id IN (SELECT value FROM json_each(?))", [named])
            forget_deleted(self._database.execute)
        self.truncate_log()

    @store_errors()
    def drop_empty(self, conversation_id: ConversationId) -> None:
        """Delete a conversation that has no messages, which needs no trash. Any other one stays."""
        self._database.execute(
            "DELETE FROM conversations WHERE id = :id AND id NOT IN (SELECT conversation_id FROM messages)",
            {"id": conversation_id},
        )

    @store_errors()
    def truncate_log(self) -> bool:
        """Empty the write-ahead log, in which deleted words still stand. False if somebody is reading; never waits."""
        self._database.execute("PRAGMA busy_timeout = 0")
        try:
            busy = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            self._database.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        return not busy

    @store_errors()
    def recover_interrupted(self) -> int:
        """Mark answers whose writing process is gone as interrupted, and say how many there were.

        Another process may have the same database open, the command line beside the window: what that one writes is
        left alone. In a database that can only be read they stay what they are.
        """
        if self.read_only is not None:
            return 0
        rows = self._rows("SELECT id, writer FROM messages WHERE status = ?", Status.STREAMING.value)
        alive = {writer: is_alive(writer) for writer in {row["writer"] or "" for row in rows}}
        lost = [row for row in rows if not alive[row["writer"] or ""]]
        with self._database.atomic():
            # The writer is compared once more, because the message may have found a new one in the meantime.
            cursors = [
                self._database.execute(
                    "UPDATE messages SET status = ?, writer = NULL WHERE id = ? AND status = ? AND writer IS ?",
                    [Status.INTERRUPTED.value, row["id"], Status.STREAMING.value, row["writer"]],
                )
                for row in lost
            ]
        return sum(cursor.rowcount for cursor in cursors)

    @store_errors()
    def close(self) -> None:
        self._database.close()

    def _append(self, *messages: Message) -> None:
        """Store new messages, each the child of the one before, and move the head of their conversation to the last."""
        last = messages[-1]
        with self._database.atomic():
            moved = self._database.execute(
                "UPDATE conversations SET head_id = ?, updated_at = ? WHERE id = ?",
                [last.id, timestamp(last.created_at), last.conversation_id],
            )
            if not moved.rowcount:
                raise _no_conversation(last.conversation_id)
            for message in messages:
                self._insert(message)

    def _insert(self, message: Message) -> None:
        self._database.execute(
            """
            INSERT INTO messages
                (id, conversation_id, parent_id, role, created_at, status, model, statistics, failure, writer)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                message.id,
                message.conversation_id,
                message.parent_id,
                message.role.value,
                timestamp(message.created_at),
                message.status.value,
                storable(message.model),
                value_to_json(message.statistics),
                value_to_json(message.failure),
                self._writer_of(message),
            ],
        )
        self._save_parts(message)

    def _save_parts(self, message: Message) -> None:
        for position, part in enumerate(message.parts):
            self._database.execute(_SAVE_PART, [message.id, position, *part_to_row(part)])

    def _writer_of(self, message: Message) -> str | None:
        return self._writer if message.status is Status.STREAMING else None

    def _change(self, statement: str, value: str | None, conversation_id: ConversationId) -> None:
        if not self._database.execute(statement, [value, conversation_id]).rowcount:
            raise _no_conversation(conversation_id)

    def _messages(self, rows: Iterable[dict[str, Any]]) -> list[Message]:
        """Make messages of their rows, with the parts of all of them fetched at once."""
        rows = list(rows)
        parts: dict[str, list[Part]] = defaultdict(list)
        for row in self._rows(_PARTS, json.dumps([row["id"] for row in rows])):
            part = part_from_row(row["kind"], row["data"])
            if part is not None:
                parts[row["message_id"]].append(part)
        return [message_from_row(row, parts[row["id"]]) for row in rows]

    def _rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        columns, rows = self._database.rows(sql, parameters)
        return [dict(zip(columns, row, strict=True)) for row in rows]


def _new_message(
    conversation_id: ConversationId,
    parent_id: MessageId | None,
    role: Role,
    parts: Sequence[Part],
    *,
    status: Status = Status.COMPLETE,
    model: str = "",
) -> Message:
    return Message(
        id=new_message_id(),
        conversation_id=conversation_id,
        parent_id=parent_id,
        role=role,
        parts=tuple(parts),
        created_at=now(),
        status=status,
        model=model,
    )


def _no_conversation(conversation_id: ConversationId) -> NotFoundError:
    return NotFoundError("This conversation no longer exists.", details=conversation_id)


def _no_message(message_id: MessageId) -> NotFoundError:
    return NotFoundError("This message no longer exists.", details=message_id)

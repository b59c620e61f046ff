"""The list of conversations. It is asked for after every change: of thousands, only those that changed are read."""

from __future__ import annotations

import json
from bisect import insort

from app.domain.chat import Conversation
from app.store.connections import pragma
from app.store.database import ChatDatabase
from app.store.rows import CONVERSATION, conversation_of

_WATCH = """
    CREATE TEMP TRIGGER conversations_{event} AFTER {event} ON main.conversations
    BEGIN SELECT note_change({row}.id); END
"""
_SOME = "WHERE id IN (SELECT value FROM json_each(?))"


class ListedConversations:
    """Keeps what was read; one for a database. Triggers tell of what this connection changes. That others changed
    something is seen in SQLite's data_version, and all is read again.
    """

    def __init__(self, database: ChatDatabase) -> None:
        self._database = database
        self._listed: list[Conversation] = []
        self._changed: set[str] = set()
        self._watching = False
        self._commits = 0

    def listed(self, trashed: bool) -> list[Conversation]:
        """The conversations, or those in the trash, the one used last first; who has not changed is the same object."""
        if self._database.conn.in_transaction:
            # What is read now may yet be undone.
            return _part(self._read(), trashed)
        self._watch()
        # Before the conversations are read: what is written meanwhile counts as written later.
        commits = int(pragma(self._database.conn, "data_version"))
        if commits != self._commits:
            self._read_all()
            self._commits = commits
        elif self._changed:
            self._read_changed()
        return _part(self._listed, trashed)

    def _watch(self) -> None:
        """Have every change by this connection noted, whoever makes it. One that is undone is noted in vain."""
        if self._watching:
            return
        self._database.conn.create_function("note_change", 1, self._changed.add)
        for event, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")):
            self._database.execute(_WATCH.format(event=event, row=row))
        self._watching = True

    def _read_all(self) -> None:
        before = {each.id: each for each in self._listed}
        found = self._read()
        self._listed = [before[each.id] if before.get(each.id) == each else each for each in found]
        self._changed.clear()

    def _read_changed(self) -> None:
        fresh = self._read(_SOME, json.dumps(sorted(self._changed)))
        self._listed = [each for each in self._listed if each.id not in self._changed]
        for each in fresh:
            insort(self._listed, each, key=_place)
        self._changed.clear()

    def _read(self, condition: str = "", *parameters: str) -> list[Conversation]:
        """Read conversations in the order of the list."""
        there = {column.name for column in self._database["conversations"].columns}
        columns = ", ".join(column if column in there else f"NULL AS {column}" for column in CONVERSATION)
        sql = f"SELECT {columns} FROM conversations {condition} ORDER BY updated_at DESC, id"  # noqa: S608  # all of it is ours
        return [conversation_of(*row) for row in self._database.rows(sql, parameters)[1]]


def _part(conversations: list[Conversation], trashed: bool) -> list[Conversation]:
    return [each for each in conversations if (each.trashed_at is not None) is trashed]


def _place(conversation: Conversation) -> tuple[float, str]:
    return -conversation.updated_at.timestamp(), conversation.id

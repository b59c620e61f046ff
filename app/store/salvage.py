"""Take out of a broken database whatever can still be read, row by row, into a new one.

Every page is looked at, whether or not a way leads to it: rows are known by their shape. What a page's directory no
longer shows is searched for byte by byte. Where the page of a message's row is gone, the indexes still say which
conversation and which message before it it belongs to; app.store.mending puts such messages together again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.chat import Role
from app.store.files import log_of
from app.store.log import read_log
from app.store.pages import (
    INDEX_INTERIOR,
    INDEX_LEAF,
    TABLE_LEAF,
    Pages,
    Record,
    Value,
    cell_offsets,
    index_record,
    kind_of,
    table_record,
)
from app.store.parts import is_json, legible_part
from app.store.sqlite import Database

Progress = Callable[[float], None]

_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ROLES = frozenset(role.value for role in Role)
_WORD = re.compile(r"[a-z_]{1,40}")
# A record begins with the length of its header and the type of its first value, an id of 32 (or, with dashes, 36)
# characters; see section 2.1 of the format.
_RECORD_HEADER = re.compile(rb"(?=[\x04-\x40][\x4d\x55])")
_LONGEST_PREFIX = 12
_PAGES_A_REPORT = 256

_KEYS = {
    "conversations": "id",
    "messages": "id",
    "parts": "message_id, position",
    "unsent": "id",
    "libraries": "name",
    "library_uses": "conversation_id",
    "attached": "conversation_id, sha256",
    "drafts": "conversation_id",
}

SKELETONS = """
CREATE TEMP TABLE suspects (message_id TEXT PRIMARY KEY);
CREATE TEMP TABLE memberships (message_id TEXT PRIMARY KEY, conversation_id TEXT, row INTEGER);
CREATE TEMP TABLE places (
    conversation_id TEXT, row INTEGER, parent_id TEXT, created_at TEXT, UNIQUE (conversation_id, row)
);
"""
"""Messages whose text is damaged, and what the indexes say of any: its conversation, and its place there."""


@dataclass(slots=True)
class Found:
    """What came back: numbers of rows and of pages. cut are parts of messages whose end is missing."""

    rows: dict[str, set[object]] = field(default_factory=lambda: {table: set() for table in _KEYS})
    cut: int = 0
    pages: int = 0
    damaged_pages: int = 0

    def count(self, table: str) -> int:
        return len(self.rows[table])


def salvage(broken: Path, target: Database, progress: Progress = lambda _fraction: None) -> Found:
    """Copy every legible row of a broken database into target, an empty one of today's schema, without checking
    references. The broken file is only read. Raises OSError where that fails, sqlite3.Error for trouble with target.
    """
    _create_skeletons(target)
    log = read_log(log_of(broken))
    writer = _Writer(target)
    found = writer.found
    # The page size of a log of ours is that of the file; a broken log knows none.
    page_size = log.page_size if log and log.whole else None
    with Pages(broken, log.pages if log else {}, page_size) as pages:
        found.pages = pages.count
        unread: list[int] = []
        for number in range(1, pages.count + 1):
            if number % _PAGES_A_REPORT == 0:
                progress(number / pages.count)
            page = pages.page(number)
            kind = kind_of(page, number)
            if kind is None:
                unread.append(number)
            else:
                found.damaged_pages += not writer.take_page(pages, page, number, kind)
        # Overflow pages have no type of their own; what no chain leads to was a b-tree page, or is free.
        for number in unread:
            page = pages.page(number)
            if number not in pages.followed and any(page):
                found.damaged_pages += 1
                writer.take_rows(_search(pages, page))
        for page in log.smashed if log else ():
            found.damaged_pages += 1
            writer.take_rows(_search(pages, page))
    return found


class _Writer:
    """Sorts rows into the tables they have the shape of; of two versions of a row the better one stays."""

    def __init__(self, target: Database) -> None:
        self.found = Found()
        self._connection = target.conn
        self._columns = {name: [column.name for column in target.table(name).columns] for name in self.found.rows}
        self._defaults = {name: _fillers(target, name) for name in self.found.rows}

    def take_page(self, pages: Pages, page: bytes, number: int, kind: int) -> bool:
        """Take what is on a sound page; False if some of it could not be read as it should be."""
        if kind in (INDEX_LEAF, INDEX_INTERIOR):
            interior = kind == INDEX_INTERIOR
            entries = [index_record(pages, page, offset, interior) for offset in cell_offsets(page, number)]
            for entry in entries:
                self._take_entry(entry)
            return None not in entries
        if kind != TABLE_LEAF:
            return True
        rows = [table_record(pages, page, offset) for offset in cell_offsets(page, number)]
        self.take_rows(rows)
        if None in rows:
            self.take_rows(_search(pages, page))
        return None not in rows

    def take_rows(self, rows: Iterable[Record | None]) -> None:
        for row in rows:
            if row is None:
                continue
            table = _table_of(row.values)
            if table == "parts":
                self._take_part(row)
            elif table is not None and row.whole:
                self._insert(table, row.values)

    def _take_part(self, row: Record) -> None:
        message_id, position, kind, data = row.values[:4]
        if not row.whole or not is_json(str(data)):
            kind, data = legible_part(str(kind), str(data))
            self.found.cut += 1
            self._suspect(message_id)
        elif "\ufffd" in str(data):
            self._suspect(message_id)
        self._insert("parts", (message_id, position, kind, data))

    def _suspect(self, message_id: Value) -> None:
        self._connection.execute("INSERT OR IGNORE INTO suspects VALUES (?)", (message_id,))

    def _insert(self, table: str, values: tuple[Value, ...]) -> None:
        columns = self._columns[table]
        defaults = self._defaults[table]
        complete = [*values[: len(columns)], *defaults[len(values) :]]
        self._connection.execute(_upsert(table, columns), complete)
        self.found.rows[table].add(values[:2] if "," in _KEYS[table] else values[0])

    def _take_entry(self, entry: Record | None) -> None:
        match entry.values if entry and entry.whole else ():
            case (str(conversation_id), str(message_id), int(row)) if _is_id(conversation_id) and _is_id(message_id):
                self._connection.execute(
                    "INSERT OR REPLACE INTO memberships VALUES (?, ?, ?)", (message_id, conversation_id, row)
                )
            case (str(conversation_id), (str() | None) as parent_id, str(moment), int(row)) if _is_moment(moment):
                self._connection.execute(
                    "INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?)", (conversation_id, row, parent_id, moment)
                )


def _create_skeletons(target: Database) -> None:
    for statement in SKELETONS.split(";"):
        target.conn.execute(statement)


def _search(pages: Pages, page: bytes) -> Iterator[Record]:
    """Rows anywhere on a page whose directory can't be trusted. Only what has the shape of a row of ours counts."""
    for found in _RECORD_HEADER.finditer(page):
        # The lengths of the record and of its number come before it, and say how far before.
        for offset in range(max(found.start() - _LONGEST_PREFIX, 0), found.start() - 1):
            row = table_record(pages, page, offset)
            if row is not None and _table_of(row.values) is not None:
                yield row


def _table_of(values: tuple[Value, ...]) -> str | None:
    """The table whose rows look like this. Later columns, which migrations add at the end, don't matter."""
    match values:
        case (str(id_), int(), str(kind), str(data)) if _is_id(id_) and _is_word(kind) and data[:1] == "{":
            return "parts"
        case (str(id_), str(), str(created), str(updated), str(day), str(), *_) if (
            _is_id(id_) and _is_moment(created) and _is_moment(updated) and _DAY.fullmatch(day)
        ):
            return "conversations"
        case (str(id_), str(talk), (str() | None), str(role), str(created), str(status), *_) if (
            _is_id(id_) and _is_id(talk) and role in _ROLES and _is_moment(created) and _is_word(status)
        ):
            return "messages"
        case (str(id_), str(talk), str(created), (str() | None), str()) if (
            _is_id(id_) and _is_id(talk) and _is_moment(created)
        ):
            return "unsent"
        case (str(id_), str(digest), str(), str(), int()) if _is_id(id_) and _DIGEST.fullmatch(digest):
            return "attached"
        case ((str() | None) as id_, str(saved), str(), *_) if (id_ is None or _is_id(id_)) and _is_moment(saved):
            return "drafts"
        case (str(id_), str()) if _is_id(id_):
            return "library_uses"
        case (str(), str(folders), 0 | 1) if folders[:2] == '["' and is_json(folders):
            return "libraries"
    return None


def _upsert(table: str, columns: list[str]) -> str:
    """Of two versions of a row take the later conversation, the finished message, the longer part."""
    better = {
        "conversations": "excluded.updated_at > updated_at",
        "messages": "status = 'streaming' AND excluded.status <> 'streaming'",
        "parts": "length(excluded.data) > length(data)",
        "unsent": "length(excluded.text) > length(text)",
        "drafts": "excluded.saved_at > saved_at",
    }.get(table, "false")
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "  # noqa: S608
        f"ON CONFLICT ({_KEYS[table]}) DO UPDATE SET {changes} WHERE {better}"
    )


def _fillers(target: Database, table: str) -> list[Value]:
    """What stands in the columns of a row that is older than they are."""
    rows = target.conn.execute(f"SELECT dflt_value FROM pragma_table_info('{table}')").fetchall()  # noqa: S608
    return [None if text is None else target.conn.execute(f"SELECT {text}").fetchone()[0] for (text,) in rows]


def _is_id(value: Value) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _is_word(value: Value) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_moment(value: Value) -> bool:
    return isinstance(value, str) and _MOMENT.fullmatch(value) is not None

"""The file index.db: what is in it, and how it is opened. It can be made anew from the documents at any time.

A row of vectors holds those of consecutive passages of a document, beginning with the passage that the key names: of
each its signs as bits, and its numbers as signed bytes (see vectors.py). vector_model says which model they are of.

Passages and pieces of text have keys of 64 bits: the document's id in the upper part, their number in it in the lower
20 bits. So a search knows the document of each row without a look at any other table.

Both full-text tables are contentless (https://sqlite.org/fts5.html#contentless_tables): the text is stored once, in
compressed pieces. To delete a row they must be given the same words again, which is why the rules that make words of a
text (index_text) are part of the version.
"""

from __future__ import annotations

import os
import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path

_APPLICATION_ID = int.from_bytes(b"IngX", "big")
_SCHEMA = 3
"""To be raised with every change of the schema, of index_text, of the passages or of what is read of a file."""
VERSION = _SCHEMA << 16 | int(unicodedata.unidata_version.split(".")[0])
_BUSY_SECONDS = 10.0
_CHECKED_BYTES = 64 << 20
"""Up to this size the whole file is checked when it is opened; the check of a large one would take seconds."""
_DAMAGE_MARK = ".damaged"
FORGET_MARK = ".forget"

PLACE_BITS = 20

_STATEMENTS = """\
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    note TEXT NOT NULL,
    characters INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    pages INTEGER,
    embedded INTEGER NOT NULL DEFAULT 0,
    wanted INTEGER NOT NULL DEFAULT 0,
    unit_kind TEXT,
    units BLOB NOT NULL,
    marks BLOB NOT NULL
) STRICT;

CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    first_line INTEGER NOT NULL,
    last_line INTEGER NOT NULL,
    unit INTEGER,
    unit_name TEXT NOT NULL,
    headings TEXT NOT NULL
) STRICT;

CREATE INDEX documents_by_wait ON documents (id) WHERE embedded < passages;

CREATE TABLE vectors (
    id INTEGER PRIMARY KEY,
    bits BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE vector_model (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    changes INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE VIRTUAL TABLE words USING fts5 (
    title, headings, body, content = '',
    tokenize = "porter unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
);

CREATE VIRTUAL TABLE pieces USING fts5 (body, content = '', detail = none, tokenize = 'trigram');

CREATE TABLE files (
    library TEXT NOT NULL,
    path BLOB NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    sha256 TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (library, path)
) STRICT, WITHOUT ROWID;

CREATE INDEX files_by_content ON files (sha256);
CREATE INDEX files_by_status ON files (library, status)
"""


def prepare_index(path: Path) -> None:
    """Make sure that there is an index of this version at path; one that is not is thrown away.

    Raises OSError and sqlite3.Error where the folder does not allow it.
    """
    if path.exists() and not _is_usable(path):
        _throw_away(path)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        # The write lock first: of two processes that begin together one makes the tables.
        connection.execute("BEGIN IMMEDIATE")
        if _pragma(connection, "user_version") != VERSION:
            for statement in _STATEMENTS.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread. Transactions are begun and ended by name.

    What a power cut may take of the index is read again, so the disk is waited for at checkpoints only.
    """
    # Each thread uses its own, but all are closed together in the end.
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -32000")
    connection.execute("PRAGMA temp_store = MEMORY")
    # What is deleted is overwritten with zeros. Indexing takes 4 % longer for it.
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def mark_damaged(path: Path) -> None:
    """Have the index thrown away at the next start: it may be in use by several threads now."""
    path.with_name(path.name + _DAMAGE_MARK).touch()


def _is_usable(path: Path) -> bool:
    if path.with_name(path.name + _DAMAGE_MARK).exists():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
            if path.stat().st_size == 0:
                return True
            if _pragma(connection, "application_id") != _APPLICATION_ID:
                # A process that was killed before its first transaction leaves an empty database without our mark.
                return int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]) == 0
            whole = path.stat().st_size > _CHECKED_BYTES or _pragma(connection, "quick_check(1)") == "ok"
            return whole and int(_pragma(connection, "user_version")) == VERSION
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise
        return False
    except sqlite3.DatabaseError:
        return False


def _throw_away(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal", _DAMAGE_MARK, FORGET_MARK):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _pragma(connection: sqlite3.Connection, name: str) -> int | str:
    value: int | str = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value

"""The border to SQLite: what its errors mean to a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from app.errors import StoreError


class _Words(NamedTuple):
    title: str
    remedy: str


DAMAGED = _Words(
    "The file with your conversations is damaged.",
    "It was left as it is. Put a backup in its place; or move it to another folder, and Inglenook starts with an "
    "empty history.",
)
_FULL = _Words(
    "The disk is full, so the last change could not be saved.",
    "Free some space; nothing that was saved before is lost.",
)
_READ_ONLY = _Words(
    "The folder with your conversations can't be written to.",
    "Allow your user to write to it, or choose another folder with --data-dir.",
)
_LOCKED = _Words(
    "Another program is using the file with your conversations.",
    "Close it and try again; a backup or synchronisation program may need a moment to finish.",
)
_UNREADABLE = _Words(
    "The disk reported an error while your conversations were read or written.",
    "Check that the disk is connected and sound, then try again.",
)
_UNEXPECTED = _Words(
    "Your conversations could not be read or written.",
    "Try again; if it happens once more, restart Inglenook.",
)

_WORDS = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_IOERR: _UNREADABLE,
}


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn SQLite's errors and the file system's into a StoreError with a sentence and a remedy.

    A ProgrammingError (a closed database, another thread) is a mistake of ours and stays what it is.
    """
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        # The low byte is the primary code; the rest only says in which way it happened.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        words = _WORDS.get(code, _UNEXPECTED)
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        raise StoreError(words.title, words.remedy, f"{name}: {error}") from error
    except OSError as error:
        raise StoreError(_READ_ONLY.title, _READ_ONLY.remedy, str(error)) from error


_INDEX_DAMAGED = _Words(
    "The index of your documents is damaged.",
    "Restart Inglenook: it is made anew from your files, which are untouched.",
)
_INDEX = {
    sqlite3.SQLITE_FULL: _Words(
        "The disk is full, so documents can’t be added to the index.", "Free some space, then rescan the library."
    ),
    sqlite3.SQLITE_BUSY: _Words(
        "Another program is using the index of your documents.", "Wait until it is done, then try again."
    ),
    sqlite3.SQLITE_CORRUPT: _INDEX_DAMAGED,
    sqlite3.SQLITE_NOTADB: _INDEX_DAMAGED,
}
_INDEX_UNUSABLE = _Words(
    "The index of your documents can’t be read or written.",
    "Check that the disk is sound and that you may write to the data folder.",
)


@contextmanager
def index_errors(on_damage: Callable[[], None]) -> Iterator[None]:
    """The same for index.db, which holds nothing that is not in the files. on_damage is called where it is damaged."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        words = _INDEX.get(code, _INDEX_UNUSABLE)
        if words is _INDEX_DAMAGED:
            on_damage()
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        raise StoreError(words.title, words.remedy, f"{name}: {error}") from error
    except OSError as error:
        raise StoreError(_INDEX_UNUSABLE.title, _INDEX_UNUSABLE.remedy, str(error)) from error

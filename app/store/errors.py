"""The border to SQLite: what its errors mean to a person."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from app.errors import StoreError


class DamagedDatabaseError(StoreError):
    """The file is no longer whole. It can be set aside and rescued, see app.services.rescue."""


class LostDatabaseError(DamagedDatabaseError):
    """There are backups, but the file that they are of is missing or empty."""


class Words(NamedTuple):
    title: str
    remedy: str


DAMAGED = Words(
    "The file with your conversations is damaged.",
    "It was left as it is. Open Inglenook to rescue what it holds, or type “inglenook backups rescue”.",
)
LOST = Words(
    "The file with your conversations is gone.",
    "There are backups of it. Open Inglenook to go back to one, or type “inglenook backups rescue”.",
)
FULL = Words(
    "The disk is full, so the last change could not be saved.",
    "Free some space; nothing that was saved before is lost.",
)
_READ_ONLY = Words(
    "The folder with your conversations can't be written to.",
    "Allow your user to write to it, or choose another folder with --data-dir.",
)
GONE = Words(
    "The folder with your conversations is no longer there.",
    "If it is on a disk that was unplugged, connect it again. Copy what is on screen before you close Inglenook.",
)
_MISSING = Words(
    "The folder with your conversations can't be found.",
    "If it is on a disk that was unplugged, connect it again; or choose another folder with --data-dir.",
)
_LOCKED = Words(
    "Another program is using the file with your conversations.",
    "Close it and try again; a backup or synchronisation program may need a moment to finish.",
)
_UNREADABLE = Words(
    "The disk reported an error while your conversations were read or written.",
    "Check that the disk is connected and sound, then try again.",
)
_UNWRITTEN = Words(
    "The last change could not be written to the disk.",
    "Check that it is connected and that there is space left, or quota; nothing that was saved before is lost.",
)
_UNEXPECTED = Words(
    "Your conversations could not be read or written.",
    "Try again; if it happens once more, restart Inglenook.",
)

_WORDS = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_IOERR: _UNREADABLE,
}
# A quota that is used up is no full disk to SQLite.
_EXTENDED_WORDS = {
    sqlite3.SQLITE_IOERR_WRITE: _UNWRITTEN,
    sqlite3.SQLITE_IOERR_FSYNC: _UNWRITTEN,
    sqlite3.SQLITE_IOERR_SHMSIZE: FULL,
    sqlite3.SQLITE_IOERR_SHMOPEN: _READ_ONLY,
}
_WORDS_OF_THE_SYSTEM = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.ENOENT: _MISSING,
    errno.ENOTDIR: _MISSING,
    errno.ENODEV: _MISSING,
    errno.EIO: _UNREADABLE,
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
        words = _EXTENDED_WORDS.get(result_code(error)) or _WORDS.get(primary_code(error), _UNEXPECTED)
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        kind = DamagedDatabaseError if words is DAMAGED else StoreError
        raise kind(words.title, words.remedy, f"{name}: {error}") from error
    except OSError as error:
        words = _WORDS_OF_THE_SYSTEM.get(error.errno or 0, _READ_ONLY)
        raise StoreError(words.title, words.remedy, str(error)) from error


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without the way in which it happened: that is all but the low byte."""
    return result_code(error) & 0xFF


def result_code(error: sqlite3.Error) -> int:
    """SQLite’s extended result code; SQLITE_ERROR for errors of the module itself (a closed database)."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR))


_INDEX_DAMAGED = Words(
    "The index of your documents is damaged.",
    "Restart Inglenook: it is made anew from your files, which are untouched.",
)
_INDEX = {
    sqlite3.SQLITE_FULL: Words(
        "The disk is full, so documents can’t be added to the index.", "Free some space, then rescan the library."
    ),
    sqlite3.SQLITE_BUSY: Words(
        "Another program is using the index of your documents.", "Wait until it is done, then try again."
    ),
    sqlite3.SQLITE_CORRUPT: _INDEX_DAMAGED,
    sqlite3.SQLITE_NOTADB: _INDEX_DAMAGED,
}
_INDEX_UNUSABLE = Words(
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
        words = _INDEX.get(primary_code(error), _INDEX_UNUSABLE)
        if words is _INDEX_DAMAGED:
            on_damage()
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        raise StoreError(words.title, words.remedy, f"{name}: {error}") from error
    except OSError as error:
        raise StoreError(_INDEX_UNUSABLE.title, _INDEX_UNUSABLE.remedy, str(error)) from error

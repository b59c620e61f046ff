"""Open a database file safely: look first, change it only when it is ours, sound and not newer than we are."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from app import APP_NAME
from app.errors import StoreError
from app.store import marks
from app.store.backups import BackupFolder, Kind
from app.store.connections import BUSY_SECONDS, connect_read_only, connect_unchanging, pragma, read_smashed_text
from app.store.errors import (
    DAMAGED,
    GONE,
    LOST,
    DamagedDatabaseError,
    LostDatabaseError,
    primary_code,
    result_code,
    store_errors,
)
from app.store.files import (
    create_private,
    finish_replacement,
    has_unfinished_changes,
    is_rescued,
    log_of,
    rescue_stray_log,
    size_of,
)
from app.store.log import has_lost_commits
from app.store.migrations import CHAT, Schema
from app.store.search_index import DamagedIndexError, remake
from app.store.sqlite import Database

_log = logging.getLogger(__name__)
_JUST_NOW_SECONDS = 60.0
_INDEX_REMADE = DamagedIndexError("The search index was damaged and has been made anew.", "Nothing is lost. Try again.")
_CHANGES = ("INSERT", "UPDATE", "DELETE")


class ChatDatabase(Database):
    """The open database. read_only says why nothing can be changed in it; None where everything can.

    unchanging tells that no other process can write to it either: it lies where not even a log can be made.
    checked_at is when all of it was last read and found whole, in seconds since 1970.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        checked_at: float,
        read_only: StoreError | None = None,
        unchanging: bool = False,
    ) -> None:
        # Plugins of sqlite-utils are code that happens to be installed on the machine; none of it belongs in here.
        super().__init__(connection, execute_plugins=False)
        self.path = path
        self.checked_at = checked_at
        self.checked_now = time.time() - checked_at < _JUST_NOW_SECONDS
        self.read_only = read_only
        self.unchanging = unchanging
        self._file = _identity(path)
        read_smashed_text(connection)

    def execute(self, sql: str, parameters: Iterable[Any] | dict[str, Any] | None = None) -> sqlite3.Cursor:
        """Run a statement. Raises StoreError where a change would reach nobody, else what SQLite raises."""
        if sql.lstrip()[:6].upper() in _CHANGES:
            self._check_place()
        try:
            return super().execute(sql, parameters)  # type: ignore[arg-type]  # any iterable will do
        except sqlite3.DatabaseError as error:
            if result_code(error) == sqlite3.SQLITE_CORRUPT_VTAB and self.read_only is None:
                self.remake_indexes()
                raise _INDEX_REMADE from error
            code = primary_code(error)
            if self.read_only is not None and code == sqlite3.SQLITE_READONLY:
                raise self.read_only from error
            if code == sqlite3.SQLITE_CORRUPT:
                self.checked_at = 0.0
            raise

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> tuple[list[str], list[tuple[Any, ...]]]:
        """What a query gives, and the names of its columns; much faster than row by row where there are many."""
        self.conn.text_factory = str
        try:
            return self._fetched(sql, parameters)
        except sqlite3.OperationalError as error:
            # All but one that comes of text which is no UTF-8 are SQLite's, and have a code.
            if hasattr(error, "sqlite_errorcode"):
                raise
        finally:
            read_smashed_text(self.conn)
        return self._fetched(sql, parameters)

    def _fetched(self, sql: str, parameters: Iterable[Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
        cursor = self.execute(sql, parameters)
        return [column[0] for column in cursor.description], cursor.fetchall()

    def close(self) -> None:
        """Close; what was read and found whole need not be read again at the next start, unless something happens."""
        super().close()
        if self.read_only is None and not log_of(self.path).exists():
            marks.leave(self.path, self.checked_at)

    @store_errors()
    def remake_indexes(self) -> None:
        """Make the search indexes anew from what is here."""
        _log.warning("The search index is damaged and is made anew")
        execute = super().execute
        # What was under way can't go on; SQLite has mostly undone it already.
        if self.conn.in_transaction:
            execute("ROLLBACK")
        execute("BEGIN IMMEDIATE")
        remake(execute)
        execute("COMMIT")

    def _check_place(self) -> None:
        # A file that was deleted or whose disk went can still be written to, and all of it is lost at the end.
        if self.read_only is None and _identity(self.path) != self._file:
            raise StoreError(GONE.title, GONE.remedy, str(self.path))


def open_database(
    path: Path, schema: Schema = CHAT, *, keep_old: bool = True, begin_anew: bool = False
) -> ChatDatabase:
    """Open or create the database at path and bring it to the newest schema. The folder must exist.

    A damaged file raises DamagedDatabaseError, one of another application StoreError; neither is changed. One that is
    missing where there are backups of it raises LostDatabaseError, unless a new one is wanted: begin_anew. What a newer
    version wrote, or what lies where nothing can be written, is opened for reading only. An older one is backed up
    before it is migrated, if keep_old. Use the result on this thread only. Open a file once in a process: what looks at
    it first takes the locks from a connection that is already there (sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        if not begin_anew:
            _miss(path)
        return _open(path, schema, keep_old)
    except DamagedDatabaseError:
        raise
    except StoreError as error:
        unwritable = isinstance(error.__cause__, OSError | sqlite3.OperationalError) and not _is_locked(error.__cause__)
        if not unwritable or not size_of(path) or has_unfinished_changes(path):
            raise
        return _open_unchanging(path, schema, error)


@store_errors()
def _miss(path: Path) -> None:
    """Raise LostDatabaseError where an empty list of conversations would pass over it that there were some."""
    if not size_of(path) and not is_rescued(path) and BackupFolder.beside(path).backups():
        raise LostDatabaseError(LOST.title, LOST.remedy, f"{path} is {'empty' if path.exists() else 'missing'}")


@store_errors()
def _open(path: Path, schema: Schema, keep_old: bool) -> ChatDatabase:
    # In this order: a new database must not find the log of the one before it.
    rescue_stray_log(path)
    finish_replacement(path)
    version, checked_at = 0, time.time()
    if size_of(path):
        version, checked_at = _inspect(path, schema, connect_read_only)
    if version > schema.version:
        return ChatDatabase(connect_read_only(path), path, checked_at, _written_by_newer(version, schema))
    create_private(path)
    database = _connect(path, checked_at)
    try:
        if version < schema.version:
            _migrate(database, path, schema, keep_old)
        # Only now: a migration may have to rebuild a table that others refer to.
        database.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        Database.close(database)
        raise
    return database


@store_errors()
def _open_unchanging(path: Path, schema: Schema, why: StoreError) -> ChatDatabase:
    """Open a file where not even a log can be made: a folder that is read-only, a disk that is full."""
    version, checked_at = _inspect(path, schema, connect_unchanging)
    if version < schema.version:
        raise why
    reason = StoreError(
        why.title, f"You can read and export your conversations. {why.remedy} Then start {APP_NAME} again.", why.details
    )
    return ChatDatabase(connect_unchanging(path), path, checked_at, reason, unchanging=True)


def _is_locked(error: BaseException) -> bool:
    codes = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return isinstance(error, sqlite3.Error) and primary_code(error) in codes


@store_errors()
def check_database(path: Path) -> None:
    """Read all of a database and raise DamagedDatabaseError if it isn't whole. For any thread."""
    with closing(connect_read_only(path)) as connection:
        _check(connection)


def _inspect(path: Path, schema: Schema, connect: Callable[[Path], sqlite3.Connection]) -> tuple[int, float]:
    """Say which version a file has and when all of it was last checked. Raises StoreError for what is not for us."""
    if has_lost_commits(path):
        raise DamagedDatabaseError(DAMAGED.title, DAMAGED.remedy, "the write-ahead log is broken in the middle")
    with closing(connect(path)) as connection:
        try:
            application_id = pragma(connection, "application_id")
            version = int(pragma(connection, "user_version"))
            tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        except sqlite3.DatabaseError as error:
            if result_code(error) != sqlite3.SQLITE_NOTADB:
                raise
            raise DamagedDatabaseError(f"{path.name} is not a database.", DAMAGED.remedy, str(error)) from error
        _check_owner(path, schema, int(application_id), tables)
        if version > schema.version and not _has_unknown_steps(connection, schema, tables):
            raise DamagedDatabaseError(DAMAGED.title, DAMAGED.remedy, f"user_version {version} is made up")
        checked_at = marks.checked_recently(path)
        if checked_at is None:
            _check(connection)
            checked_at = time.time()
    return version, checked_at


def _check_owner(path: Path, schema: Schema, application_id: int, tables: set[str]) -> None:
    # A process that was killed before its first transaction leaves an empty database without our mark.
    if application_id == schema.application_id or (application_id == 0 and not tables):
        return
    if {"conversations", "messages", "parts"} <= tables:
        raise DamagedDatabaseError(DAMAGED.title, DAMAGED.remedy, f"application_id {application_id}")
    raise StoreError(
        f"{path.name} belongs to another application.",
        f"It was left as it is. Move it away from {path.parent}, or choose another folder with --data-dir.",
        f"application_id {application_id}",
    )


def _has_unknown_steps(connection: sqlite3.Connection, schema: Schema, tables: set[str]) -> bool:
    """Tell whether a file that claims to be newer really went through steps that this version doesn't know."""
    if "_sqlite_migrations" not in tables:
        return True
    done = {name for (name,) in connection.execute("SELECT name FROM _sqlite_migrations")}
    return not done <= {step.name for step in schema.migrations.pending(Database(memory=True))}


def _check(connection: sqlite3.Connection) -> None:
    verdict = str(pragma(connection, "quick_check(1)"))
    if verdict != "ok":
        raise DamagedDatabaseError(DAMAGED.title, DAMAGED.remedy, verdict)


def _written_by_newer(version: int, schema: Schema) -> StoreError:
    return StoreError(
        f"Your conversations were saved by a newer version of {APP_NAME}.",
        f"You can read and export them, but nothing is changed. Install the newest version of {APP_NAME} to go on.",
        f"user_version {version}, known up to {schema.version}",
    )


def _connect(path: Path, checked_at: float) -> ChatDatabase:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        database = ChatDatabase(connection, path, checked_at)
        _use_write_ahead_log(database)
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA secure_delete = ON")
        # Else a big sort leaves pieces of conversations in the system's folder for temporary files.
        database.execute("PRAGMA temp_store = MEMORY")
        database.execute("PRAGMA foreign_keys = OFF")
    except BaseException:
        connection.close()
        raise
    return database


def _use_write_ahead_log(database: Database) -> None:
    """Turn the log on. Here SQLite doesn't wait for another process that creates the same file, so this does."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if result_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _migrate(database: Database, path: Path, schema: Schema, keep_old: bool) -> None:
    """Apply what is missing, all of it or nothing."""
    with database.atomic():
        # This write takes the lock. A second process waits here, and then finds nothing left to do.
        database.execute(f"PRAGMA application_id = {schema.application_id}")
        version = int(pragma(database.conn, "user_version"))
        if keep_old and 0 < version < schema.version:
            BackupFolder.beside(path).make(path, Kind.MIGRATION)
        schema.migrations.apply(database)
        database.execute(f"PRAGMA user_version = {schema.version}")
        if broken := database.execute("PRAGMA foreign_key_check").fetchone():
            raise DamagedDatabaseError(DAMAGED.title, DAMAGED.remedy, f"foreign key {broken}")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

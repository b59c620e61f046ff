"""Open a database file safely: look first, change it only when it is ours, sound and not newer than we are."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from app import APP_NAME
from app.errors import StoreError
from app.store.errors import DAMAGED, store_errors
from app.store.migrations import CHAT, Schema

_BUSY_SECONDS = 5.0


@store_errors()
def open_database(path: Path, schema: Schema = CHAT) -> Database:
    """Open or create the database at path and bring it to the newest schema. The folder must exist.

    A file that is damaged, that another application owns or that a newer version wrote is refused with a StoreError and
    not changed. An older one is copied before it is migrated (``chat.db.v1``). Use the result on this thread only.
    """
    version = _inspect(path, schema) if _has_content(path) else 0
    _make_private(path)
    database = _connect(path)
    try:
        if version < schema.version:
            _migrate(database, path, schema)
        # Only now: a migration may have to rebuild a table that others refer to.
        database.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        database.close()
        raise
    return database


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _inspect(path: Path, schema: Schema) -> int:
    """Say which version a file has. Raises StoreError if it should not be opened; reads only."""
    with closing(_connect_read_only(path)) as connection:
        try:
            application_id = _pragma(connection, "application_id")
            version = int(_pragma(connection, "user_version"))
            empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            raise StoreError(
                f"{path.name} is not a database.", f"It was left as it is. Move it away from {path.parent}.", str(error)
            ) from error
        # A process that was killed before its first transaction leaves an empty database without our mark.
        if application_id != schema.application_id and not (empty and application_id == 0):
            raise StoreError(
                f"{path.name} belongs to another application.",
                f"It was left as it is. Move it away from {path.parent}, or choose another folder with --data-dir.",
                f"application_id {application_id}",
            )
        if version > schema.version:
            raise StoreError(
                f"Your conversations were saved by a newer version of {APP_NAME}.",
                f"They were left as they are. Install the newest version of {APP_NAME} to open them.",
                f"user_version {version}, known up to {schema.version}",
            )
        verdict = str(_pragma(connection, "quick_check(1)"))
    if verdict != "ok":
        raise StoreError(DAMAGED.title, DAMAGED.remedy, verdict)
    return version


def _make_private(path: Path) -> None:
    """Create the file if it is missing, for its owner alone. SQLite gives -wal and -shm the same permissions."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _connect(path: Path) -> Database:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
    try:
        # Plugins of sqlite-utils are code that happens to be installed on the machine; none of it belongs in here.
        database = Database(connection, execute_plugins=False)
        _use_write_ahead_log(database)
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA secure_delete = ON")
        database.execute("PRAGMA foreign_keys = OFF")
    except BaseException:
        connection.close()
        raise
    return database


def _use_write_ahead_log(database: Database) -> None:
    """Turn the log on. Here SQLite doesn't wait for another process that creates the same file, so this does."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _connect_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)


def _pragma(connection: sqlite3.Connection, name: str) -> int | str:
    value: int | str = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _migrate(database: Database, path: Path, schema: Schema) -> None:
    """Apply what is missing, all of it or nothing."""
    with database.atomic():
        # This write takes the lock. A second process waits here, and then finds nothing left to do.
        database.execute(f"PRAGMA application_id = {schema.application_id}")
        version = int(_pragma(database.conn, "user_version"))
        if 0 < version < schema.version:
            _copy_aside(path, path.with_name(f"{path.name}.v{version}"))
        schema.migrations.apply(database)
        database.execute(f"PRAGMA user_version = {schema.version}")
        if broken := database.execute("PRAGMA foreign_key_check").fetchone():
            raise StoreError(DAMAGED.title, DAMAGED.remedy, f"foreign key {broken}")


def _copy_aside(source: Path, target: Path) -> None:
    """Copy a database that may be in use. The copy appears under its name only once it is whole."""
    unfinished = target.with_name(f"{target.name}.part")
    unfinished.unlink(missing_ok=True)
    try:
        _make_private(unfinished)
        with closing(_connect_read_only(source)) as original, closing(sqlite3.connect(unfinished)) as copy:
            original.backup(copy)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)

"""Put a backup in the place of the present conversations, which are backed up first."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from app.errors import StoreError
from app.store.backups import Backup, BackupFolder, Kind, is_sound
from app.store.connections import BUSY_SECONDS, connect_read_only
from app.store.database import check_database
from app.store.errors import DamagedDatabaseError, store_errors
from app.store.files import remove_database, replace_database
from app.store.rescue import copy_at_present_schema


@store_errors()
def restore(path: Path, backup: Backup, deleted: Collection[str] = ()) -> Backup | Path | None:
    """Make the database at path what it was at the time of a backup. Raises StoreError, and changes nothing then.

    The database may be open: it is written in one transaction, and who has it open reads the new content next. One that
    is damaged or missing is replaced, and nobody may have it open. deleted are conversations that stay deleted. Gives
    what is left of the present state: a backup of it, or where the damaged file was set aside.
    """
    if not is_sound(backup.path):
        raise StoreError(f"The backup {backup.name} is damaged.", "Choose another one; it was left as it is.")
    copy = path.with_name(f"{path.name}.older")
    try:
        copy_at_present_schema(backup.path, copy, deleted)
        if not _is_sound(path):
            return replace_database(path, copy)
        before = BackupFolder.beside(path).make(path, Kind.RESTORE)
        with closing(connect_read_only(copy)) as old, closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as present:
            present.execute("PRAGMA synchronous = FULL")
            old.backup(present)
    finally:
        remove_database(copy)
    return before


def _is_sound(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        check_database(path)
    except DamagedDatabaseError:
        return False
    return True

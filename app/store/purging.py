"""What was deleted for good leaves the backups too; what could not be reached is named.

Which conversations these are is kept in a file until it is done, so that a kill in the middle costs nothing. The blocks
of the disk on which a file once stood are the file system's affair: no program can promise them empty.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path

from app.store.backups import Backup, BackupFolder, Cancelled, is_sound
from app.store.connections import BUSY_SECONDS, connect_read_only
from app.store.errors import DAMAGED, DamagedDatabaseError, store_errors
from app.store.files import BROKEN, create_private, remove_database, sync_file, sync_folder
from app.store.mending import forget_conversations
from app.store.search_index import refill


class Purge:
    """The conversations that are still to be deleted from the backups of one database."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._backups = BackupFolder.beside(database)
        self._writing = threading.Lock()
        self._list = self._backups.folder / "deleted.json"

    @store_errors()
    def pending(self) -> set[str]:
        """Conversations that backups may still hold."""
        try:
            return set(map(str, json.loads(self._list.read_text())))
        except (FileNotFoundError, ValueError, TypeError):
            return set()

    @store_errors()
    def add(self, ids: Collection[str]) -> None:
        """Remember to delete these; to be called before they go from the database."""
        if self._backups.backups():
            with self._writing:
                self._write(self.pending() | set(ids))

    @store_errors()
    def run(self, go_on: Callable[[], bool] = lambda: True) -> list[Path]:
        """Delete what is pending from the log and from every backup.

        Gives the files that may still hold it: damaged ones can't be changed. Raises StoreError, Cancelled.
        """
        empty_log(self._database)
        ids = self.pending()
        remaining = []
        for backup in self._backups.backups() if ids else []:
            if not go_on():
                raise Cancelled
            try:
                _purge(backup, ids)
            except DamagedDatabaseError:
                remaining.append(backup.path)
        with self._writing:
            self._write(self.pending() - ids)
        broken = self._database.parent.glob(f"{self._database.name}{BROKEN}*")
        return remaining + sorted(path for path in broken if not path.name.endswith(("-wal", "-shm", "-journal")))

    def _write(self, ids: set[str]) -> None:
        if not ids:
            self._list.unlink(missing_ok=True)
            return
        part = self._list.with_suffix(".part")
        create_private(part)
        part.write_text(json.dumps(sorted(ids)))
        sync_file(part)
        part.replace(self._list)
        sync_folder(self._list.parent)


def empty_log(database: Path) -> None:
    """Take deleted words out of the write-ahead log, waiting a little for who reads. It goes at the end in any case."""
    with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


@store_errors()
def _purge(backup: Backup, ids: Collection[str]) -> None:
    """Make the backup anew without these. Whatever happens, the old one or the new one is there, whole."""
    with closing(connect_read_only(backup.path)) as connection:
        known = connection.execute(
            "SELECT count(*) FROM conversations WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(ids))]
        ).fetchone()[0]
    if not known:
        return
    copy, part = (backup.path.with_name(f"{backup.path.name}.{name}") for name in ("old.part", "part"))
    try:
        create_private(copy)
        create_private(part)
        shutil.copyfile(backup.path, copy)
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            forget_conversations(connection, ids)
            connection.commit()
            # Pages that are written anew hold nothing of what was deleted; nor is a temporary file elsewhere needed.
            connection.execute("VACUUM INTO ?", [str(part)])
        with closing(sqlite3.connect(part)) as connection:
            refill(connection.execute)
            connection.commit()
        if not is_sound(part):
            raise DamagedDatabaseError(DAMAGED.title, DAMAGED.remedy, backup.name)
        sync_file(part)
        part.replace(backup.path)
    finally:
        remove_database(copy)
        remove_database(part)

"""Whether a database has changed since its last backup, asked often and answered at almost no cost."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.store.backups import BackupFolder
from app.store.connections import connect_read_only, pragma
from app.store.errors import store_errors
from app.store.files import log_of


class ChangeWatch:
    """Watches one database through a connection that only reads. For one thread; it connects when first asked.

    Within a run SQLite's data_version tells of every commit of another connection. From one run to the next the times
    of the files have to do: at worst there is one backup too many.
    """

    def __init__(self, path: Path, backups: BackupFolder) -> None:
        self._path = path
        self._backups = backups
        self._connection: sqlite3.Connection | None = None
        self._backed_up: int | None = None

    @store_errors()
    def backup_due(self, moment: datetime, interval: timedelta) -> bool:
        """Tell whether something changed since the newest backup and that one is old enough."""
        newest = next(iter(self._backups.backups()), None)
        # A backup from the future was made before the clock was put right.
        if newest is not None and timedelta() <= moment - newest.made_at < interval:
            return False
        version = self.version()
        if self._backed_up is None:
            return self._holds_something() and (newest is None or self._written_since(newest.made_at, moment))
        return version != self._backed_up

    @store_errors()
    def version(self) -> int:
        """A number that changes with every commit."""
        return int(pragma(self._connected(), "data_version"))

    def backed_up(self, version: int) -> None:
        """Remember that there is a backup of this version, or of a later one."""
        self._backed_up = version

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect_read_only(self._path)
        return self._connection

    def _holds_something(self) -> bool:
        return bool(self._connected().execute("SELECT EXISTS (SELECT 1 FROM conversations)").fetchone()[0])

    def _written_since(self, made_at: datetime, moment: datetime) -> bool:
        times = [path.stat().st_mtime for path in (self._path, log_of(self._path)) if path.exists()]
        return made_at > moment or datetime.fromtimestamp(max(times), UTC) > made_at

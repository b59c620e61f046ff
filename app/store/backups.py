"""Backups of the database: made while it is in use, read through before they count, thinned as they age."""

from __future__ import annotations

import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from app.domain.sizes import file_size
from app.errors import NotFoundError, StoreError
from app.store.connections import connect_read_only, pragma
from app.store.errors import DAMAGED, FULL, DamagedDatabaseError, store_errors
from app.store.files import STAMP, create_private, keep_private, remove_database, size_of, sync_file, sync_folder

INTERVAL = timedelta(minutes=30)
_PAGES_A_STEP = 512
_PAGES_A_SYNC = 4 * _PAGES_A_STEP
_PAUSE_SECONDS = 0.005
_SPARE_BYTES = 32 << 20
_RECENT, _DAYS, _WEEKS, _MONTHS = 3, 7, 4, 6
_NAME = re.compile(r"chat-(\d{8}T\d{6}Z)-([a-z]+)\.db")


class Kind(StrEnum):
    """What a backup was made for. Automatic ones are thinned, the last few of the others that we make are kept."""

    AUTOMATIC = "auto"
    MANUAL = "manual"
    MIGRATION = "migration"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup: a whole database of its own."""

    path: Path
    made_at: datetime
    kind: Kind
    size: int

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass(frozen=True, slots=True)
class Contents:
    """How much is in a backup, the trash included."""

    conversations: int
    messages: int


class Cancelled(Exception):  # noqa: N818  # no error: somebody asked for it
    """The application ends before the backup did."""


class BackupFolder:
    """The folder of one database's backups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def beside(cls, database: Path) -> BackupFolder:
        return cls(database.with_name("backups"))

    @store_errors()
    def backups(self) -> list[Backup]:
        """What there is, the newest first."""
        if not self.folder.is_dir():
            return []
        found = [_backup_at(path) for path in self.folder.iterdir()]
        return sorted((backup for backup in found if backup), key=lambda backup: backup.path.name, reverse=True)

    def named(self, name: str) -> Backup:
        """The backup of this name, with or without its ending. Raises NotFoundError."""
        for backup in self.backups():
            if name in (backup.name, backup.path.name):
                return backup
        raise NotFoundError(f"There is no backup “{name}”.", "List the backups to see their names.")

    def newest_sound(self) -> Backup | None:
        """The newest backup that is whole from end to end."""
        return next((backup for backup in self.backups() if is_sound(backup.path)), None)

    @store_errors()
    def make(self, source: Path, kind: Kind, go_on: Callable[[], bool] = lambda: True) -> Backup:
        """Back up a database, which may be in use, and check the copy. Raises StoreError, or Cancelled.

        The copy shows one moment, however long it takes; it has its name only once it is whole. go_on is asked at every
        step of 2 MiB.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._check_room(source)
        backup = self._next(kind)
        part = backup.with_name(f"{backup.name}.part")
        try:
            remove_database(part)
            create_private(part)
            _copy(source, part, go_on)
            sync_file(part)
            part.replace(backup)
            sync_folder(self.folder)
        finally:
            remove_database(part)
        keep_private(source.parent)
        made = _backup_at(backup)
        assert made is not None
        return made

    @store_errors()
    def thin(self) -> list[Backup]:
        """Delete the automatic backups that have aged out and all but the last few of each other kind of ours."""
        backups = self.backups()
        automatic = {backup.made_at: backup for backup in backups if backup.kind is Kind.AUTOMATIC}
        kept = kept_moments(automatic)
        superfluous = [backup for moment, backup in automatic.items() if moment not in kept]
        for kind in (Kind.MIGRATION, Kind.RESTORE):
            superfluous += [backup for backup in backups if backup.kind is kind][_RECENT:]
        for backup in superfluous:
            backup.path.unlink(missing_ok=True)
        return superfluous

    def remove_unfinished(self) -> None:
        """Delete what a process that was killed left half. No other process may be making a backup."""
        for path in self.folder.glob("*.part*"):
            path.unlink(missing_ok=True)

    def _check_room(self, source: Path) -> None:
        needed = size_of(source) + size_of(source.with_name(f"{source.name}-wal")) + _SPARE_BYTES
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise StoreError(
                "The disk is too full for a backup of your conversations.",
                f"Free some space: {file_size(needed)} are needed, {file_size(free)} are free.",
                FULL.title,
            )

    def _next(self, kind: Kind) -> Path:
        """A name that is not taken: moments in names are whole seconds."""
        taken = {backup.made_at for backup in self.backups()}
        moment = datetime.now(UTC).replace(microsecond=0)
        while moment in taken:
            moment += timedelta(seconds=1)
        return self.folder / f"chat-{moment.strftime(STAMP)}-{kind}.db"


def is_sound(path: Path) -> bool:
    """Tell whether a database can be read from end to end."""
    try:
        with closing(connect_read_only(path)) as connection:
            return str(pragma(connection, "quick_check(1)")) == "ok"
    except sqlite3.Error:
        return False


@store_errors()
def contents(backup: Backup) -> Contents:
    """Count what is in a backup. Raises StoreError; DamagedDatabaseError where it can't be read."""
    with closing(connect_read_only(backup.path)) as connection:
        found = counts(connection)
    return Contents(found.get("conversations", 0), found.get("messages", 0))


def kept_moments(moments: Iterable[datetime]) -> set[datetime]:
    """Which backups stay: the last few, and the last one of each of the last 7 days, 4 weeks and 6 months that had one.

    Counted are days, weeks and months with backups, so that a long holiday costs none of them.
    """
    newest_first = sorted(moments, reverse=True)
    kept = set(newest_first[:_RECENT])
    periods: list[tuple[int, Callable[[datetime], object]]] = [
        (_DAYS, lambda moment: moment.date()),
        (_WEEKS, lambda moment: moment.isocalendar()[:2]),
        (_MONTHS, lambda moment: (moment.year, moment.month)),
    ]
    for count, period_of in periods:
        seen: set[object] = set()
        for moment in newest_first:
            period = period_of(moment.astimezone())
            if period not in seen and len(seen) < count:
                seen.add(period)
                kept.add(moment)
    return kept


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows each ordinary table has."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND sql LIKE 'CREATE TABLE%'"
    ).fetchall()
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in tables}  # noqa: S608


def _copy(source: Path, target: Path, go_on: Callable[[], bool]) -> None:
    """Copy through SQLite's backup API, and compare."""

    def step(_status: int, remaining: int, total: int) -> None:
        if not go_on():
            raise Cancelled
        # Hundreds of megabytes that go to the disk at once would keep an answer that is saved meanwhile waiting.
        if (total - remaining) % _PAGES_A_SYNC == 0:
            sync_file(target)
            time.sleep(_PAUSE_SECONDS)

    with closing(connect_read_only(source)) as original, closing(sqlite3.connect(target)) as copy:
        # Within a transaction of the reader, writers don't make the backup begin again, as they otherwise would.
        original.execute("BEGIN")
        expected = counts(original)
        original.backup(copy, pages=_PAGES_A_STEP, progress=step)
        # Without a log of its own the copy is one file, which can be read where nothing can be written.
        copy.execute("PRAGMA journal_mode = DELETE")
        verdict = str(pragma(copy, "quick_check(1)"))
        if verdict != "ok" or counts(copy) != expected:
            raise DamagedDatabaseError(DAMAGED.title, DAMAGED.remedy, f"the copy for the backup: {verdict}")


def _backup_at(path: Path) -> Backup | None:
    matched = _NAME.fullmatch(path.name)
    if matched is None or matched[2] not in list(Kind):
        return None
    made_at = datetime.strptime(matched[1], STAMP).replace(tzinfo=UTC)
    return Backup(path, made_at, Kind(matched[2]), size_of(path))

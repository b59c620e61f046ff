"""From a broken database to a sound one: what is legible in it and what the newest good backup holds, merged."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.domain.sizes import file_size
from app.errors import StoreError
from app.store.backups import Backup, BackupFolder, counts
from app.store.connections import connect_read_only, pragma
from app.store.database import open_database
from app.store.errors import DAMAGED, FULL, DamagedDatabaseError, store_errors
from app.store.files import create_private, log_of, remove_database, replace_database, size_of
from app.store.mending import forget_conversations, mend, merge_backup
from app.store.salvage import Progress, salvage

_SPARE_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Rescue:
    """What came back. conversations and messages are those of the new database; lost messages are marked in it.

    salvaged_* were read from the broken file, from_backup are messages that are there, or longer, thanks to the backup,
    rebuilt ones were put together from indexes and parts, cut is the number of texts that are not whole.
    """

    conversations: int
    messages: int
    salvaged_conversations: int
    salvaged_messages: int
    from_backup: int
    rebuilt: int
    lost: int
    cut: int
    pages: int
    damaged_pages: int
    set_aside: Path | None
    backup: Backup | None


@store_errors()
def rescue(
    path: Path, deleted: Collection[str] = (), use_backup: bool = True, progress: Progress = lambda _fraction: None
) -> Rescue:
    """Put a sound database in the place of a broken one, which is set aside and kept. Raises StoreError.

    deleted are conversations that a backup may still hold although they were deleted for good. progress hears fractions
    of the reading. Whatever fails, the broken file stays where it was until the new one is complete.
    """
    backup = BackupFolder.beside(path).newest_sound() if use_backup else None
    needed = size_of(path) + size_of(log_of(path)) + (2 * backup.size if backup else 0) + _SPARE_BYTES
    if shutil.disk_usage(path.parent).free < needed:
        raise StoreError(
            "The disk is too full to rescue your conversations.",
            f"Free some space, {file_size(needed)} are needed. The damaged file was left as it is.",
            FULL.title,
        )
    unfinished, older = path.with_name(f"{path.name}.unfinished"), path.with_name(f"{path.name}.older")
    try:
        remove_database(unfinished)
        if backup is not None:
            copy_at_present_schema(backup.path, older, deleted)
        done = _build(path, unfinished, older if backup else None, progress)
        aside = replace_database(path, unfinished)
    finally:
        remove_database(unfinished)
        remove_database(older)
    return done(aside, backup)


def copy_at_present_schema(source: Path, target: Path, deleted: Collection[str]) -> None:
    """Copy a whole database into a new file and bring that to today's schema, without the conversations in deleted."""
    remove_database(target)
    create_private(target)
    with closing(connect_read_only(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
    with closing(open_database(target, keep_old=False, begin_anew=True)) as database:
        forget_conversations(database.conn, deleted)
        database.conn.commit()


def _build(
    broken: Path, target: Path, older: Path | None, progress: Progress
) -> Callable[[Path | None, Backup | None], Rescue]:
    """Make the new database; what is still to be known of the result comes when it is in its place."""
    with closing(open_database(target, begin_anew=True)) as database:
        connection = database.conn
        # A file that is thrown away if this fails needs no log; it is synced before it gets its name.
        for setting in ("journal_mode = DELETE", "synchronous = OFF", "foreign_keys = OFF"):
            connection.execute(f"PRAGMA {setting}")
        if older is not None:
            connection.execute("ATTACH ? AS backup", [str(older)])
        connection.execute("BEGIN")
        found = salvage(broken, database, progress)
        from_backup = merge_backup(connection) if older else 0
        mended = mend(connection)
        connection.commit()
        violation = connection.execute("PRAGMA foreign_key_check").fetchone()
        verdict = str(pragma(connection, "quick_check(1)"))
        if violation or verdict != "ok":
            raise DamagedDatabaseError(DAMAGED.title, DAMAGED.remedy, f"the rescued file: {violation}, {verdict}")
        total = counts(connection)

    def done(aside: Path | None, backup: Backup | None) -> Rescue:
        return Rescue(
            conversations=total["conversations"],
            messages=total["messages"],
            salvaged_conversations=found.count("conversations"),
            salvaged_messages=found.count("messages"),
            from_backup=from_backup,
            rebuilt=mended.rebuilt,
            lost=mended.lost,
            cut=found.cut + mended.gaps,
            pages=found.pages,
            damaged_pages=found.damaged_pages,
            set_aside=aside,
            backup=backup,
        )

    return done

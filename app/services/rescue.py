"""What can be done where the conversations can't be opened because their file is damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.paths import Paths
from app.store.backups import Backup, BackupFolder, Contents, contents
from app.store.database import open_database
from app.store.errors import store_errors
from app.store.files import set_aside
from app.store.purging import Purge
from app.store.rescue import Rescue, rescue
from app.store.restoring import restore


class Rescuer:
    """The ways out of a DamagedDatabaseError, for any thread. Each keeps the damaged file, under another name.

    Nobody may have the database open; the window makes sure by its InstanceLock.
    """

    def __init__(self, paths: Paths) -> None:
        self._path = paths.database
        self._backups = BackupFolder.beside(paths.database)
        self._purge = Purge(paths.database)

    def newest_backup(self) -> Backup | None:
        """The newest backup that is whole; all newer ones are read through to find it."""
        return self._backups.newest_sound()

    def contents(self, backup: Backup) -> Contents:
        """How much is in it. Raises StoreError."""
        return contents(backup)

    def rescue(self, progress: Callable[[float], None] = lambda _fraction: None) -> Rescue:
        """Take out what is legible, and merge the newest good backup into it. Raises StoreError."""
        return rescue(self._path, self._purge.pending(), progress=progress)

    def go_back_to(self, backup: Backup) -> None:
        """Take a backup as it is, without what was said since. Raises StoreError."""
        restore(self._path, backup, self._purge.pending())

    @store_errors()
    def begin_anew(self) -> Path | None:
        """Begin with no conversations. Gives where the damaged file went, if there was one. Raises StoreError."""
        aside = set_aside(self._path) if self._path.exists() else None
        open_database(self._path, begin_anew=True).close()
        return aside


def in_words(result: Rescue) -> list[str]:
    """Sentences for a person: what came back, what did not, and where the damaged file is."""
    readable = result.messages - result.lost
    sentences = [f"Rescued: {_number(readable, 'message')} in {_number(result.conversations, 'conversation')}."]
    if result.backup is not None and result.from_backup:
        sentences.append(f"{_number(result.from_backup, 'message')} came from the backup {result.backup.name}.")
    if result.rebuilt:
        sentences.append(f"{_number(result.rebuilt, 'message')} had to be put together again from pieces.")
    if result.cut:
        sentences.append(f"{_number(result.cut, 'text')} could not be read whole.")
    if result.lost:
        sentences.append(f"{_number(result.lost, 'message')} could not be read at all; the places are marked.")
    if result.set_aside is not None:
        sentences.append(f"The damaged file is kept as {result.set_aside.name}.")
    return sentences


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

"""The files that make up a database, and what happens to them from outside SQLite: kept private, set aside, replaced.

A set-aside file keeps SQLite's names (X, X-wal, X-shm), so that its log still belongs to it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

STAMP = "%Y%m%dT%H%M%SZ"
BROKEN = ".broken-"
RESCUED = ".rescued"
MARK = ".checked"
_SUFFIXES = ("-wal", "-shm", "-journal")


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def index_of_log(path: Path) -> Path:
    return path.with_name(f"{path.name}-shm")


def size_of(path: Path) -> int:
    """Bytes in a file, 0 for one that is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def create_private(path: Path) -> None:
    """Create the file if it is missing, for its owner alone. SQLite gives -wal and -shm the same permissions."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def keep_private(folder: Path) -> None:
    """Take from others what somebody gave them: the folder becomes 0700, and what holds conversations in it 0600.

    A folder that evidently serves more than us (a home, a shared or mounted one) is left as it is; its files aren't.
    """
    if folder != Path.home() and not folder.is_mount() and not folder.stat().st_mode & stat.S_ISVTX:
        _restrict([folder], 0o700)
    inner = [folder / name for name in ("backups", "states", "logs")]
    _restrict((path for path in inner if path.is_dir()), 0o700)
    _restrict((path for parent in (folder, *inner) if parent.is_dir() for path in parent.iterdir()), 0o600)


def _restrict(paths: Iterable[Path], mode: int) -> None:
    for path in paths:
        # What belongs to somebody else, or went in the meantime, can't be changed.
        with suppress(OSError):
            found = path.lstat().st_mode
            right_kind = stat.S_ISDIR(found) if mode == 0o700 else stat.S_ISREG(found)
            if right_kind and stat.S_IMODE(found) & 0o077:
                path.chmod(mode)


def set_aside(path: Path) -> Path:
    """Rename a broken database, with its log; nothing is deleted. Gives the new path. Raises OSError.

    The log goes last: one that a kill leaves without its database is set aside at the next start, where a database that
    was left without its log would have lost something.
    """
    stem = f"{path.name}{BROKEN}{datetime.now(UTC).strftime(STAMP)}"
    names = (stem if number == 0 else f"{stem}.{number}" for number in range(1000))
    target = next(path.with_name(name) for name in names if not list(path.parent.glob(f"{name}*")))
    for suffix in ("", *_SUFFIXES):
        source = path.with_name(f"{path.name}{suffix}")
        if source.exists():
            source.rename(target.with_name(f"{target.name}{suffix}"))
    sync_folder(path.parent)
    return target


def has_unfinished_changes(path: Path) -> bool:
    """Tell whether there is more to a database than its main file."""
    return any(size_of(path.with_name(f"{path.name}{suffix}")) for suffix in ("-wal", "-journal"))


def rescue_stray_log(path: Path) -> None:
    """Set aside a log whose database was taken away; SQLite would drop it, and with it the last words."""
    # In this order: a log gets content only after the database did, which matters where another process makes both.
    if size_of(log_of(path)) and not size_of(path):
        set_aside(path)


def finish_replacement(path: Path) -> None:
    """Put a rescued database in its place, if the process that made it was killed just before it could."""
    if is_rescued(path):
        path.with_name(f"{path.name}{RESCUED}").replace(path)
        sync_folder(path.parent)


def is_rescued(path: Path) -> bool:
    """Whether finish_replacement() has something to do."""
    return path.with_name(f"{path.name}{RESCUED}").exists() and not path.exists()


def replace_database(path: Path, replacement: Path) -> Path | None:
    """Put a finished database in the place of another, which is set aside; gives where. Raises OSError.

    Killed at any point, this leaves the old one, or what finish_replacement() makes the new one.
    """
    rescued = path.with_name(f"{path.name}{RESCUED}")
    sync_file(replacement)
    replacement.replace(rescued)
    sync_folder(path.parent)
    aside = set_aside(path) if path.exists() or log_of(path).exists() else None
    finish_replacement(path)
    return aside


def remove_database(path: Path) -> None:
    """Delete an unfinished database of ours."""
    for suffix in (*_SUFFIXES, MARK, ""):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Have the disk hold what was written."""
    # Opened for writing, because Windows syncs no other files.
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Have the disk hold the names too, where the system can (Windows opens no folders)."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""``inglenook backups``: list, make and restore backups, and rescue a damaged history."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from app import APP_NAME
from app.domain.sizes import file_size
from app.errors import StoreError
from app.paths import Paths
from app.services.rescue import Rescuer, in_words
from app.store.backups import Backup, BackupFolder, Kind
from app.store.database import open_database
from app.store.errors import DamagedDatabaseError
from app.store.folder import prepare
from app.store.lock import InstanceLock
from app.store.purging import Purge
from app.store.restoring import restore


def add_backups_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``backups`` to the commands of the command line. common holds what all commands take."""
    backups = commands.add_parser("backups", help="list, make and restore backups of the conversations")
    actions = backups.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, words in (
        ("list", "list the backups, the newest first"),
        ("make", "make one now; it stays until you delete it"),
        ("restore", "go back to a backup; the present state is backed up first"),
        ("rescue", "take out of a damaged history what can be read, merged with the newest good backup"),
    ):
        action = actions.add_parser(name, parents=[common], help=words)
        action.add_argument("--json", action="store_true")
        if name == "restore":
            action.add_argument("name", metavar="NAME", help="as “backups list” shows it")


def backups(paths: Paths, options: argparse.Namespace) -> int:
    """Run one of the actions. Raises AppError."""
    prepare(paths)
    match options.action:
        case "list":
            _list(paths, options.json)
        case "make":
            _make(paths, options.json)
        case "restore":
            _restore(paths, options.name, options.json)
        case _:
            _rescue(paths, options.json)
    return 0


def _list(paths: Paths, as_json: bool) -> None:
    found = BackupFolder.beside(paths.database).backups()
    if as_json:
        print(json.dumps([_fields(backup) for backup in found], indent=1))
        return
    for backup in found:
        when = backup.made_at.astimezone().strftime("%Y-%m-%d %H:%M")
        print(f"{backup.name:36}  {when}  {file_size(backup.size):>9}")
    if not found:
        print("There are no backups yet.")


def _make(paths: Paths, as_json: bool) -> None:
    if not paths.database.exists():
        raise StoreError("There are no conversations to back up yet.", f"They will be in {paths.database}.")
    backup = BackupFolder.beside(paths.database).make(paths.database, Kind.MANUAL)
    print(json.dumps(_fields(backup)) if as_json else f"Made {backup.path}.")


def _restore(paths: Paths, name: str, as_json: bool) -> None:
    backup = BackupFolder.beside(paths.database).named(name)
    with _no_window(paths):
        before = restore(paths.database, backup, Purge(paths.database).pending())
    kept = before.name if before is not None else None
    if as_json:
        print(json.dumps({"restored": backup.name, "kept": kept}))
        return
    print(f"The conversations are those of {backup.name}." + (f" What was there is kept as {kept}." if kept else ""))


def _rescue(paths: Paths, as_json: bool) -> None:
    watched = sys.stderr.isatty()

    def show(fraction: float) -> None:
        if watched:
            print(
                f"\rReading: {fraction:4.0%}\033[K", end="" if fraction < 1 else "\r\033[K", file=sys.stderr, flush=True
            )

    with _no_window(paths):
        if _is_whole(paths):
            raise StoreError("Your conversations are whole.", "There is nothing to rescue.")
        result = Rescuer(paths).rescue(show)
        show(1)
    if as_json:
        print(json.dumps(asdict(result), default=str, indent=1))
        return
    print("\n".join(in_words(result)))


def _is_whole(paths: Paths) -> bool:
    """Whether the history can be opened. Raises StoreError where it can't for another reason than damage."""
    try:
        open_database(paths.database).close()
    except DamagedDatabaseError:
        return False
    return True


@contextmanager
def _no_window(paths: Paths) -> Iterator[None]:
    """Keep the window away from a file that is replaced."""
    lock = InstanceLock(paths.data)
    if not lock.acquire():
        raise StoreError(f"{APP_NAME} has these conversations open.", "Close its window, then try again.")
    try:
        yield
    finally:
        lock.release()


def _fields(backup: Backup) -> dict[str, Any]:
    return {
        "name": backup.name,
        "made_at": backup.made_at.isoformat(),
        "kind": backup.kind.value,
        "bytes": backup.size,
        "path": str(backup.path),
    }

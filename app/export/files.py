"""Files that appear whole or not at all, and never in the place of another unasked."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from app.errors import TransferError


def write_file(path: Path, pieces: Iterable[bytes], overwrite: bool = False) -> None:
    """Write a file beside its place, flush it to the disk and move it there. Raises TransferError.

    What pieces raises passes through; nothing is left behind then.
    """
    unfinished = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        if not overwrite and os.path.lexists(path):
            raise already_there(path)
        try:
            _write(unfinished, pieces)
            _move(unfinished, path, overwrite)
            _flush_folder(path.parent)
        finally:
            unfinished.unlink(missing_ok=True)
    except FileExistsError:
        raise already_there(path) from None
    except OSError as error:
        raise TransferError(
            f"{path} can't be written ({error.strerror or error}).",
            "Choose another place, or see that there is room and that your user may write there.",
        ) from error


def already_there(path: Path) -> TransferError:
    """Say that a file is not overwritten."""
    return TransferError(f"{path} is there already.", "Choose another name, or ask for it to be replaced.")


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _move(source: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        if target.is_file():
            shutil.copymode(target, source)
        source.replace(target)
        return
    try:
        # Unlike a rename, a link never takes the place of a file that appeared in the meantime.
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links.
        if os.path.lexists(target):
            raise FileExistsError from None
        source.rename(target)


def _flush_folder(folder: Path) -> None:
    """Make the new name last through a power failure, where a folder can be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

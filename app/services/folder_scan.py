"""Looks through folders: which files are there, and what changed since the last look."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.store.index_files import FileFacts

_IGNORED_FOLDERS = frozenset(
    {
        "node_modules",
        "bower_components",
        "__pycache__",
        "site-packages",
        "venv",
        "__MACOSX",
        "Cache",
        "Caches",
        "cache",
        "caches",
    }
)
_IGNORED_NAMES = ("~$", "Thumbs.db", "desktop.ini")
_BINARY = frozenset(
    {
        ".iso",
        ".img",
        ".dmg",
        ".vmdk",
        ".vdi",
        ".qcow2",
        ".ova",
        ".zip",
        ".7z",
        ".rar",
        ".tar",
        ".gz",
        ".bz2",
        ".xz",
        ".zst",
        ".deb",
        ".rpm",
        ".exe",
        ".msi",
        ".dll",
        ".so",
        ".dylib",
        ".o",
        ".a",
        ".jar",
        ".class",
        ".pyc",
        ".bin",
        ".gguf",
        ".safetensors",
        ".mp4",
        ".mkv",
        ".avi",
        ".mov",
        ".webm",
        ".mp3",
        ".flac",
        ".wav",
        ".ogg",
        ".m4a",
        ".jpg",
        ".jpeg",
        ".png",
        ".gif",
        ".bmp",
        ".tif",
        ".tiff",
        ".webp",
        ".heic",
        ".psd",
        ".raw",
        ".cr2",
        ".nef",
        ".sqlite",
        ".db",
    }
)
_HUGE = 10 << 20
"""A file of a kind without text that has as many bytes is not even listed."""


@dataclass(slots=True)
class Scan:
    """files by path; unlisted are folders that could not be looked into, missing those of the library itself.

    linked says that something was found by a link: the system tells nothing of changes there.
    """

    files: dict[bytes, FileFacts] = field(default_factory=dict)
    unlisted: list[bytes] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)
    linked: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    changed: list[FileFacts]
    lost: list[bytes]


def scan(folders: Sequence[Path]) -> Scan:
    """Look through folders and everything below. Each folder is entered once, whatever links lead to it.

    Hidden files and folders, caches and what programs keep for themselves are left out.
    """
    found = Scan()
    entered: set[tuple[int, int]] = set()
    for folder in folders:
        if not folder.is_dir():
            found.missing.append(folder)
            found.unlisted.append(os.fsencode(folder))
            continue
        waiting = [os.fsencode(folder)]
        while waiting:
            path = waiting.pop()
            try:
                facts = Path(os.fsdecode(path)).stat()
                if (facts.st_dev, facts.st_ino) not in entered or not facts.st_ino:
                    entered.add((facts.st_dev, facts.st_ino))
                    waiting += _look_into(path, found)
            except OSError:
                found.unlisted.append(path)
    return found


def compare(known: Mapping[bytes, FileFacts], found: Scan) -> Changes:
    """What is new or looks changed by size and time, and what is gone. Below an unlisted folder nothing is gone."""
    changed = [file for path, file in found.files.items() if known.get(path) != file]
    hidden = tuple(path.rstrip(_SEPARATOR) + _SEPARATOR for path in found.unlisted)
    lost = [path for path in known if path not in found.files and not path.startswith(hidden)]
    return Changes(changed, lost)


_SEPARATOR = os.fsencode(os.sep)


def _look_into(folder: bytes, found: Scan) -> list[bytes]:
    """Note the files of a folder and give the folders in it."""
    folders: list[bytes] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = os.fsdecode(entry.name)
            if name.startswith((".", *_IGNORED_NAMES)):
                continue
            try:
                found.linked = found.linked or entry.is_symlink()
                if entry.is_dir():
                    if name not in _IGNORED_FOLDERS:
                        folders.append(entry.path)
                    continue
                facts = entry.stat()
            except OSError:
                # A link that leads nowhere, or a file that vanished between two looks.
                continue
            if stat.S_ISREG(facts.st_mode) and not _is_huge_binary(name, facts.st_size):
                found.files[entry.path] = FileFacts(entry.path, facts.st_size, facts.st_mtime_ns)
    return sorted(folders, reverse=True)


def _is_huge_binary(name: str, size: int) -> bool:
    return size >= _HUGE and Path(name).suffix.lower() in _BINARY

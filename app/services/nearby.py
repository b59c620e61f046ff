"""Looks for model files that lie near: beside the installer, on a removable disk, among the downloads."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import psutil

from app.domain.catalogue import CatalogueEntry, HubFile

_DEPTH = 3
_MOST_ENTRIES = 20_000
_SECONDS = 3.0
# Where systems show disks that were plugged in.
_MOUNTS = ("/media", "/run/media", "/mnt", "/Volumes")


@dataclass(frozen=True, slots=True)
class Nearby:
    """All files of a model of the catalogue, known by their names and sizes; their checksums were not computed."""

    entry: CatalogueEntry
    files: tuple[Path, ...]


def places_to_look(beside: Path | None) -> tuple[Path, ...]:
    """Folders in which a person may have put a model. beside is the folder that the application was started from."""
    disks = [Path(disk.mountpoint) for disk in psutil.disk_partitions(all=False) if _is_removable(disk)]
    downloads = Path(platformdirs.user_downloads_dir())
    return tuple(dict.fromkeys(place for place in (beside, *disks, downloads) if place is not None))


def models_nearby(
    places: Iterable[Path], catalogue: Iterable[CatalogueEntry], seconds: float = _SECONDS
) -> tuple[Nearby, ...]:
    """The models of the catalogue that lie in these folders or little below. Takes so many seconds at most.

    For any thread but the main one: a disk may be slow. Raises nothing.
    """
    entries = tuple(catalogue)
    until = time.monotonic() + seconds
    found: dict[str, Nearby] = {}
    for folder, names in _folders(places, until):
        for entry in entries:
            files = [_match(folder, names, file) for file in entry.files]
            if entry.id not in found and all(files):
                found[entry.id] = Nearby(entry, tuple(path for path in files if path is not None))
    return tuple(found.values())


def _folders(places: Iterable[Path], until: float) -> Iterator[tuple[Path, dict[str, int]]]:
    """Folders with the sizes of the GGUF files in them, nearest first."""
    waiting = [(place, 0) for place in places]
    seen = 0
    while waiting and seen < _MOST_ENTRIES and time.monotonic() < until:
        folder, depth = waiting.pop(0)
        names: dict[str, int] = {}
        for item in _items(folder):
            seen += 1
            try:
                if item.is_dir(follow_symlinks=False):
                    if depth < _DEPTH and not item.name.startswith("."):
                        waiting.append((Path(item.path), depth + 1))
                elif item.name.lower().endswith(".gguf"):
                    names[item.name] = item.stat().st_size
            except OSError:
                continue
        yield folder, names


def _items(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            return sorted(items, key=lambda item: item.name)
    except OSError:
        return []


def _match(folder: Path, names: dict[str, int], file: HubFile) -> Path | None:
    """The file under its own name, or, if its size is known, under another: people rename what they download."""
    base = Path(file.name).name
    if base in names and file.size in (None, names[base]):
        return folder / base
    # A model in parts needs the names.
    return next((folder / name for name, size in names.items() if size == file.size and "-of-" not in base), None)


def _is_removable(disk: object) -> bool:
    mountpoint, options = str(getattr(disk, "mountpoint", "")), str(getattr(disk, "opts", "")).split(",")
    return "removable" in options or any(mountpoint.startswith(f"{place}/") for place in _MOUNTS)

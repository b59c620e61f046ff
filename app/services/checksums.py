"""Checksums of large files, computed once and kept as long as a file stays as it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Progress = Callable[[int, int], None]
"""Is told how many bytes are done, and of how many. May raise to end the work."""

_BLOCK = 4 << 20


def sha256_of(path: Path, on_progress: Progress) -> str:
    """Hash a file. Raises OSError."""
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            done += len(block)
            on_progress(done, total)
    return digest.hexdigest()


class Checksums:
    """What is known of files by path, size and time of change. Kept in a file that may be deleted at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def known(self, path: Path) -> str | None:
        """The checksum of a file, if it was computed since the file changed last."""
        return self._known.get(_key(path))

    def keep(self, path: Path, sha256: str) -> None:
        key = _key(path)
        if key:
            # Of a path no more than the newest is kept.
            place = key.partition(" ")[2]
            self._known = {old: value for old, value in self._known.items() if old.partition(" ")[2] != place}
            self._known[key] = sha256
            self._write()

    def compute(self, path: Path, on_progress: Progress) -> str:
        """Hash a file now, whatever is known, and keep the result. Raises OSError."""
        sha256 = sha256_of(path, on_progress)
        self.keep(path, sha256)
        return sha256

    def _write(self) -> None:
        # It only spares work.
        with suppress(OSError):
            _write_texts(self._path, self._known)


class Published:
    """The checksums that hubs gave for files that were fetched, by the files' names: no catalogue has them all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def of(self, path: Path) -> str | None:
        return self._known.get(path.name)

    def keep(self, path: Path, sha256: str | None) -> None:
        """Keep what holds from now on for files of this name; None forgets."""
        self._known.pop(path.name, None)
        if sha256 is not None:
            self._known[path.name] = sha256
        # Without it the model is listed as not verified, and nothing else.
        with suppress(OSError):
            _write_texts(self._path, self._known)


def _key(path: Path) -> str:
    try:
        facts = path.stat()
    except OSError:
        return ""
    return f"{facts.st_size}:{facts.st_mtime_ns} {path}"


def _read(path: Path) -> dict[str, str]:
    """The texts by names that a JSON file holds; none where it can't be read."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    pairs = values.items() if isinstance(values, dict) else ()
    return {key: value for key, value in pairs if isinstance(value, str)}


def _write_texts(path: Path, texts: dict[str, str]) -> None:
    """Write them, all or nothing. Raises OSError."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(json.dumps(texts, indent=1), encoding="ascii")
    unfinished.replace(path)

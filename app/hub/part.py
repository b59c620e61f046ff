"""A file that is still arriving: ``NAME.part`` with a sidecar, until its checksum is right and it gets its name.

The sidecar ``NAME.part.json`` says which file this is and how much of it is surely on the disk. After a crash of the
computer no more than that is trusted; after the end of the process alone, the length of the file is, for what was
written is in the system's hands. ``NAME.part.lock`` lets one process at a time work on it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import psutil
from filelock import FileLock, Timeout

from app.errors import DownloadError

Progress = Callable[[int, int], None]
"""Is told how many bytes are done, and of how many. May raise to end the work."""

SUFFIX = ".part"
SIDECAR_SUFFIX = ".part.json"
_LOCK_SUFFIX = ".part.lock"
_SYNC_BYTES = 64 << 20
_BLOCK = 4 << 20
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is known of an unfinished file. synced bytes are surely on the disk; boot names the run of the system."""

    entry: str
    file: str
    url: str
    size: int
    sha256: str
    etag: str = ""
    synced: int = 0
    boot: str = ""


def read_sidecar(path: Path) -> Sidecar | None:
    """The sidecar in this file; None if there is none or it makes no sense."""
    try:
        values = json.loads(path.read_bytes())
        sidecar = Sidecar(**values)
    except (OSError, ValueError, TypeError):
        return None
    numbers = isinstance(sidecar.size, int) and isinstance(sidecar.synced, int) and 0 <= sidecar.synced <= sidecar.size
    texts = all(isinstance(text, str) for text in (sidecar.entry, sidecar.file, sidecar.etag, sidecar.sha256))
    return sidecar if numbers and texts else None


def arrived(final: Path) -> int:
    """How many bytes of an unfinished file can be used, 0 where there is none."""
    sidecar = read_sidecar(_beside(final, SIDECAR_SUFFIX))
    return _usable(_beside(final, SUFFIX), sidecar) if sidecar is not None else 0


def discard(final: Path) -> None:
    """Delete an unfinished file. Raises OSError."""
    for suffix in (SUFFIX, SIDECAR_SUFFIX, _LOCK_SUFFIX):
        _beside(final, suffix).unlink(missing_ok=True)


class PartFile:
    """Takes the bytes of one file, hashes them on the way, and gives the file its name at the end.

    A context: within it, no other process works on the file. Methods raise OSError where the disk fails.
    """

    def __init__(self, final: Path) -> None:
        self._final = final
        self._path = _beside(final, SUFFIX)
        self._sidecar_path = _beside(final, SIDECAR_SUFFIX)
        self._lock = FileLock(_beside(final, _LOCK_SUFFIX), timeout=0)
        self._sidecar: Sidecar | None = None
        self._stream: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._synced = 0
        self.length = 0

    @property
    def etag(self) -> str:
        """What the server called the file when it sent the first of it; empty if unknown."""
        return self._sidecar.etag if self._sidecar is not None else ""

    @etag.setter
    def etag(self, etag: str) -> None:
        if self._sidecar is not None and etag != self._sidecar.etag:
            self._sidecar = replace(self._sidecar, etag=etag)
            self._write_sidecar()

    def __enter__(self) -> PartFile:
        """Raises DownloadError if another process works on the file."""
        try:
            self._lock.acquire()
        except Timeout:
            raise DownloadError(
                f"{self._final.name} is being downloaded already.", "Wait for that, or pause it there first."
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            if self._stream is not None:
                # The error that ends this, a full disk say, is the one to be told.
                with suppress(OSError):
                    self._sync()
                self._stream.close()
        finally:
            self._lock.release()
            if self._final.exists():
                with suppress(OSError):
                    _beside(self._final, _LOCK_SUFFIX).unlink(missing_ok=True)

    def begin(self, sidecar: Sidecar, on_progress: Progress) -> None:
        """Go on with what there is of this file, which is hashed again, or begin it."""
        known = read_sidecar(self._sidecar_path)
        same = known is not None and (known.size, known.sha256) == (sidecar.size, sidecar.sha256)
        usable = _usable(self._path, known) if known is not None and same else 0
        # Without buffer: what is written survives the end of the process.
        self._stream = os.fdopen(os.open(self._path, _FLAGS, 0o600), "r+b", buffering=0)
        self._stream.truncate(usable)
        self._sidecar = replace(sidecar, etag=known.etag) if known is not None and usable else sidecar
        self._hash(usable, on_progress)
        self._sync()

    def restart(self, sidecar: Sidecar) -> None:
        """Begin anew: what there is belongs to another file."""
        assert self._stream is not None
        self._stream.seek(0)
        self._stream.truncate(0)
        self._sidecar, self._digest, self.length = sidecar, hashlib.sha256(), 0
        self._sync()

    def write(self, data: bytes) -> None:
        assert self._stream is not None
        view = memoryview(data)
        while view:
            view = view[self._stream.write(view) :]
        self._digest.update(data)
        self.length += len(data)
        if self.length - self._synced >= _SYNC_BYTES:
            self._sync()

    def finish(self) -> None:
        """Give the file its name. Raises DownloadError, and deletes it, if its checksum is wrong."""
        assert self._stream is not None
        assert self._sidecar is not None
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._stream = None
        if self._digest.hexdigest() != self._sidecar.sha256:
            self._path.unlink()
            self._sidecar_path.unlink(missing_ok=True)
            raise DownloadError(
                f"What arrived is not {self._final.name}: its checksum is wrong, so it was deleted.",
                "Download it again. If that happens twice, something between the hub and this computer changes what is "
                "sent: use another network.",
            )
        self._path.replace(self._final)
        _sync_folder(self._final.parent)
        self._sidecar_path.unlink(missing_ok=True)

    def _hash(self, length: int, on_progress: Progress) -> None:
        assert self._stream is not None
        while self.length < length:
            block = self._stream.read(min(_BLOCK, length - self.length))
            if not block:
                break
            self._digest.update(block)
            self.length += len(block)
            on_progress(self.length, length)

    def _sync(self) -> None:
        """Have on the disk what was written, and then say so."""
        assert self._stream is not None
        os.fsync(self._stream.fileno())
        self._synced = self.length
        self._write_sidecar()

    def _write_sidecar(self) -> None:
        assert self._sidecar is not None
        values: dict[str, Any] = asdict(self._sidecar) | {"synced": self._synced, "boot": _boot()}
        unfinished = self._sidecar_path.with_name(f"{self._sidecar_path.name}.new")
        unfinished.write_text(json.dumps(values, indent=1), encoding="utf-8")
        unfinished.replace(self._sidecar_path)


_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def _beside(final: Path, suffix: str) -> Path:
    return final.with_name(final.name + suffix)


def _usable(part: Path, sidecar: Sidecar) -> int:
    """Bytes from the start that may be trusted."""
    try:
        length = part.stat().st_size
    except OSError:
        return 0
    trusted = length if sidecar.boot and sidecar.boot == _boot() else min(length, sidecar.synced)
    return min(trusted, sidecar.size)


def _boot() -> str:
    """Names this run of the system: what a process wrote is lost only when the system itself goes down."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk. Windows opens no folders, and keeps names by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""A file that is still arriving: ``NAME.part`` with a sidecar, until its checksum is right and it gets its name.

``NAME.part.lock`` lets one process at a time work on it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from app.errors import DownloadError
from app.hub.sidecar import (
    LOCK_SUFFIX,
    SIDECAR_SUFFIX,
    SUFFIX,
    UNFINISHED_SUFFIX,
    Sidecar,
    beside,
    read_sidecar,
    this_boot,
    usable_bytes,
)

Progress = Callable[[int, int], None]
"""Is told how many bytes are done, and of how many. May raise to end the work."""

_SYNC_BYTES = 64 << 20
_BLOCK = 4 << 20


class PartFile:
    """Takes the bytes of one file, hashes them on the way, and gives the file its name at the end.

    A context: within it, no other process works on the file. Methods raise OSError where the disk fails.
    """

    def __init__(self, final: Path) -> None:
        self._final = final
        self._path = beside(final, SUFFIX)
        self._sidecar_path = beside(final, SIDECAR_SUFFIX)
        self._lock = FileLock(beside(final, LOCK_SUFFIX), timeout=0)
        self._sidecar: Sidecar | None = None
        self._stream: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._synced = 0
        # What was written is brought to the disk beside the transfer: a disk may take seconds for that.
        self._syncer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sync")
        self._syncing: Future[int] | None = None
        self._disk_failed = False
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
                    self._keep()
        finally:
            self._syncer.shutdown()
            if self._stream is not None:
                self._stream.close()
            self._lock.release()
            if self._final.exists():
                with suppress(OSError):
                    beside(self._final, LOCK_SUFFIX).unlink(missing_ok=True)

    def begin(self, sidecar: Sidecar, on_progress: Progress) -> None:
        """Go on with what there is of this file, which is hashed again, or begin it."""
        known = read_sidecar(self._sidecar_path)
        same = known is not None and (known.size, known.sha256) == (sidecar.size, sidecar.sha256)
        usable = usable_bytes(self._path, known) if known is not None and same else 0
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
        self._sidecar, self._digest = sidecar, hashlib.sha256()
        self.length = 0
        self._sync()

    def write(self, data: bytes) -> None:
        """Append bytes."""
        assert self._stream is not None
        view = memoryview(data)
        while view:
            view = view[self._stream.write(view) :]
        self._digest.update(data)
        self.length += len(data)
        self._sync_in_time()

    def finish(self) -> None:
        """Give the file its name. Raises DownloadError, and deletes it, if its checksum is wrong."""
        assert self._stream is not None
        assert self._sidecar is not None
        self._sync()
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

    def _sync_in_time(self) -> None:
        """Have what was written brought to the disk in the background, a stretch at a time."""
        if self._syncing is not None and self._syncing.done():
            self._note_synced(self._syncing.result())
        if self._syncing is None and self.length - self._synced >= _SYNC_BYTES:
            assert self._stream is not None
            self._syncing = self._syncer.submit(self._to_disk, self._stream.fileno(), self.length)

    def _sync(self) -> None:
        """Have on the disk what was written, and then say so."""
        assert self._stream is not None
        if self._syncing is not None:
            self._syncing.result()
        self._note_synced(self._to_disk(self._stream.fileno(), self.length))

    def _keep(self) -> None:
        """Have on the disk what was written, or forget it if the disk fails.

        Linux tells of an error once and then has the pages for clean: they can be read, and are lost later.
        """
        assert self._stream is not None
        try:
            if not self._disk_failed:
                self._sync()
        finally:
            if self._disk_failed:
                self._stream.truncate(self._synced)

    def _to_disk(self, descriptor: int, length: int) -> int:
        """On either thread."""
        try:
            os.fsync(descriptor)
        except OSError:
            self._disk_failed = True
            raise
        return length

    def _note_synced(self, length: int) -> None:
        self._syncing, self._synced = None, length
        self._write_sidecar()

    def _write_sidecar(self) -> None:
        assert self._sidecar is not None
        values: dict[str, Any] = asdict(self._sidecar) | {"synced": self._synced, "boot": this_boot()}
        unfinished = beside(self._final, UNFINISHED_SUFFIX)
        unfinished.write_text(json.dumps(values, indent=1), encoding="utf-8")
        unfinished.replace(self._sidecar_path)


_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk. Windows opens no folders, and keeps names by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""One window per data folder: a lock that the system takes back when its holder dies, however it dies."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path

from app.store.errors import store_errors
from app.store.writers import is_alive, this_process

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


class InstanceLock:
    """The right to be the window of a data folder. The command line needs none.

    The second start asks for it in vain, tells the holder under ``address`` to come to the front, and ends.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "window.lock"
        self._handle: int | None = None
        digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
        self.address = f"inglenook-{digest}"
        """A name for a local socket on which the holder listens; the same for every way of naming the folder."""

    @store_errors()
    def acquire(self) -> bool:
        """Take the lock; False if another process has it. Raises StoreError where there is no such folder."""
        if self._handle is not None:
            return True
        handle = self._open()
        try:
            taken = self._lock(handle)
        except BaseException:
            os.close(handle)
            raise
        if not taken:
            os.close(handle)
            return False
        self._handle = handle
        self._sign(this_process())
        return True

    def holder(self) -> int | None:
        """The process number of whoever holds the lock, None if nobody does."""
        try:
            name = self._path.read_text(encoding="ascii", errors="replace")
        except OSError:
            return None
        return int(name.partition(":")[0]) if is_alive(name) else None

    def release(self) -> None:
        """Give it back. The file stays: to delete it would let two others lock two files of the same name."""
        if self._handle is not None:
            self._sign("")
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            # Nothing can be written here, but the folder itself can be locked (not on Windows, which opens no folders).
            return os.open(self._path.parent, os.O_RDONLY)

    def _sign(self, name: str) -> None:
        """Write who holds the lock, which only serves to tell. A full disk is no reason not to start."""
        assert self._handle is not None
        with suppress(OSError):
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, name.encode())

    def _lock(self, handle: int) -> bool:
        try:
            if sys.platform == "win32":
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _TAKEN:
                return False
            # A file system that knows no locks, as some network shares: there the written name has to do.
            return self.holder() in (None, os.getpid())
        return True

"""One window per data folder: a lock that the system takes back when its holder dies, however it dies."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
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
        """Take the lock; False if another process has it. Raises StoreError where the folder can't be written to."""
        if self._handle is not None:
            return True
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            taken = self._lock(handle)
            if taken:
                os.ftruncate(handle, 0)
                os.write(handle, this_process().encode())
        except BaseException:
            os.close(handle)
            raise
        if taken:
            self._handle = handle
        else:
            os.close(handle)
        return taken

    @property
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
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

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
            return self.holder in (None, os.getpid())
        return True

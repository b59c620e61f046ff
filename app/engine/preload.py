"""Brings a model file into the page cache in steps, so that a long load shows progress and can be stopped.

llama.cpp maps the file with MAP_POPULATE, which reads all 12 GB inside one system call, before its first progress
callback (facts/engine.md 3.8). After this the same call finds the pages in memory.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

_STEP = 64 << 20
# Linux 5.14 and later: fault pages in without copying them; not in Python's mmap module yet.
_MADV_POPULATE_READ = 22


def preload(path: Path) -> Iterator[int]:
    """Read the file, giving the number of bytes read so far after each step. Raises OSError."""
    size = path.stat().st_size
    with path.open("rb", buffering=0) as stream:
        for start in range(0, size, _STEP):
            length = min(_STEP, size - start)
            if not _populate(stream.fileno(), start, length):
                _read(stream.fileno(), start, length)
            yield start + length


def _populate(descriptor: int, start: int, length: int) -> bool:
    """Fault a stretch in through a mapping of its own. False where the system can't."""
    if not hasattr(mmap.mmap, "madvise"):
        return False
    with mmap.mmap(descriptor, length, access=mmap.ACCESS_READ, offset=start) as stretch:
        try:
            stretch.madvise(_MADV_POPULATE_READ)
        except (OSError, ValueError):
            return False
    return True


def _read(descriptor: int, start: int, length: int) -> None:
    os.lseek(descriptor, start, os.SEEK_SET)
    buffer = bytearray(1 << 20)
    left = length
    while left > 0:
        got = os.readv(descriptor, [buffer]) if hasattr(os, "readv") else len(os.read(descriptor, len(buffer)))
        if got == 0:
            return
        left -= got

"""Sizes in words, in one unit wherever people read them.

Files and disks count a GB as 10^9 bytes, as disks are sold and file managers show them. Memory counts it as 2^30 bytes,
as memory is sold and every system shows it: who bought 16 GB is not to be told of 17.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable

FILE_KB, FILE_MB, FILE_GB = 10**3, 10**6, 10**9
MEMORY_MB, MEMORY_GB = 1 << 20, 1 << 30


def file_size(size: int) -> str:
    """The size of a file, or room on a disk: 3 kB, 98 MB, 12.1 GB."""
    if size < FILE_MB:
        return f"{math.ceil(size / FILE_KB)} kB"
    if size < FILE_GB:
        return f"{round(size / FILE_MB)} MB"
    return f"{size / FILE_GB:.1f} GB"


def memory_needed(size: int) -> str:
    """Memory that is taken, rounded so that it never looks less than it is: 402 MB, 11.6 GB."""
    return _memory(size, math.ceil)


def memory_there(size: int) -> str:
    """Memory that a computer has, rounded so that it never looks more than it is."""
    return _memory(size, math.floor)


def _memory(size: int, whole: Callable[[float], int]) -> str:
    if size < MEMORY_GB:
        return f"{whole(size / MEMORY_MB)} MB"
    return f"{whole(size / MEMORY_GB * 10) / 10:.1f} GB"

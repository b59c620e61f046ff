"""How many threads compute a token fastest, found out by trying.

Generation waits for memory, not for arithmetic: beyond a few threads more of them only meet at more barriers, and on
processors with two kinds of cores the slow ones hold up the fast ones. No rule says where that begins.
"""

from __future__ import annotations

from collections.abc import Callable

_GIB = 1 << 30

WORTH_TUNING = 2 * _GIB
"""Bytes of weights below which any number of threads is fast enough."""
WORTH_THREADS = 64 << 20
"""Bytes of weights below which one thread is as fast as any: more of them wait for each other longer than they compute,
and where other programs want the processor as well, very much longer."""
# So much faster (as a ratio) must more threads be to be taken: they are taken from the window and from others.
_WORTH_A_CORE = 1.05


def candidates(cores: int) -> list[int]:
    """Numbers of threads that are worth a try on so many physical cores, the smallest first.

    On four cores or fewer one of them may be left to the window.
    """
    if cores <= 4:
        return sorted({max(1, cores - 1), cores})
    return sorted({cores // 2, cores * 3 // 4, min(cores, 8), cores})


def best_threads(numbers: list[int], seconds: Callable[[int], float]) -> int:
    """The number of threads to compute with; seconds gives what a few tokens take with a number."""
    taken = {number: seconds(number) for number in numbers}
    fastest = min(taken.values())
    return next(number for number in numbers if taken[number] <= fastest * _WORTH_A_CORE)

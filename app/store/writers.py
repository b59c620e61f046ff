"""Which process writes a message, and whether it still lives."""

from __future__ import annotations

import os

import psutil

# The start of a process is counted from the start of the machine, whose own time moves a little when the clock is set.
_CLOCK_TOLERANCE_SECONDS = 2.0


def this_process() -> str:
    """Name this process so that a later one with the same number isn't taken for it."""
    return f"{os.getpid()}:{psutil.Process().create_time():.2f}"


def is_alive(writer: str) -> bool:
    """Tell whether the process of that name is still running."""
    number, _, started = writer.partition(":")
    try:
        process = psutil.Process(int(number))
        same = abs(process.create_time() - float(started)) <= _CLOCK_TOLERANCE_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.AccessDenied:
        return True

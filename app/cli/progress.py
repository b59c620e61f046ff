"""How far a long command is, on standard error, where someone watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.services.transfer_events import Progress

_SECONDS_BETWEEN = 0.1


@contextmanager
def show_progress(doing: str) -> Iterator[Progress]:
    """Give a function that shows how many conversations are done; the line is gone at the end."""
    watched = sys.stderr.isatty()
    begun = shown = time.monotonic()

    def progress(done: int, total: int | None) -> None:
        nonlocal shown
        now = time.monotonic()
        if not watched or now - shown < _SECONDS_BETWEEN:
            return
        shown = now
        of = f" of {total}" if total else ""
        left = f", {(now - begun) / done * (total - done):.0f} s left" if total and done else ""
        print(f"\r{doing}: {done}{of}{left}\033[K", end="", file=sys.stderr, flush=True)

    try:
        yield progress
    finally:
        if watched:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

"""Background work: lanes of one worker thread each, and how their results come back to the main thread."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

Post = Callable[[Callable[[], None]], None]
"""Runs a closure on the main thread, soon: one queued signal in the window, a queue on the command line."""

_NICE = 10

_log = logging.getLogger(__name__)


class Lane:
    """Runs jobs one after another on a thread of its own. A job never calls a service; it posts closures."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def submit(self, job: Callable[[], None]) -> None:
        self._executor.submit(job).add_done_callback(self._log_fault)

    def close(self, *, drop: bool = True) -> None:
        """Drop what waits (or do it first), let what runs come to its end, and return then."""
        self._executor.shutdown(wait=True, cancel_futures=drop)

    def _log_fault(self, future: Future[None]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            _log.error("A job in lane %s failed", self._name, exc_info=error)


def be_modest() -> None:
    """Let others go first. On Linux the priority is a thread's own, and the processes that it starts have it too."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        if os.getpriority(os.PRIO_PROCESS, thread) < _NICE:
            os.setpriority(os.PRIO_PROCESS, thread, _NICE)

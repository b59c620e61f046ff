"""Long work that a person starts and may end, one after another beside everything else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from app.errors import AppError
from app.jobs import Lane, Post

_Outcome = TypeVar("_Outcome")
_Total = TypeVar("_Total", int, int | None)
"""How much there is to do; None where nobody knows."""


class StoppedError(Exception):
    """The user ended the work."""


class Errands:
    """Runs work on a lane of its own. Called on the main thread only."""

    def __init__(self, lane: Lane, post: Post) -> None:
        self._lane = lane
        self._post = post
        self._stop = threading.Event()

    def start(
        self,
        work: Callable[[Callable[[int, _Total], None]], _Outcome],
        on_progress: Callable[[int, _Total], None],
        on_end: Callable[[_Outcome | AppError | None], None],
    ) -> None:
        """on_end gets what the work gave, what went wrong with it, or None after stop().

        Progress is how much is done, of how much; telling it raises StoppedError in work that was stopped.
        """
        stop = self._stop

        def progress(done: int, total: _Total) -> None:
            if stop.is_set():
                raise StoppedError
            self._post(lambda: on_progress(done, total))

        def job() -> None:
            outcome: _Outcome | AppError | None
            try:
                outcome = work(progress)
            except StoppedError:
                outcome = None
            except AppError as error:
                outcome = error
            self._post(lambda: on_end(outcome))

        self._lane.submit(job)

    def stop(self) -> None:
        """End what runs and what waits."""
        self._stop.set()
        self._stop = threading.Event()

    def close(self) -> None:
        self.stop()
        self._lane.close()

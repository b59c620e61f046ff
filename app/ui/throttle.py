"""Repaint often enough to look alive, and seldom enough to leave the window time for its user."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Slot

SHORTEST = 0.04
"""Seconds between two renderings, at least."""
COST_FACTOR = 4.0
"""Of five units of time, rendering takes at most one."""


class Throttle(QObject):
    """Calls render at once when it has rested long enough, else as soon as it has; requests in between coalesce."""

    def __init__(
        self,
        render: Callable[[], None],
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._render = render
        self._clock = clock
        self._next = float("-inf")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timeout)

    @property
    def waiting(self) -> bool:
        """Whether something was asked for that isn't rendered yet."""
        return self._timer.isActive()

    def request(self) -> None:
        """Ask for a rendering, now or soon."""
        if self._timer.isActive():
            return
        rest = self._next - self._clock()
        if rest <= 0:
            self._run()
        else:
            self._timer.start(max(1, round(rest * 1000)))

    def flush(self) -> None:
        """Render now what is waiting."""
        if self._timer.isActive():
            self._timer.stop()
            self._run()

    def cancel(self) -> None:
        """Forget what is waiting."""
        self._timer.stop()

    @Slot()
    def _on_timeout(self) -> None:
        self._run()

    def _run(self) -> None:
        started = self._clock()
        self._render()
        ended = self._clock()
        self._next = ended + max(SHORTEST, COST_FACTOR * (ended - started))

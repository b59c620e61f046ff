"""Lets SIGINT and SIGTERM close the window as its user would."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Slot

POLL = 300
"""Milliseconds between two looks, where no pipe can wake the event loop."""


class Interrupts(QObject):
    """Python runs signal handlers only between two of its own instructions, and Qt's loop has none: this wakes it."""

    def __init__(self, close: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._close = close
        self._caught = False
        self._wake_up()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._catch)

    def _wake_up(self) -> None:
        if os.name == "posix":
            self._reading, writing = os.pipe()
            os.set_blocking(self._reading, False)
            os.set_blocking(writing, False)
            signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
            self._notifier = QSocketNotifier(self._reading, QSocketNotifier.Type.Read, self)
            self._notifier.activated.connect(self._on_woken)
        else:
            self._timer = QTimer(self)
            self._timer.timeout.connect(self._on_polled)
            self._timer.start(POLL)

    def _catch(self, _number: int, _frame: FrameType | None) -> None:
        self._caught = True

    @Slot()
    def _on_woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._reading, 4096)
        self._on_polled()

    @Slot()
    def _on_polled(self) -> None:
        if self._caught:
            self._caught = False
            self._close()

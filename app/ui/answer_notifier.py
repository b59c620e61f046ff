"""Tells that a long answer is done when nobody looks at the window."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

from app.domain.chat import Status
from app.services.events import Event, TurnEnded, TurnStarted
from app.ui.desktop_message import DesktopMessage

LONG_SECONDS = 20.0
"""Who has waited less is most likely still there."""


class AnswerNotifier(QObject):
    """Has the system mark the window in its task bar or dock, and the desktop show a message, until it is looked at.

    The message says no word of the answer: it may be read over a shoulder, or on a locked screen.
    """

    def __init__(
        self,
        window: QWidget,
        alert: Callable[[QWidget], None] = QApplication.alert,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._alert = alert
        self._clock = clock
        self._started: float | None = None
        self.message = DesktopMessage(self)

    def handle(self, event: Event) -> None:
        """Take what the core tells of turns."""
        match event:
            case TurnStarted():
                self._started = self._clock()
            case TurnEnded(message) if self._started is not None:
                took, self._started = self._clock() - self._started, None
                # Who stopped an answer knows that it is over.
                if (
                    took > LONG_SECONDS
                    and message.status is not Status.STOPPED
                    and not self._window.window().isActiveWindow()
                ):
                    self._alert(self._window.window())
                    done = message.status is Status.COMPLETE
                    self.message.show("The answer is ready." if done else "There is no answer: something went wrong.")

"""The one way from a worker's thread to the thread of the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot


class Bridge(QObject):
    """Runs closures on the thread that made it, in the order in which they were posted."""

    _posted = Signal(object)  # closure

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._closed = False
        self._posted.connect(self._on_posted, Qt.ConnectionType.QueuedConnection)

    def post(self, closure: Callable[[], None]) -> None:
        """Queue a closure; callable from any thread, and harmless after close()."""
        if not self._closed:
            self._posted.emit(closure)

    def close(self) -> None:
        """Drop what is queued and what still comes: nobody is left to look at it."""
        self._closed = True

    @Slot(object)
    def _on_posted(self, closure: Callable[[], None]) -> None:
        if not self._closed:
            closure()

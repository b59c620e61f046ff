"""The pale line below the composer that says what is going on now."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.meter import Meter
from app.ui.widgets.offline_mark import OfflineMark


class StatusLine(QWidget):
    """Words, a slim bar while something's end is known, and "Offline" when the sidebar isn't there to say it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._status = ElidedLabel("small", self)
        self._status.setObjectName("status")
        self._status.setAccessibleName("status")
        self._meter = Meter(74, 3, self)
        self._meter.hide()
        self._offline = OfflineMark(self)
        self._offline.hide()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 0)
        layout.setSpacing(10)
        layout.addWidget(self._meter)
        layout.addWidget(self._status, 1)
        layout.addWidget(self._offline)

    @property
    def text(self) -> str:
        return self._status.text()

    def say(self, words: str, fraction: float | None = None, warns: bool = False) -> None:
        """Say what is going on; warns marks what went wrong."""
        if words != self._status.text():
            self._status.setText(words)
            self._status.setAccessibleDescription(words)
        self._meter.setVisible(fraction is not None)
        self._meter.set_fraction(fraction or 0.0)
        tone = "warn" if warns else "small"
        if tone != self._status.property("tone"):
            self._status.setProperty("tone", tone)
            self._status.style().polish(self._status)

    def show_downloading(self, downloading: bool) -> None:
        """Say instead of "Offline" that the network is used now."""
        self._offline.set_downloading(downloading)

    def show_offline(self, visible: bool) -> None:
        self._offline.setVisible(visible)

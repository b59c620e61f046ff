"""What is going on, in words, over a slim bar."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.widgets.controls import plain_label
from app.ui.widgets.meter import Meter


class ProgressLine(QWidget):
    """Words always; a bar when somebody knows how far it is."""

    def __init__(self, parent: QWidget | None = None, centred: bool = False) -> None:
        super().__init__(parent)
        self._words = plain_label("", "note", self)
        self._meter = Meter(220, 3, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        side = Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft
        layout.addWidget(self._words, 0, side)
        layout.addWidget(self._meter, 0, side)

    @property
    def words(self) -> str:
        return self._words.text()

    def set_progress(self, words: str, fraction: float | None) -> None:
        self._words.setText(words)
        self._meter.setVisible(fraction is not None)
        self._meter.set_fraction(fraction or 0.0)

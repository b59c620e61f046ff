"""A thin bar that is partly filled."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class Meter(QWidget):
    """Shows a fraction between 0 and 1, in the accent of the palette."""

    def __init__(self, width: int, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fraction = 0.0
        self._size = QSize(width, height)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def fraction(self) -> float:
        return self._fraction

    def set_fraction(self, fraction: float) -> None:
        self._fraction = min(1.0, max(0.0, fraction))
        self.update()

    def sizeHint(self) -> QSize:
        return self._size

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        radius = whole.height() / 2
        self._bar(painter, whole, radius, self.palette().mid().color())
        if self._fraction > 0:
            filled = QRectF(whole)
            filled.setWidth(max(whole.height(), whole.width() * self._fraction))
            self._bar(painter, filled, radius, self.palette().accent().color())
        painter.end()

    @staticmethod
    def _bar(painter: QPainter, bounds: QRectF, radius: float, colour: QColor) -> None:
        painter.setBrush(colour)
        painter.drawRoundedRect(bounds, radius, radius)

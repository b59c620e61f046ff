"""A line that opens and closes what is below it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.widgets.enter_button import EnterButton

GAP = 7
CHEVRON = 8


class FoldButton(EnterButton):
    """Checkable; checked means open. The words come in two tones, what matters first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._detail = ""
        self._strong = QColor()
        self._pale = QColor()
        self._ring = QColor()
        self.setProperty("tone", "fold")
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_words(self, text: str, detail: str = "") -> None:
        """Say what is folded, and what is secondary about it."""
        if (text, detail) == (self.text(), self._detail):
            return
        self._detail = detail
        self.setText(text)
        self.setAccessibleName(text + detail)
        self.updateGeometry()
        self.update()

    def set_colours(self, strong: str, pale: str, ring: str) -> None:
        self._strong, self._pale, self._ring = QColor(strong), QColor(pale), QColor(ring)
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = CHEVRON + GAP + metrics.horizontalAdvance(self.text() + self._detail) + 6
        return QSize(width, metrics.height() + 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_chevron(painter)
        left = CHEVRON + GAP
        room = self.width() - left
        metrics = self.fontMetrics()
        hovered = self.underMouse() and self.isEnabled()
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter.setPen(self._strong)
        painter.drawText(QRect(left, 0, room, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        advance = metrics.horizontalAdvance(text)
        painter.setPen(self._strong if hovered else self._pale)
        detail = metrics.elidedText(self._detail, Qt.TextElideMode.ElideRight, room - advance)
        painter.drawText(QRect(left + advance, 0, room - advance, self.height()), Qt.AlignmentFlag.AlignVCenter, detail)
        if self.hasFocus():
            painter.setPen(QPen(self._ring, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 5, 5)
        painter.end()

    def _paint_chevron(self, painter: QPainter) -> None:
        middle = QPointF(CHEVRON / 2, self.height() / 2)
        shape = [QPointF(-3.0, -2.0), QPointF(3.0, -2.0), QPointF(0.0, 2.5)]
        if not self.isChecked():
            shape = [QPointF(-2.0, -3.0), QPointF(-2.0, 3.0), QPointF(2.5, 0.0)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._strong)
        painter.drawPolygon(QPolygonF([middle + point for point in shape]))

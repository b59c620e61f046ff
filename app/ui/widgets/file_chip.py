"""A file as a small box with its name, how it stands, and perhaps a cross that takes it away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import body_font
from app.ui.widgets.enter_button import EnterButton

HEIGHT = 26
PADDING = 9
CROSS = 18
NAME_MOST = 190
DETAIL_MOST = 260


class FileChip(EnterButton):
    """Clicked opens the file. Delete, Backspace or the cross remove it, where that is offered."""

    removed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None, removable: bool = False) -> None:
        super().__init__(parent)
        self._detail = ""
        self._trouble = False
        self._busy = False
        self._removable = removable
        self.setText(name)
        self.setFont(body_font(12))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._describe()

    @property
    def detail(self) -> str:
        return self._detail

    def set_detail(self, detail: str, trouble: bool = False, busy: bool = False) -> None:
        """Say how the file stands: trouble in the colour of a warning, busy in that of progress."""
        self._detail, self._trouble, self._busy = detail, trouble, busy
        self._describe()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        name = min(metrics.horizontalAdvance(self.text()), NAME_MOST)
        detail = min(metrics.horizontalAdvance(self._separated()), DETAIL_MOST) if self._detail else 0
        return QSize(name + detail + 2 * PADDING + 2 + (CROSS if self._removable else 0), HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, HEIGHT)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._removable and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._removable and self._cross().contains(event.position()):
            self.setDown(False)
            self.removed.emit()
        else:
            super().mouseReleaseEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        hovered, focused = self.underMouse(), self.hasFocus()
        edge = colours.accent() if focused else colours.shadow() if hovered else colours.midlight()
        painter.setPen(QPen(edge.color(), 1.5 if focused else 1))
        painter.setBrush(colours.base())
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 7, 7)
        self._paint_words(painter)
        if self._removable:
            self._paint_cross(painter)
        painter.end()

    def _paint_words(self, painter: QPainter) -> None:
        metrics = self.fontMetrics()
        room = self.width() - 2 * PADDING - (CROSS if self._removable else 0)
        wanted = metrics.horizontalAdvance(self.text())
        rest = min(metrics.horizontalAdvance(self._separated()), DETAIL_MOST) if self._detail else 0
        for_name = max(min(wanted, NAME_MOST, room - rest), min(wanted, 40))
        # Widths are rounded, and a name that is wider by a fraction would be cut.
        name = metrics.elidedText(self.text(), Qt.TextElideMode.ElideMiddle, for_name + 1)
        painter.setPen(self.palette().windowText().color())
        line = QRectF(PADDING, 0, room, self.height())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)
        taken = metrics.horizontalAdvance(name)
        detail = metrics.elidedText(self._separated(), Qt.TextElideMode.ElideRight, int(room - taken))
        colours = self.palette()
        tone = colours.brightText() if self._trouble else colours.accent() if self._busy else colours.placeholderText()
        painter.setPen(tone.color())
        painter.drawText(line.adjusted(taken, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, detail)

    def _paint_cross(self, painter: QPainter) -> None:
        middle = self._cross().center()
        painter.setPen(QPen(QColor(self.palette().dark().color()), 1.3))
        for one, other in ((-3, 3), (3, -3)):
            painter.drawLine(int(middle.x() - 3), int(middle.y() + one), int(middle.x() + 3), int(middle.y() + other))

    def _cross(self) -> QRectF:
        return QRectF(self.width() - CROSS - 5, 0, CROSS + 5, self.height())

    def _separated(self) -> str:
        return f" · {self._detail}" if self._detail else ""

    def _describe(self) -> None:
        self.setAccessibleName(", ".join(part for part in (self.text(), self._detail) if part))
        if self._removable:
            self.setAccessibleDescription(self.tr("Delete removes it"))

"""How a row of the list of conversations looks."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui.conversation_model import RowRole
from app.ui.theme import Theme, body_font

Index = QModelIndex | QPersistentModelIndex
PADDING = 8
HEADING_HEIGHT = 33
ROW_HEIGHT = 52
TITLE_TOP = 7
TITLE_HEIGHT = 21


class ConversationDelegate(QStyledItemDelegate):
    """Draws a title over a smaller line, and headings in small capitals."""

    def __init__(self, theme: Theme, parent: QWidget, is_heading: Callable[[int], bool] = lambda _row: False) -> None:
        """is_heading tells it of a row's number: a view asks for the size of each of its rows, of ten thousand too."""
        super().__init__(parent)
        self._theme = theme
        self._is_heading = is_heading
        self._heading_size, self._row_size = QSize(100, HEADING_HEIGHT), QSize(100, ROW_HEIGHT)
        self._title_font = body_font(14)
        self._detail_font = body_font(12)
        self._heading_font = body_font(11)
        self._heading_font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 104)

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        return self._heading_size if self._is_heading(index.row()) else self._row_size

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect
        if self._is_heading(index.row()):
            self._paint_heading(painter, area, index)
        else:
            self._paint_back(painter, area, option.state)
            self._paint_text(painter, area, index)
        painter.restore()

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setProperty("tone", "rename")
        editor.setAccessibleName(self.tr("New title"))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, _index: Index) -> None:
        area: QRect = option.rect
        editor.setGeometry(area.adjusted(1, 4, -1, -20))

    def _paint_heading(self, painter: QPainter, area: QRect, index: Index) -> None:
        painter.setFont(self._heading_font)
        painter.setPen(QColor(self._theme.palette.faint))
        place = area.adjusted(PADDING, 0, -PADDING, -5)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, str(index.data()).upper())

    def _paint_back(self, painter: QPainter, area: QRect, state: QStyle.StateFlag) -> None:
        palette = self._theme.palette
        shape = QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(QColor(palette.accent_soft))
            painter.drawRoundedRect(shape, 8, 8)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(palette.hover))
            painter.drawRoundedRect(shape, 8, 8)
        keyboard = QStyle.StateFlag.State_KeyboardFocusChange
        if state & QStyle.StateFlag.State_HasFocus and state & keyboard:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(palette.accent), 1.5))
            painter.drawRoundedRect(shape.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)

    def _paint_text(self, painter: QPainter, area: QRect, index: Index) -> None:
        place = area.adjusted(PADDING, TITLE_TOP, -PADDING, 0)
        place.setHeight(TITLE_HEIGHT)
        painter.setFont(self._title_font)
        painter.setPen(QColor(self._theme.palette.ink))
        self._line(painter, place, str(index.data()))
        place.translate(0, TITLE_HEIGHT)
        place.setHeight(17)
        painter.setFont(self._detail_font)
        painter.setPen(QColor(self._theme.palette.faint))
        self._line(painter, place, str(index.data(RowRole.DETAIL)))

    @staticmethod
    def _line(painter: QPainter, place: QRect, text: str) -> None:
        metrics = painter.fontMetrics()
        elided = metrics.elidedText(" ".join(text.split()), Qt.TextElideMode.ElideRight, place.width())
        baseline = place.top() + (place.height() + metrics.ascent() - metrics.descent()) / 2
        painter.drawText(QPointF(place.left(), baseline), elided)

"""What a search found, as a list: title, the line with the words in it, and when it was written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import IntEnum

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QPainter, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.domain.search import SearchHit
from app.ui import words
from app.ui.theme import Theme, body_font

Index = QModelIndex | QPersistentModelIndex
PADDING = 8
HEIGHT = 76
SNIPPET_LINES = 2


class _HitRole(IntEnum):
    HIT = Qt.ItemDataRole.UserRole + 1
    WHEN = Qt.ItemDataRole.UserRole + 2


class SearchResults(QListWidget):
    """Tells which place was chosen, by a click or with Enter."""

    chosen = Signal(object)  # SearchHit

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("search_results")
        self.setAccessibleName(self.tr("What was found"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setItemDelegate(_HitDelegate(theme, self))
        self.itemClicked.connect(self._on_item_chosen)
        self.itemActivated.connect(self._on_item_chosen)

    def show_hits(self, hits: Sequence[SearchHit], today: date) -> None:
        self.clear()
        for hit in hits:
            title = words.one_line(hit.title or words.untitled())
            item = QListWidgetItem(title, self)
            when = words.when(hit.moment, today)
            item.setData(_HitRole.HIT, hit)
            item.setData(_HitRole.WHEN, when)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{title}, {when}: {hit.snippet}")

    def take_focus(self) -> None:
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        if self.currentRow() < 0:
            self.setCurrentRow(0)

    def choose_first(self) -> None:
        """Do as a click on the best place does."""
        item = self.item(0)
        if item is not None:
            self.setCurrentItem(item)
            self._on_item_chosen(item)

    @Slot(QListWidgetItem)
    def _on_item_chosen(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(_HitRole.HIT))


class _HitDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._title_font = body_font(14)
        self._small_font = body_font(12)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(100, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        area: QRect = option.rect
        palette = self._theme.palette
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        states = (
            (QStyle.StateFlag.State_Selected, palette.accent_soft),
            (QStyle.StateFlag.State_MouseOver, palette.hover),
        )
        back = next((colour for state, colour in states if option.state & state), None)
        if back is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(back))
            painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        inner = area.adjusted(PADDING, 7, -PADDING, -5)
        self._paint_head(painter, inner, str(index.data()), str(index.data(_HitRole.WHEN)))
        hit = index.data(_HitRole.HIT)
        if isinstance(hit, SearchHit):
            self._paint_snippet(painter, inner.adjusted(0, 22, 0, 0), hit)
        painter.restore()

    def _paint_head(self, painter: QPainter, area: QRect, title: str, when: str) -> None:
        painter.setFont(self._small_font)
        painter.setPen(QColor(self._theme.palette.faint))
        right = painter.fontMetrics().horizontalAdvance(when)
        baseline = area.top() + 15
        painter.drawText(QPointF(area.right() - right, baseline), when)
        painter.setFont(self._title_font)
        painter.setPen(QColor(self._theme.palette.ink))
        room = area.width() - right - PADDING
        title = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(area.left(), baseline), title)

    def _paint_snippet(self, painter: QPainter, area: QRect, hit: SearchHit) -> None:
        layout = QTextLayout(hit.snippet, self._small_font)
        layout.setTextOption(QTextOption(Qt.AlignmentFlag.AlignLeft))
        marked = QTextCharFormat()
        marked.setFontWeight(QFont.Weight.DemiBold)
        marked.setForeground(QColor(self._theme.palette.ink))
        marked.setBackground(QColor(self._theme.palette.select))
        formats = []
        for start, end in hit.marks:
            span = QTextLayout.FormatRange()
            span.start = len(hit.snippet[:start].encode("utf-16-le")) // 2
            span.length = len(hit.snippet[start:end].encode("utf-16-le")) // 2
            span.format = marked
            formats.append(span)
        layout.setFormats(formats)
        layout.beginLayout()
        top = 0.0
        for _ in range(SNIPPET_LINES):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(area.width())
            line.setPosition(QPointF(0, top))
            top += line.height()
        layout.endLayout()
        painter.setPen(QColor(self._theme.palette.mute))
        layout.draw(painter, QPointF(area.topLeft()))

"""A stretch of an answer: safe HTML in the colours of the theme."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Slot
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextLength,
    QTextTable,
)
from PySide6.QtWidgets import QWidget

from app.ui import cite_chips
from app.ui.theme import QUOTE_INDENT, Theme, prose_css
from app.ui.widgets.text_view import TextView

FIRST_MARGIN = 8
GAP = 12
RULER = QTextFormat.Property.BlockTrailingHorizontalRulerWidth
LIST_INDENT = 20


class ProseView(TextView):
    """Shows one or more prose blocks, and draws what Qt's rich text can't: rules beside quotations, citations."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._html = ""
        self._chips: list[cite_chips.CiteChip] = []
        self.setProperty("tone", "prose")
        theme.changed.connect(self._on_theme_changed)

    @property
    def html(self) -> str:
        """What was set last."""
        return self._html

    def set_html(self, html: str) -> None:
        """Show sanitized HTML; does nothing when it is shown already."""
        if html != self._html:
            self._html = html
            self._render()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        colour = QColor(self._theme.palette.line)
        for rectangle in self._quotations():
            painter.fillRect(rectangle, colour)
        self._draw_chips(painter, event)
        painter.end()

    @Slot()
    def _on_theme_changed(self) -> None:
        self._render()

    def _draw_chips(self, painter: QPainter, event: QPaintEvent) -> None:
        cursor = self.textCursor()
        reached = (cursor.selectionStart(), cursor.selectionEnd()) if self.hasFocus() else (-1, -1)
        for chip in self._chips:
            where = cite_chips.rectangle(self.document(), chip)
            if where.intersects(QRectF(event.rect())):
                cite_chips.draw(painter, where, chip, self._theme.palette, (chip.start, chip.end) == reached)

    def _render(self) -> None:
        self.document().setDefaultStyleSheet(prose_css(self._theme.palette))
        self.document().setIndentWidth(LIST_INDENT)
        self.setHtml(self._html)
        self._space_blocks()
        for frame in self.document().rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                self._finish_table(frame)
        self._chips = cite_chips.chips_in(self.document())
        cite_chips.hide_brackets(self.document(), self._chips)

    def _space_blocks(self) -> None:
        """Make the blocks of one view stand as far apart as views do, which Qt's rich text leaves out in places.

        A heading keeps but a part of the space above it when it comes first: what is above brings its own.
        """
        first = block = self.document().begin()
        while block.isValid():
            spacing = block.blockFormat()
            following = block.next()
            ends_list = _in_list(block) and following.isValid() and not _in_list(following)
            if block == first and spacing.topMargin() > FIRST_MARGIN:
                spacing.setTopMargin(FIRST_MARGIN)
                QTextCursor(block).setBlockFormat(spacing)
            elif ends_list or spacing.hasProperty(RULER):
                spacing.setBottomMargin(GAP)
                QTextCursor(block).setBlockFormat(spacing)
            block = following

    def _finish_table(self, table: QTextTable) -> None:
        """Tables take the whole column, and the empty line that Qt puts after one becomes the space below it."""
        shape = table.format()
        shape.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        shape.setBorder(0)
        shape.setTopMargin(GAP if table.firstPosition() > 1 else 0)
        table.setFormat(shape)
        cursor = QTextCursor(self.document())
        cursor.setPosition(table.lastPosition() + 1)
        if not cursor.block().text():
            flat, tiny = QTextBlockFormat(), QTextCharFormat()
            flat.setBottomMargin(GAP)
            font = self.font()
            font.setPixelSize(1)
            tiny.setFont(font)
            cursor.setBlockFormat(flat)
            cursor.setBlockCharFormat(tiny)

    def _quotations(self) -> list[QRectF]:
        """Where the rules go: one per level of a quoted block, run together where blocks follow each other."""
        result: list[QRectF] = []
        layout = self.document().documentLayout()
        bottoms: dict[int, float] = {}
        block = self.document().begin()
        while block.isValid():
            depth = 0 if block.textList() else int(block.blockFormat().leftMargin() // QUOTE_INDENT)
            bounds = layout.blockBoundingRect(block)
            bottoms = {level: bottoms.get(level, bounds.top()) for level in range(depth)}
            for level, top in bottoms.items():
                left = block.blockFormat().indent() * LIST_INDENT + level * QUOTE_INDENT
                result.append(QRectF(QPointF(left, top), QPointF(left + 2, bounds.bottom())))
                bottoms[level] = bounds.bottom()
            block = block.next()
        return result


def _in_list(block: QTextBlock) -> bool:
    return block.textList() is not None or block.blockFormat().indent() > 0

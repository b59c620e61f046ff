"""Below an answer: the places in documents that it cites, each a click away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.domain.chat import Citation
from app.ui import document_words as words
from app.ui.cite_chips import CiteChip, draw
from app.ui.theme import Theme, body_font
from app.ui.widgets.controls import flat_button
from app.ui.widgets.enter_button import EnterButton

FOLDED = 4
"""Sources that are shown without asking."""
ROW = 26
NUMBER = 20


class SourceList(QWidget):
    """Hidden while there are no sources."""

    opened = Signal(int)  # place among the answer's citations

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: list[SourceRow] = []
        self.setAccessibleName(self.tr("Sources"))
        self._more = flat_button("", self.tr("Show all sources"), self)
        self._more.setObjectName("more_sources")
        self._more.clicked.connect(self._on_more_clicked)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    @property
    def rows(self) -> tuple[SourceRow, ...]:
        return tuple(self._rows)

    def show_citations(self, citations: Sequence[Citation]) -> None:
        """Show each source once, by number."""
        for old in self._rows:
            self._layout.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._rows = [SourceRow(citation, self._theme, self) for _, citation in words.sources(citations)]
        for index, ((place, _), row) in enumerate(zip(words.sources(citations), self._rows, strict=True)):
            row.clicked.connect(partial(self.opened.emit, place))
            self._layout.insertWidget(index, row)
            row.setVisible(index < FOLDED)
        hidden = len(self._rows) - FOLDED
        self._more.setText(self.tr("1 more source") if hidden == 1 else self.tr("{n} more sources").format(n=hidden))
        self._more.setVisible(hidden > 0)
        self.setVisible(bool(self._rows))

    @Slot()
    def _on_more_clicked(self) -> None:
        for row in self._rows:
            row.show()
        self._more.hide()
        self._rows[FOLDED].setFocus(Qt.FocusReason.OtherFocusReason)


class SourceRow(EnterButton):
    """Number, file, page, and how the passage begins."""

    def __init__(self, citation: Citation, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._citation = citation
        self._name = citation.document or self.tr("No such source")
        self._place = words.unit(citation.document, citation.page)
        beginning = words.beginning(citation.passage, 200)
        self._words = beginning if citation.verified else self.tr("The model was not shown these lines")
        self.setFont(body_font(12))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(", ".join(part for part in (f"{citation.number}", self._name, self._place) if part))
        self.setAccessibleDescription(self._words)
        self.setEnabled(bool(citation.sha256 or citation.passage))

    @property
    def text_shown(self) -> str:
        return f"{self._citation.number} {self.accessibleName()} {self._words}"

    def sizeHint(self) -> QSize:
        return QSize(320, ROW)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, ROW)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self._theme.palette
        if self.underMouse() and self.isEnabled():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(palette.hover))
            painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        label = f"{self._citation.number}" if self._citation.verified else f"{self._citation.number}?"
        box = QRectF(4, (self.height() - 16) / 2, max(NUMBER, 7 * len(label) + 8), 16)
        draw(painter, box, CiteChip(0, 0, label), palette, focused=False)
        left = round(box.right()) + 8
        for text, weight, colour in (
            (self._name, QFont.Weight.Medium, palette.ink),
            (self._place, QFont.Weight.Normal, palette.mute),
            (self._words, QFont.Weight.Normal, palette.faint if self._citation.verified else palette.warn),
        ):
            left += self._write(painter, left, text, weight, colour)
        if self.hasFocus():
            painter.setPen(QPen(QColor(palette.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

    def _write(self, painter: QPainter, left: int, text: str, weight: QFont.Weight, colour: str) -> int:
        """Write a part of the row, and give how much room it took with the space behind it."""
        painter.setFont(body_font(12, weight))
        metrics = painter.fontMetrics()
        room = self.width() - left - 6
        if not text or room < 24:
            return 0
        if text == self._name:
            # The name leaves room for the page.
            room = min(room, max(120, self.width() // 2))
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.setPen(QColor(colour))
        painter.drawText(QRect(left, 0, room, self.height()), Qt.AlignmentFlag.AlignVCenter, shown)
        return metrics.horizontalAdvance(shown) + 10

"""The small numbered marks in an answer: where they stand in its text, and how they are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QPainter,
    QPen,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextLine,
)

from app.citation_marks import CITATION_SCHEME
from app.ui.theme import Palette, body_font

HEIGHT = 15.0
FONT_SIZE = 11
_SCHEME = f"{CITATION_SCHEME}:"


@dataclass(frozen=True, slots=True)
class CiteChip:
    """Characters start to end (exclusive) of a document, which say the number in brackets: ``[1]``, ``[2?]``."""

    start: int
    end: int
    label: str

    @property
    def verified(self) -> bool:
        return not self.label.endswith("?")


def chips_in(document: QTextDocument) -> list[CiteChip]:
    """All marks of a document, in order."""
    return [chip for block in _blocks(document) for chip in _chips_of(block)]


def hide_brackets(document: QTextDocument, chips: Iterable[CiteChip]) -> None:
    """Let the marks' own letters not be seen: they keep the room, and are what is copied and read aloud."""
    unseen = QTextCharFormat()
    unseen.setForeground(QColor(Qt.GlobalColor.transparent))
    for chip in chips:
        cursor = QTextCursor(document)
        cursor.setPosition(chip.start)
        cursor.setPosition(chip.end, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(unseen)


def rectangle(document: QTextDocument, chip: CiteChip) -> QRectF:
    """Where a mark stands on the document's page; empty where it is not laid out."""
    block = document.findBlock(chip.start)
    layout = block.layout()
    line = layout.lineForTextPosition(chip.start - block.position())
    if not line.isValid():
        return QRectF()
    left, right = _x(line, chip.start - block.position()), _x(line, chip.end - block.position())
    place = document.documentLayout().blockBoundingRect(block).topLeft()
    # The middle of small letters, not of the line, which has more room above than below.
    middle = place.y() + line.y() + line.ascent() - 4.5
    # Not quite to the word before, which often has no space after it.
    return QRectF(place.x() + left + 2, middle - HEIGHT / 2, max(right - left - 2, 0), HEIGHT)


def draw(painter: QPainter, where: QRectF, chip: CiteChip, palette: Palette, focused: bool) -> None:
    """Draw a mark over its brackets. One that is not verified is struck through and has a broken border."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink = QColor(palette.accent if chip.verified else palette.warn)
    painter.setBrush(QColor(palette.accent_soft if chip.verified else palette.bg))
    if focused:
        painter.setPen(QPen(ink, 1.5))
    elif chip.verified:
        painter.setPen(Qt.PenStyle.NoPen)
    else:
        painter.setPen(QPen(ink, 1, Qt.PenStyle.DashLine))
    painter.drawRoundedRect(where, 4.5, 4.5)
    font = body_font(FONT_SIZE, QFont.Weight.DemiBold)
    font.setStrikeOut(not chip.verified)
    painter.setFont(font)
    painter.setPen(ink)
    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, chip.label)


def _x(line: QTextLine, position: int) -> float:
    # Qt gives the position as well, which its type does not say.
    place: Any = line.cursorToX(position)
    return float(place[0])


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def _chips_of(block: QTextBlock) -> Iterator[CiteChip]:
    iterator = block.begin()
    while not iterator.atEnd():
        fragment = iterator.fragment()
        if fragment.isValid() and fragment.charFormat().anchorHref().startswith(_SCHEME):
            # Neighbours of one form are one fragment: "[1]" and "[1]" of the same passage, say.
            position = fragment.position()
            for piece in fragment.text().split("]")[:-1]:
                yield CiteChip(position, position + len(piece) + 1, piece.strip("[ "))
                position += len(piece) + 1
        iterator += 1

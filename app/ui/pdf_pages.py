"""Where the pages of a document end: between lines, never right below a heading.

QTextDocument can break pages itself, but it leaves headings alone at the foot of a page, and moving one of them there
makes its incremental layout lose count. So it lays out one endless page here, which is cut afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtGui import QTextBlock, QTextCursor, QTextDocument, QTextFormat

_WIDEST_GAP = 80.0
"""Dots between two lines up to which the cut goes through the middle, as between rows of a table with their borders."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a paragraph, by its number there."""

    block: QTextBlock
    number: int


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of the endless page, in its dots. resumed is the line of a paragraph that it goes on with, if any."""

    top: float
    bottom: float
    resumed: Line | None = None


@dataclass(slots=True)
class _Band:
    """Lines that can't be cut apart, being at the same height; is_heading if the next ones belong to them.

    line is the only one of the band, or None where there are several beside each other.
    """

    top: float
    bottom: float
    is_heading: bool
    line: Line | None = None


def blocks_of(text: QTextDocument) -> Iterator[QTextBlock]:
    """Go through the blocks of a document."""
    block = text.begin()
    while block.isValid():
        yield block
        block = block.next()


def cut_into_pages(text: QTextDocument, height: float) -> list[Page]:
    """Cut a document that is laid out into pages of at most that height. There is at least one."""
    bands = _bands(text)
    pages: list[Page] = []
    top, first = 0.0, 0
    resumed: Line | None = None
    while first < len(bands):
        after = _first_that_does_not_fit(bands, first, top + height)
        if after == len(bands):
            pages.append(Page(top, max(bands[-1].bottom, top), resumed))
            break
        if bands[first].bottom > top + height:
            # One band that is higher than a page: a row of a table with much in it.
            pages.append(Page(top, top + height, resumed))
            top, resumed = top + height, None
            first += bands[first].bottom <= top
            continue
        cut, next_top = _cut(bands[after - 1], bands[after])
        pages.append(Page(top, min(cut, top + height), resumed))
        top, first = next_top, after
        resumed = bands[after].line
        if resumed is not None and resumed.number == 0:
            resumed = None
    return pages or [Page(0.0, height)]


def _bands(text: QTextDocument) -> list[_Band]:
    bands: list[_Band] = []
    for line in sorted(_lines(text), key=lambda line: line.top):
        if bands and line.top < bands[-1].bottom - 0.5:
            bands[-1].bottom = max(bands[-1].bottom, line.bottom)
            bands[-1].line = None
        else:
            bands.append(line)
    return bands


def _lines(text: QTextDocument) -> Iterator[_Band]:
    for block in blocks_of(text):
        ruler = block.blockFormat().hasProperty(QTextFormat.Property.BlockTrailingHorizontalRulerWidth)
        if not block.text() and not ruler:
            continue
        place = text.documentLayout().blockBoundingRect(block)
        in_table = QTextCursor(block).currentTable() is not None
        is_heading = block.blockFormat().headingLevel() > 0
        if ruler:
            yield _Band(place.top(), place.bottom(), is_heading=True)
        layout = block.layout()
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            top = place.top() + line.y()
            yield _Band(top, top + line.height(), is_heading, None if in_table else Line(block, number))


def _first_that_does_not_fit(bands: list[_Band], first: int, bottom: float) -> int:
    """Say where the next page begins: with a heading if the page would end with it."""
    after = first
    while after < len(bands) and bands[after].bottom <= bottom:
        after += 1
    if after == len(bands):
        return after
    kept = after
    while kept > first and bands[kept - 1].is_heading:
        kept -= 1
    return kept if kept > first else max(after, first)


def _cut(last: _Band, following: _Band) -> tuple[float, float]:
    """Give where a page ends and where the next one begins."""
    if following.top - last.bottom <= _WIDEST_GAP:
        middle = (last.bottom + following.top) / 2
        return middle, middle
    return last.bottom, following.top

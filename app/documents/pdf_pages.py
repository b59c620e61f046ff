"""The lines of a PDF's pages with their places, straight from PDFium.

The raw functions are used because the helpers ask for one rectangle at a time and cost more than the text itself.
A line is what PDFium ends with CR LF. PDFium counts characters (with places) and text units (UTF-16) apart; the two are
translated at the ends of each line (FPDFText_GetCharIndexFromTextIndex, fpdf_searchex.h).
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from app.documents.clean import clean
from app.documents.pdf_filled import filled_in
from app.domain.documents import Rectangle

# What PDFium gives for a hyphen at the end of a line, with no line end after it: U+FFFE, older versions U+0002.
_HYPHENS = ("\ufffe", "\x02")
_LINE_END = re.compile("\r\n|[\ufffe\x02](?:\r\n)?")
_LEADERS = re.compile(r"\s*(?:(?:\s\.){3,}|\.{5,})\s*")

_MOST_LOOSE = 4.0
"""A font that claims to be so many times higher than its letters is not believed. An x has half its font's height."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in PDF coordinates."""
# A page with more is no page to read; PDFium's own text alone would fill the memory.
MOST_CHARACTERS_OF_A_PAGE = 2_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is printed. broken says that it ends in a hyphen (left out): the word goes on in the next line."""

    text: str
    box: Rectangle
    broken: bool = False

    @property
    def height(self) -> float:
        return self.box.bottom - self.box.top


@dataclass(frozen=True, slots=True)
class PageText:
    """A page as it is shown, in points, with its lines in PDFium's order. drawn says that anything at all is on it."""

    width: float
    height: float
    lines: tuple[Line, ...]
    drawn: bool = True


NO_PAGE = PageText(0.0, 0.0, (), drawn=False)


class PagePlan:
    """How a page lies: from PDF coordinates (y upward, before rotation and crop) to places on the page as shown."""

    def __init__(self, page: Any) -> None:
        box = pdfium.FS_RECTF()
        pdfium.FPDF_GetPageBoundingBox(page, box)
        self._left, self._bottom, self._right, self._top = box.left, box.bottom, box.right, box.top
        self._turns = pdfium.FPDFPage_GetRotation(page) % 4
        across, up = self._right - self._left, self._top - self._bottom
        self.width, self.height = (up, across) if self._turns % 2 else (across, up)

    def runs_down(self, text_page: Any, unit: int) -> bool:
        """Whether text is turned clockwise by a quarter on the page as shown. unit is the index of a text unit."""
        index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, unit)
        angle = pdfium.FPDFText_GetCharAngle(text_page, index)
        return bool((round(angle / (math.pi / 2)) + self._turns) % 4 == 1)

    def place(self, left: float, bottom: float, right: float, top: float) -> Rectangle:
        match self._turns:
            case 0:
                a, b, c, d = left - self._left, self._top - top, right - self._left, self._top - bottom
            case 1:
                a, b, c, d = bottom - self._bottom, left - self._left, top - self._bottom, right - self._left
            case 2:
                a, b, c, d = self._right - right, bottom - self._bottom, self._right - left, top - self._bottom
            case _:
                a, b, c, d = self._top - top, self._right - right, self._top - bottom, self._right - left
        return Rectangle(round(a, 1), round(b, 1), round(c, 1), round(d, 1))


def read_page(document: Any, index: int, form: Any = None) -> PageText:
    """The lines of one page; none where PDFium can't load it. Index from 0. form is the document's, if any."""
    page = pdfium.FPDF_LoadPage(document, index)
    if not page:
        return NO_PAGE
    try:
        plan = PagePlan(page)
        with _text_of(page) as text_page:
            lines = list(_lines(text_page, plan)) if text_page else []
            for text, box in filled_in(page, form):
                _insert(lines, _line(text, [box], plan, broken=False))
        drawn = bool(lines) or pdfium.FPDFPage_CountObjects(page) > 0
        return PageText(round(plan.width, 1), round(plan.height, 1), tuple(lines), drawn)
    finally:
        pdfium.FPDF_ClosePage(page)


@contextmanager
def _text_of(page: Any) -> Iterator[Any]:
    text_page = pdfium.FPDFText_LoadPage(page)
    try:
        yield text_page
    finally:
        if text_page:
            pdfium.FPDFText_ClosePage(text_page)


def _lines(text_page: Any, plan: PagePlan) -> Iterator[Line]:
    count = pdfium.FPDFText_CountChars(text_page)
    if not 0 < count <= MOST_CHARACTERS_OF_A_PAGE:
        return
    # Twice: a character beyond the 16-bit plane takes two units.
    buffer = (ctypes.c_ushort * (2 * count + 1))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(memoryview(buffer)[: max(written - 1, 0)]).decode("utf-16-le", errors="replace")
    astral = bool(text) and max(text) > "\uffff"
    edges = tuple(ctypes.c_double() for _ in range(4))
    sideways: list[Line] = []
    unit = 0
    for raw, ending in _split(text):
        units = len(raw.encode("utf-16-le", "surrogatepass")) // 2 if astral else len(raw)
        first, unit = unit, unit + units + len(ending)
        boxes = _boxes(text_page, first, units, edges)
        if not boxes or raw.isspace():
            continue
        line = _line(raw, boxes, plan, ending.startswith(_HYPHENS))
        if line.height > 2 * (line.box.right - line.box.left) and plan.runs_down(text_page, first):
            sideways.append(line)
            continue
        yield from _in_order(sideways)
        sideways = []
        yield line
    yield from _in_order(sideways)


def _in_order(sideways: list[Line]) -> list[Line]:
    """Lines that run down the page, the right one first: PDFium gives them from left to right."""
    backward = bool(sideways) and sideways[0].box.left < sideways[-1].box.left
    return sideways[::-1] if backward else sideways


def _line(raw: str, boxes: list[Box], plan: PagePlan, broken: bool) -> Line:
    text = clean(raw).replace("\n", " ").strip()
    if ". . ." in text or "....." in text:
        text = _LEADERS.sub(" … ", text)
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return Line(text, plan.place(min(lefts), min(bottoms), max(rights), max(tops)), broken)


def _insert(lines: list[Line], line: Line) -> None:
    """Put a line that was filled in behind what stands before it on its row, or else above what stands below."""
    middle = (line.box.top + line.box.bottom) / 2
    beside = [
        (one.box.left, index)
        for index, one in enumerate(lines)
        if one.box.top <= middle <= one.box.bottom and one.box.left <= line.box.left
    ]
    below = (index for index, one in enumerate(lines) if one.box.top > middle)
    lines.insert(max(beside)[1] + 1 if beside else next(below, len(lines)), line)


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Lines, each with what ends it."""
    position = 0
    for match in _LINE_END.finditer(text):
        yield text[position : match.start()], match.group()
        position = match.end()
    yield text[position:], ""


def _boxes(text_page: Any, unit: int, units: int, edges: Any) -> list[Box]:
    """The boxes around this stretch of text, one or more a printed line.

    PDFium's rectangles are as high as the letters in them. The first takes the height of its font, so that the distance
    of lines does not depend on which letters they hold, and a mark covers them well.
    """
    if not units:
        return []
    first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, unit)
    last = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, unit + units - 1)
    if first < 0 or last < first:
        return []
    left, top, right, bottom = edges
    found: list[Box] = []
    for index in range(pdfium.FPDFText_CountRects(text_page, first, last - first + 1)):
        if pdfium.FPDFText_GetRect(text_page, index, left, top, right, bottom):
            found.append((left.value, bottom.value, right.value, top.value))
    loose = pdfium.FS_RECTF()
    if found and pdfium.FPDFText_GetLooseCharBox(text_page, first, loose):
        letters = found[0]
        if 0 < loose.top - loose.bottom < _MOST_LOOSE * (letters[3] - letters[1]):
            found[0] = (letters[0], min(letters[1], loose.bottom), letters[2], max(letters[3], loose.top))
    return found

"""PDF: the text of each page with its places, under the headings of the outline."""

from __future__ import annotations

import ctypes
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from app.documents.builder import DocumentBuilder
from app.documents.limits import UnreadableError
from app.documents.pdf_file import PageReader, open_pdf
from app.documents.pdf_layout import PageForm, compounds, paragraphs, without_furniture
from app.documents.pdf_pages import NO_PAGE, Line, PageText
from app.documents.pdf_twin import STRETCH, is_twins
from app.documents.source import Source
from app.domain.documents import BlockKind, FileStatus, UnitKind

_MOST_BOOKMARKS = 20_000
_DEEPEST_BOOKMARK = 12
_MOST_LINES_OF_A_HEADING = 3
_SHORT = 24
_NOT_LETTERS = re.compile(r"[\W_]+")
_NUMBERING = re.compile(
    r"^(?:chapter|appendix|section|part)?\s*(?:\d{1,3}|[A-Z]|[IVXLC]{1,6})?(?:\.\d{1,3})*[.):]?\s+", re.I
)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of the outline. level 1 is the highest; y is the PDF coordinate it points to, where it has one."""

    title: str
    level: int
    page: int
    y: float | None


def extract(source: Source, builder: DocumentBuilder) -> None:
    document = open_pdf(source)
    builder.title = document.get_metadata_value("Title")
    total = len(document)
    count = min(total, builder.limits.units)
    labels = [_label(document, index) for index in range(count)]
    outline = _outline(document)
    document.close()
    pages = _read_pages(source, count)
    _say_what_is_missing(pages, total, builder)
    titles = {index: {_letters(bookmark.title) for bookmark in found} for index, found in outline.items()}
    body = without_furniture(pages, lambda index, text: index in titles and _letters(text) in titles[index])
    del pages
    hyphenated = compounds(body)
    for index, label in enumerate(labels):
        page, body[index] = body[index], NO_PAGE
        builder.begin_unit(UnitKind.PAGE, index + 1, label, page.width, page.height)
        _PageWriter(page, index + 1, hyphenated, builder).add(outline.get(index, []))


def _read_pages(source: Source, count: int) -> list[PageText]:
    """The lines of the first so many pages, with the twin's help where there is one."""
    pages: list[PageText] = []
    reader, twin = PageReader(source), source.twin
    while len(pages) < count:
        stretch = range(len(pages), min(len(pages) + STRETCH, count))
        found = twin.pages(stretch) if twin is not None and is_twins(stretch.start) else None
        if found is None and is_twins(stretch.start):
            # It has ended, whatever the reason: what it could not read may be readable with more room.
            twin = None
        pages += found or [reader.read(index) for index in stretch]
    reader.close()
    return pages


def _say_what_is_missing(pages: Sequence[PageText], count: int, builder: DocumentBuilder) -> None:
    if not any(page.lines for page in pages):
        raise UnreadableError(FileStatus.NO_TEXT, "There is no text in this file (a scan?).")
    lost = sum(not page.width for page in pages)
    if lost:
        builder.notes.append(f"Pages that are damaged and could not be read: {lost:,} of {count:,}.")
    bare = sum(page.drawn and not page.lines for page in pages)
    if bare:
        builder.notes.append(f"Pages without text (scans?): {bare:,} of {count:,}.")
    if count > len(pages):
        builder.notes.append(f"Only the first {len(pages):,} of {count:,} pages were read.")


def _label(document: Any, index: int) -> str:
    """The number printed on the page where it differs from its place (iv, A-3)."""
    label: str = document.get_page_label(index)
    return "" if label == str(index + 1) else label


class _PageWriter:
    """Adds a page's text, divided where headings stand."""

    def __init__(self, page: PageText, number: int, hyphenated: frozenset[str], builder: DocumentBuilder) -> None:
        self._page = page
        self._number = number
        self._form = PageForm(page.lines)
        self._hyphenated = hyphenated
        self._builder = builder

    def add(self, bookmarks: Sequence[Bookmark]) -> None:
        lines = self._page.lines
        done = 0
        for bookmark in bookmarks:
            first, last = _find_heading(lines, done, bookmark.title) or _first_below(
                lines, done, bookmark, self._page.height
            )
            before = lines[done:first]
            if done > 0 or not _is_chapter_mark(before):
                self._add_lines(before)
                before = ()
            self._builder.set_heading(bookmark.title, bookmark.level)
            self._add_lines(before)
            self._add_lines(lines[first:last], BlockKind.HEADING)
            done = last
        self._add_lines(lines[done:])

    def _add_lines(self, lines: Sequence[Line], kind: BlockKind | None = None) -> None:
        for paragraph in paragraphs(lines, self._form, self._hyphenated):
            self._builder.placed(paragraph.text, paragraph.boxes, self._number, kind or paragraph.kind)


def _is_chapter_mark(lines: Sequence[Line]) -> bool:
    """Whether what stands above a page's first heading is a part of it: "CHAPTER", "TWO"."""
    return len(lines) <= _MOST_LINES_OF_A_HEADING and all(len(line.text) < _SHORT for line in lines)


def _find_heading(lines: Sequence[Line], start: int, title: str) -> tuple[int, int] | None:
    """Which lines from start on are this heading: the same letters, whatever the numbering, over up to three lines."""
    wanted = _letters(title)
    if not wanted:
        return None
    for first in range(start, len(lines)):
        for last in range(first + 1, min(first + _MOST_LINES_OF_A_HEADING, len(lines)) + 1):
            found = " ".join(line.text for line in lines[first:last])
            if wanted in {_letters(found), _NOT_LETTERS.sub("", found).casefold()}:
                return first, last
            if len(found) > 2 * len(title) + 40:
                break
    return None


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", _NUMBERING.sub("", text, count=1)).casefold()


def _first_below(lines: Sequence[Line], start: int, bookmark: Bookmark, height: float) -> tuple[int, int]:
    """Where a heading that is not printed belongs: before the first line below the place it points to."""
    if bookmark.y is None:
        return start, start
    top = height - bookmark.y
    for index in range(start, len(lines)):
        if lines[index].box.bottom > top:
            return index, index
    return len(lines), len(lines)


def _outline(document: Any) -> dict[int, list[Bookmark]]:
    """The outline by page index, each page's entries in the outline's order."""
    found: dict[int, list[Bookmark]] = defaultdict(list)
    for number, bookmark in enumerate(document.get_toc(max_depth=_DEEPEST_BOOKMARK)):
        if number >= _MOST_BOOKMARKS:
            break
        destination = bookmark.get_dest()
        page = destination.get_index() if destination is not None else None
        if page is not None:
            found[page].append(Bookmark(bookmark.get_title(), bookmark.level + 1, page, _height_of(destination)))
    return found


def _height_of(destination: Any) -> float | None:
    """The y coordinate a bookmark points to; None for those that show the whole page."""
    flags = [ctypes.c_int() for _ in range(3)]
    places = [ctypes.c_float() for _ in range(3)]
    known = pdfium.FPDFDest_GetLocationInPage(destination.raw, *flags, *places)
    return places[1].value if known and flags[1].value else None

"""Documents as text with places: what a file says, where each part of it stands, and the passages made of it.

A document is one string. Blocks, units (pages, slides, sheets) and marks (where a PDF's lines stand on paper) are
ranges of characters in it; so is a passage, which is what an index stores and a citation points to. The numbered
lines in which a model reads a document are derived from the string alone and never change for the same text.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

LINE_WIDTH = 80
"""Characters in a numbered line, the width that gpt-oss's browser tool was trained with."""


class DocumentKind(StrEnum):
    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    EPUB = "epub"
    RTF = "rtf"
    HTML = "html"
    MARKDOWN = "markdown"
    TEXT = "text"
    CODE = "code"
    TABLE = "table"
    JSON = "json"
    MAIL = "mail"
    OLE = "ole"
    """Word, Excel and PowerPoint before 2007, and every Office file with a password. Recognised, never read."""


class FileStatus(StrEnum):
    """Where a file stands. What follows READ is the index's to say; all others come with a reason in words."""

    WAITING = "waiting"
    READING = "reading"
    READ = "read"
    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    NO_TEXT = "no_text"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    UNSUPPORTED = "unsupported"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    UNREADABLE = "unreadable"
    """The system refuses the file: missing, not permitted, a failing disk."""
    STOPPED = "stopped"


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"
    CODE = "code"
    NOTE = "note"
    """A footnote, a speaker's note, a comment: beside the text."""


class UnitKind(StrEnum):
    PAGE = "page"
    SLIDE = "slide"
    SHEET = "sheet"
    CHAPTER = "chapter"


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Edges in PDF points (1/72 inch), from the top left corner of the page as it is shown: y grows downward."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters start to end (exclusive) of the document's text stand in this rectangle of a page, named by number."""

    start: int
    end: int
    page: int
    rectangle: Rectangle


@dataclass(frozen=True, slots=True)
class Unit:
    """A page, slide, sheet or chapter: its number (from 1), and its name where it has one.

    width and height are in points as the page is shown, 0 where there is no paper.
    """

    number: int
    name: str
    start: int
    end: int
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of structure. headings is the path of headings above it, its own text included if it is one.

    unit is the number of the page, slide, sheet or chapter it stands in, None where the format has none.
    """

    kind: BlockKind
    start: int
    end: int
    headings: tuple[str, ...] = ()
    unit: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says. blocks, units and marks are in the order of the text; units of a kind that unit_kind names."""

    kind: DocumentKind
    title: str
    text: str
    blocks: tuple[Block, ...]
    unit_kind: UnitKind | None = None
    units: tuple[Unit, ...] = ()
    marks: tuple[Mark, ...] = ()

    def unit_at(self, offset: int) -> Unit | None:
        """The page (slide, sheet, chapter) that holds this character."""
        index = bisect_right(self.units, offset, key=lambda unit: unit.start) - 1
        return self.units[index] if index >= 0 else None

    def marks_in(self, start: int, end: int) -> tuple[Mark, ...]:
        """Where these characters stand on paper; the first and last line cut in proportion to their characters."""
        first = bisect_right(self.marks, start, key=lambda mark: mark.end)
        found: list[Mark] = []
        for mark in self.marks[first:]:
            if mark.start >= end:
                break
            found.append(_cut(mark, max(start, mark.start), min(end, mark.end)))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Passage:
    """What an index stores and a citation points to: a range of the document's text, which it repeats.

    first_line and last_line (inclusive) are numbered lines; unit and unit_name say where it begins.
    """

    number: int
    text: str
    start: int
    end: int
    first_line: int
    last_line: int
    headings: tuple[str, ...] = ()
    unit: int | None = None
    unit_name: str = ""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found, best first by score; document is the SHA-256 (hex) of the file's content."""

    document: str
    name: str
    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the index keeps it: enough to show it to the model and to a reader without the file.

    path is where the file was seen last.
    """

    sha256: str
    name: str
    path: str
    size: int
    kind: DocumentKind
    title: str
    text: str
    unit_kind: UnitKind | None = None
    units: tuple[Unit, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What became of a file. The document is there if, and only if, the status is READ.

    reason is a sentence for a person, empty where all is well. unguarded names the protections that this system does
    not offer; what remains is a process of its own with limits.
    """

    status: FileStatus
    reason: str = ""
    document: Document | None = None
    seconds: float = 0.0
    unguarded: tuple[str, ...] = ()


def numbered_lines(text: str, width: int = LINE_WIDTH) -> tuple[tuple[int, int], ...]:
    """Character ranges of the lines in which a model reads a text: its own lines, the long ones wrapped at spaces.

    The space or newline at which a line ends belongs to no line. A word longer than the width is cut.
    """
    lines: list[tuple[int, int]] = []
    position = 0
    while position <= len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        while end - position > width:
            cut = text.rfind(" ", position, position + width + 1)
            if cut <= position or text[position:cut].isspace():
                cut = position + width
            lines.append((position, cut))
            position = cut + 1 if text[cut] == " " else cut
        lines.append((position, end))
        position = end + 1
    return tuple(lines)


def line_at(lines: tuple[tuple[int, int], ...], offset: int) -> int:
    """The number of the line that holds this character."""
    return max(bisect_right(lines, offset, key=lambda line: line[0]) - 1, 0)


def _cut(mark: Mark, start: int, end: int) -> Mark:
    if (start, end) == (mark.start, mark.end):
        return mark
    box = mark.rectangle
    per_character = (box.right - box.left) / (mark.end - mark.start)
    left = box.left + per_character * (start - mark.start)
    right = box.left + per_character * (end - mark.start)
    return Mark(start, end, mark.page, Rectangle(round(left, 1), box.top, round(right, 1), box.bottom))

"""Formats that are read as they are written: plain text, Markdown, source code. The text keeps its lines.

Their structure is found, not parsed: a line that is underlined or begins with # is a heading, a fenced part is code, a
line at the margin that begins like a definition names what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.documents.builder import LONGEST_HEADING, DocumentBuilder
from app.documents.clean import clean
from app.documents.encoding import read_text
from app.documents.source import Source
from app.domain.documents import BlockKind

_UNDERLINE = re.compile(r"([=\-~^\"'`#*+.:_])\1{2,}\s*$")
_UNDERLINE_ORDER = "=-~^\"'`#*+.:_"
_NUMBER_SIGNS = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_ITEM = re.compile(r"\s{0,6}(?:[-*+•]|\d{1,3}[.)])\s+\S")
_DEFINITION = re.compile(
    r"(?:(?:export|default|public|private|protected|internal|static|abstract|final|async|pub(?:\(\w+\))?|unsafe|extern)\s+)*"
    r"(?:class|def|function|func|fn|interface|struct|enum|trait|impl|module|namespace|package|sub|procedure|type|object)\s+"
    r"([^\s({:;<]+)"
)
_MOST_LINES_OF_CODE = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines that belong together: first and last (exclusive), and their heading's level if they are one."""

    first: int
    last: int
    kind: BlockKind
    level: int = 0
    heading: str = ""


def extract(source: Source, builder: DocumentBuilder) -> None:
    """Plain text, reStructuredText, Markdown."""
    lines = _lines(read_text(source, builder)[: builder.limits.characters + 1])
    is_markdown = source.name.lower().endswith((".md", ".markdown", ".mdown"))
    _add(lines, _prose(lines, number_signs=is_markdown), builder)


def extract_code(source: Source, builder: DocumentBuilder) -> None:
    """Source code and configuration."""
    add_code(read_text(source, builder)[: builder.limits.characters + 1], builder)


def add_code(text: str, builder: DocumentBuilder) -> None:
    lines = _lines(text)
    _add(lines, _code(lines), builder)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in clean(text).expandtabs(4).split("\n")]


def _add(lines: Sequence[str], pieces: Iterator[Piece], builder: DocumentBuilder) -> None:
    """Add pieces with the empty lines between them as they are."""
    end = 0
    for piece in pieces:
        if piece.heading:
            builder.set_heading(piece.heading, piece.level)
        if piece.kind is BlockKind.HEADING and not builder.title:
            builder.title = piece.heading
        gap = piece.first - end + (1 if end else 0)
        builder.verbatim("\n".join(lines[piece.first : piece.last]), piece.kind, gap)
        end = piece.last


def _prose(lines: Sequence[str], number_signs: bool) -> Iterator[Piece]:
    """Paragraphs, items, headings and fenced code of a text, in order."""
    # Markdown says which line is which level; elsewhere the first kind of line met is the highest.
    ranks: list[str] = ["=", "-"] if number_signs else []
    index = 0
    while index < len(lines):
        if not lines[index]:
            index += 1
            continue
        piece = _fenced(lines, index) or (_number_sign_heading(lines, index) if number_signs else None)
        piece = piece or _underlined_heading(lines, index, ranks) or _paragraph(lines, index, number_signs)
        yield piece
        index = piece.last


def _fenced(lines: Sequence[str], index: int) -> Piece | None:
    opening = _FENCE.match(lines[index])
    if not opening:
        return None
    mark = opening.group(1)
    for last in range(index + 1, len(lines)):
        if lines[last].strip() == mark:
            return Piece(index, last + 1, BlockKind.CODE)
    return Piece(index, len(lines), BlockKind.CODE)


def _number_sign_heading(lines: Sequence[str], index: int) -> Piece | None:
    match = _NUMBER_SIGNS.match(lines[index])
    if not match or not match.group(2):
        return None
    return Piece(index, index + 1, BlockKind.HEADING, len(match.group(1)), match.group(2))


def _underlined_heading(lines: Sequence[str], index: int, ranks: list[str]) -> Piece | None:
    """A line that is underlined, or stands between two lines."""
    over = _UNDERLINE.match(lines[index]) and index + 2 < len(lines) and lines[index + 2] == lines[index]
    text = lines[index + 1 if over else index].strip()
    below = index + 2 if over else index + 1
    if below >= len(lines) or not text or len(text) > LONGEST_HEADING or not any(map(str.isalnum, text)):
        return None
    match = _UNDERLINE.match(lines[below])
    if not match or len(lines[below]) < min(len(text) - 2, 3) or len(lines[below]) + 2 < len(text):
        return None
    rank = ("over" if over else "") + match.group(1)
    if rank not in ranks:
        ranks.append(rank)
    return Piece(index, below + 1, BlockKind.HEADING, ranks.index(rank) + 1, text)


def _paragraph(lines: Sequence[str], index: int, number_signs: bool) -> Piece:
    is_item = bool(_ITEM.match(lines[index]))
    last = index + 1
    while last < len(lines) and lines[last]:
        if _ITEM.match(lines[last]) or _FENCE.match(lines[last]) or (number_signs and lines[last].startswith("#")):
            break
        last += 1
    return Piece(index, last, BlockKind.ITEM if is_item else BlockKind.PARAGRAPH)


def _code(lines: Sequence[str]) -> Iterator[Piece]:
    """Code in pieces that end at an empty line before a line at the margin, or where they get long."""
    index = 0
    while index < len(lines):
        if not lines[index]:
            index += 1
            continue
        last = index + 1
        while last < len(lines) and not _ends_before(lines, index, last):
            last += 1
        while not lines[last - 1]:
            last -= 1
        heading, level = _definition(lines[index:last])
        yield Piece(index, last, BlockKind.CODE, level, heading)
        index = last


def _ends_before(lines: Sequence[str], first: int, line: int) -> bool:
    if lines[line - 1] or not lines[line]:
        return line - first >= 2 * _MOST_LINES_OF_CODE
    return not lines[line][0].isspace() or line - first >= _MOST_LINES_OF_CODE


def _definition(lines: Sequence[str]) -> tuple[str, int]:
    """What the first definition in these lines is called, and its level by how far it is indented."""
    for line in lines:
        match = _DEFINITION.match(line.lstrip())
        if match:
            return match.group().strip(), 1 if not line[0].isspace() else 2
    return "", 0

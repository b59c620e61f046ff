"""From printed lines to running text: what repeats on every page goes, lines become paragraphs, broken words whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.documents.pdf_pages import Line, PageText
from app.domain.documents import BlockKind, Rectangle

# How many pages around one are looked at for the same line at the top or bottom: running heads change with the chapter.
_NEIGHBOURS = 4
_SAME_HEADS = 2
_MARGIN = 0.12
"""The part of a page's height at its top and bottom in which running heads and page numbers stand."""
_EDGE_LINES = 3
_USUAL_SPACING = 1.15
_WIDEST_SPACING = 3.0
_MORE_SPACE = 1.25
"""Lines that stand apart this many times further than others begin a new paragraph."""
_MOST_DIFFERENT = 1.5
_SAME_COLUMN = 40.0
"""Lines whose left ends are nearer than this many points stand in the same column: an indent is less."""

_NUMBER_AT_AN_END = re.compile(r"^\d{1,5}(?=\s)|(?<=\s)\d{1,5}$")
_PAGE_NUMBER = re.compile(
    r"[\W_]*(?:page|seite)?[\W_]*(?:\d{1,5}|[ivxlc]{1,7})(?:\s*(?:of|/|von|sur)\s*\d{1,5})?[\W_]*", re.I
)
_COMPOUND = re.compile(r"\w+-\w+")
_LAST_WORD = re.compile(r"\w+$")
_FIRST_WORD = re.compile(r"\w+")
_ITEM = re.compile(r"(?:[•◦▪‣·∙●○■□–—*-]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+\S")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text with the boxes of its lines: start and end in text, and the rectangle."""

    text: str
    boxes: tuple[tuple[int, int, Rectangle], ...]
    kind: BlockKind
    top: float


def without_furniture(pages: Sequence[PageText], is_heading: Callable[[int, str], bool]) -> list[PageText]:
    """The pages without running heads, running feet and page numbers.

    A line near the edge goes if on at least two pages nearby the same line, but for a number at its end, stands near
    the edge, or one that begins or ends with a number which counts the pages as this one does. is_heading knows, by
    page index and text, what the outline says to be a heading there; that stays.
    """
    edges = [_edge_lines(page) for page in pages]
    signs = [
        {sign for index in edge for sign in _signs(page.lines[index].text, number)}
        for number, (page, edge) in enumerate(zip(pages, edges, strict=True))
    ]
    window: Counter[str] = Counter()
    for nearby in signs[:_NEIGHBOURS]:
        window.update(nearby)
    result: list[PageText] = []
    for number, page in enumerate(pages):
        if number + _NEIGHBOURS < len(signs):
            window.update(signs[number + _NEIGHBOURS])
        if number > _NEIGHBOURS:
            window.subtract(signs[number - _NEIGHBOURS - 1])
        gone = {
            index
            for index in edges[number]
            if _is_furniture(page.lines[index].text, number, window) and not is_heading(number, page.lines[index].text)
        }
        lines = tuple(line for index, line in enumerate(page.lines) if index not in gone)
        result.append(replace(page, lines=lines))
    # Where it leaves most pages bare, what repeats is what they say.
    left, before = (sum(bool(page.lines) for page in some) for some in (result, pages))
    return result if 2 * left >= before else list(pages)


def compounds(pages: Sequence[PageText]) -> frozenset[str]:
    """Words that are written with a hyphen inside a line: a hyphen at a line's end may be one of theirs."""
    return frozenset(word.lower() for page in pages for line in page.lines for word in _COMPOUND.findall(line.text))


def paragraphs(lines: Sequence[Line], form: PageForm, hyphenated: frozenset[str]) -> Iterator[Paragraph]:
    """The paragraphs of a page, or of a part of it; list items, and lines that stand alone, each on its own."""
    group: list[Line] = []
    for line in lines:
        if group and not _goes_on(group[-1], line, form.spacing):
            yield _join(group, form, hyphenated)
            group = []
        group.append(line)
    if group:
        yield _join(group, form, hyphenated)


class PageForm:
    """How a page is set: how far its lines stand apart, and how far they reach to the right."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.spacing = _line_spacing(lines)
        self._edges = [(line.box.left, line.box.right) for line in lines]
        self._margins: dict[int, float] = {}

    def right_of(self, group: Sequence[Line]) -> float:
        """The right margin of the column that these lines stand in, as the longest of its lines show it."""
        left = int(min(line.box.left for line in group))
        if left not in self._margins:
            rights = sorted(right for begin, right in self._edges if abs(begin - left) < _SAME_COLUMN)
            self._margins[left] = rights[len(rights) * 9 // 10]
        return max(self._margins[left], *(line.box.right for line in group))


def _line_spacing(lines: Sequence[Line]) -> float:
    """How far a page's lines stand apart, in heights of a line: about 1.1, in a draft with double spacing about 2."""
    steps = sorted(
        step for line, following in pairwise(lines) if 0 < (step := _step(line, following)) < _WIDEST_SPACING
    )
    return steps[len(steps) // 4] if steps else _USUAL_SPACING


def _edge_lines(page: PageText) -> list[int]:
    """Which lines stand near the top or bottom edge, at most three at each."""
    order = sorted(range(len(page.lines)), key=lambda index: page.lines[index].box.top)
    limit = page.height * _MARGIN
    top = [index for index in order[:_EDGE_LINES] if page.lines[index].box.bottom < limit]
    bottom = [index for index in order[-_EDGE_LINES:] if page.lines[index].box.top > page.height - limit]
    return sorted({*top, *bottom})


def _signs(text: str, number: int) -> Iterator[str]:
    """What tells a running head from text: what it says, and by how much its number differs from the page's."""
    yield _NUMBER_AT_AN_END.sub("#", text).casefold()
    for match in _NUMBER_AT_AN_END.finditer(text):
        yield f"\0{int(match.group()) - number}"


def _is_furniture(text: str, number: int, window: Counter[str]) -> bool:
    if _PAGE_NUMBER.fullmatch(text):
        return True
    return any(window[sign] > _SAME_HEADS for sign in _signs(text, number))


def _goes_on(line: Line, following: Line, spacing: float) -> bool:
    """Whether two lines belong to one paragraph: one below the other, close, alike in size, or on the same height."""
    if line.broken or _same_height(line, following):
        return True
    taller, smaller = max(line.height, following.height), min(line.height, following.height)
    overlap = min(line.box.right, following.box.right) - max(line.box.left, following.box.left)
    is_close = 0 < _step(line, following) < _MORE_SPACE * spacing
    return is_close and taller <= _MOST_DIFFERENT * smaller and overlap > 0 and not _begins_item(following)


def _step(line: Line, following: Line) -> float:
    """From one line's foot to the next one's, in heights of the taller."""
    return (following.box.bottom - line.box.bottom) / max(line.height, following.height, 1.0)


def _same_height(line: Line, following: Line) -> bool:
    middle = (following.box.top + following.box.bottom) / 2
    return line.box.top <= middle <= line.box.bottom and following.box.left >= line.box.right - 1


def _begins_item(line: Line) -> bool:
    return _ITEM.match(line.text) is not None


def _join(group: Sequence[Line], form: PageForm, hyphenated: frozenset[str]) -> Paragraph:
    right = form.right_of(group)
    text = ""
    boxes: list[tuple[int, int, Rectangle]] = []
    for line, following in pairwise((*group, None)):
        assert line is not None
        boxes.append((len(text), len(text) + len(line.text), line.box))
        text += line.text
        if following is not None:
            text += _between(line, following, right, hyphenated)
    kind = BlockKind.ITEM if _begins_item(group[0]) else BlockKind.PARAGRAPH
    return Paragraph(text, tuple(boxes), kind, group[0].box.top)


def _between(line: Line, following: Line, right: float, hyphenated: frozenset[str]) -> str:
    """What stands between two lines of a paragraph: nothing or a hyphen in a broken word, a space, or a line break.

    The break was meant where the first word of the next line would have had room: code, addresses, tables.
    """
    if line.broken:
        before, after = _LAST_WORD.search(line.text), _FIRST_WORD.match(following.text)
        word = f"{before.group()}-{after.group()}".lower() if before and after else ""
        return "-" if word in hyphenated or not word or not following.text[0].islower() else ""
    if _same_height(line, following):
        return " "
    if " … " in line.text or " … " in following.text:
        # A line of a table of contents.
        return "\n"
    per_character = (line.box.right - line.box.left) / len(line.text)
    needed = per_character * (len(following.text.split(" ", 1)[0]) + 1)
    return " " if line.box.right + needed > right else "\n"

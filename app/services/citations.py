"""Citations: the marks in an answer, each resolved against what the model was shown in this conversation."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from app.domain.chat import Attachment, Citation, Excerpt, Message, Part, Shown, Text, ToolResult
from app.domain.documents import numbered_lines
from app.domain.marks import MARK
from app.domain.quoted import quoted_line

_ITEMS = re.compile(r"\s*[;,]\s*(?=\d+\s*(?::\s*\d+)?\s*†)|\s*;\s*")
_CURSOR = re.compile(r"\s*(?:cursor\s*)?(\d{1,9})(?::\d+)?\s*", re.IGNORECASE)
_LINES = re.compile(r"(?<!\w)L(\d{1,9})(?:\s*[-–—]\s*L?(\d{1,9}))?(?!\w)")
_BARE_LINES = re.compile(r"\s*(\d{1,9})(?:\s*[-–—]\s*(\d{1,9}))?\s*")


def citations(history: Iterable[Message], answer: Sequence[Part]) -> tuple[Citation, ...]:
    """The citations of an answer, in the order in which they appear, one for each mark and each place it means.

    history are the messages before it that the model sees. Equal places share a number. What the model was not shown is
    kept, as not verified.
    """
    seen = _Seen([*(part for message in history for part in message.parts), *answer])
    found: list[Citation] = []
    numbers: dict[object, int] = {}
    marks: set[str] = set()
    for part in answer:
        if not isinstance(part, Text):
            continue
        for match in MARK.finditer(part.text):
            if match[0] in marks:
                continue
            marks.add(match[0])
            for place in _places(seen, match, part.text):
                key = (place.sha256, place.first_line, place.last_line) if place.sha256 else match[0]
                number = numbers.setdefault(key, len(numbers) + 1)
                found.append(replace(place, number=number, mark=match[0]))
    return tuple(found)


def _places(seen: _Seen, match: re.Match[str], text: str) -> list[Citation]:
    """What a mark points to; nothing where it is no citation but merely looks like one."""
    if match["bracket"] is not None:
        return list(_of_bracket(seen, match["bracket"]))
    if match["other"] is not None:
        return list(_of_bracket(seen, match["other"]))
    if match["number"] is not None:
        after_word = match.start() > 0 and (text[match.start() - 1].isalnum() or text[match.start() - 1] in "_)]")
        numbers = [int(number) for number in re.findall(r"\d+", match["number"])]
        return list(_of_numbers(seen, numbers, doubtful=after_word))
    file = seen.files.get(match["name"].strip())
    return [file.whole()] if file is not None else []


def _of_bracket(seen: _Seen, content: str) -> Iterator[Citation]:
    for item in _ITEMS.split(content):
        reference, dagger, rest = item.partition("†")
        ranges = _ranges(rest)
        cursor = _CURSOR.fullmatch(reference)
        if cursor is None:
            yield from _of_file(seen, reference, ranges, is_citation=bool(dagger and ranges))
            continue
        page = seen.pages.get(int(cursor[1]))
        if page is None:
            # 【1】 is also how Chinese and Japanese texts number things.
            if dagger:
                yield from (_unknown(*lines) for lines in ranges or [(0, 0)])
        elif ranges:
            for first, last in ranges:
                yield from seen.lines_of_page(page, first, last)
        else:
            yield seen.whole_page(page)


def _of_file(seen: _Seen, name: str, ranges: list[tuple[int, int]], *, is_citation: bool) -> Iterator[Citation]:
    """A file cited by name: one that came with a message, else one that was shown."""
    file = seen.files.get(name.strip())
    if file is None and not is_citation:
        return
    if file is not None and not ranges:
        yield file.whole()
    for first, last in ranges:
        yield _unknown(first, last) if file is None else file.lines(first, last)


def _of_numbers(seen: _Seen, numbers: Sequence[int], *, doubtful: bool) -> Iterator[Citation]:
    """Passages cited by number. doubtful: it may be the index of an array, so an unknown number is no citation."""
    if not seen.numbered or (doubtful and not all(number in seen.numbered for number in numbers)):
        return
    for number in numbers:
        excerpt = seen.numbered.get(number)
        yield _unknown(0, 0) if excerpt is None else _Document([excerpt]).whole()


def _ranges(text: str) -> list[tuple[int, int]]:
    """The ranges of lines (inclusive) in what follows the cursor."""
    found = [match.groups() for match in _LINES.finditer(text)]
    if not found and (bare := _BARE_LINES.fullmatch(text.partition("†")[0])):
        found = [bare.groups()]
    pairs = [(int(first), int(last or first)) for first, last in found]
    return [(min(pair), max(pair)) for pair in pairs]


def _unknown(first: int, last: int, document: str = "", sha256: str = "") -> Citation:
    return Citation(0, document, first, last, "", sha256=sha256)


@dataclass(frozen=True, slots=True)
class _Line:
    """A numbered line that the model was shown, as a range of characters of the document."""

    number: int
    start: int
    end: int
    excerpt: Excerpt


class _Document:
    """All lines of one document that the model was shown."""

    def __init__(self, excerpts: Sequence[Excerpt]) -> None:
        """excerpts, at least one, are all of the same document."""
        self._name, self._sha256 = excerpts[0].document, excerpts[0].sha256
        # What a tool showed knows its pages, a file that came with a message does not: the later word counts.
        by_knowledge = sorted(excerpts, key=lambda excerpt: bool(excerpt.pages))
        self._lines = {line.number: line for excerpt in by_knowledge for line in _lines(excerpt)}

    def lines(self, first: int, last: int) -> Citation:
        """These lines (inclusive), verified if all of them were shown; the passage is what was shown of them."""
        known = [self._lines[number] for number in sorted(self._lines) if first <= number <= last]
        if not known:
            return _unknown(first, last, self._name, self._sha256)
        start = known[0].start
        return Citation(
            number=0,
            document=self._name,
            first_line=first,
            last_line=last,
            passage=_passage(known),
            page=_page(known[0].excerpt, start),
            verified=len(known) == last - first + 1,
            sha256=self._sha256,
            start=start,
            end=known[-1].end,
        )

    def whole(self) -> Citation:
        return self.lines(min(self._lines), max(self._lines))


class _Seen:
    """What the model was shown: pages by cursor, passages by number, files by name."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.pages: dict[int, Shown] = {}
        self.numbered: dict[int, Excerpt] = {}
        excerpts: dict[str, list[Excerpt]] = {}
        for part in parts:
            for excerpt in self._take(part):
                excerpts.setdefault(excerpt.sha256, []).append(excerpt)
        self._documents = {sha256: _Document(shown) for sha256, shown in excerpts.items()}
        self.files = {quoted_line(shown[0].document): self._documents[sha256] for sha256, shown in excerpts.items()}

    def lines_of_page(self, page: Shown, first: int, last: int) -> Iterator[Citation]:
        """Lines of a page as lines of documents: the page's own, or those of each result that they touch."""
        if page.document:
            document = self._documents.get(page.document)
            yield _unknown(first, last) if document is None else document.lines(first, last)
            return
        results = [(excerpt, excerpt.line + len(_lines(excerpt)) - 1) for excerpt in page.excerpts if excerpt.text]
        touched = [(excerpt, end) for excerpt, end in results if excerpt.line <= last and first <= end]
        # Above each result stands its link, which means all of it.
        linked = [] if touched else [excerpt for excerpt, _ in results if first <= excerpt.line - 1 <= last]
        exists = last <= max((end for _, end in results), default=-1)
        for excerpt, end in touched:
            shift = excerpt.first_line - excerpt.line
            lines = self._documents[excerpt.sha256].lines(max(first, excerpt.line) + shift, min(last, end) + shift)
            yield replace(lines, verified=lines.verified and exists)
        for excerpt in linked:
            yield _Document([excerpt]).whole()
        if not (touched or linked):
            yield _unknown(first, last)

    def whole_page(self, page: Shown) -> Citation:
        """A page that is cited without lines: all that it showed, if that is one place."""
        shown = [excerpt for excerpt in page.excerpts if excerpt.text]
        return _Document(shown).whole() if page.document or len(shown) == 1 else _unknown(0, 0)

    def _take(self, part: Part) -> list[Excerpt]:
        if isinstance(part, Attachment) and part.text:
            return [Excerpt(part.name, part.sha256, 0, 0, 0, part.text)]
        if not isinstance(part, ToolResult) or part.shown is None or part.shown.cursor is None:
            return []
        if part.shown.numbered:
            self.numbered.update(enumerate(part.shown.excerpts, start=part.shown.cursor))
        else:
            self.pages[part.shown.cursor] = part.shown
        return [excerpt for excerpt in part.shown.excerpts if excerpt.text]


def _lines(excerpt: Excerpt) -> list[_Line]:
    """The numbered lines of an excerpt; they fall where they do in the document, because it begins where one does."""
    ranges = enumerate(numbered_lines(excerpt.text), start=excerpt.first_line)
    return [_Line(number, excerpt.start + start, excerpt.start + end, excerpt) for number, (start, end) in ranges]


def _passage(lines: Sequence[_Line]) -> str:
    pieces = []
    for _, group in groupby(lines, key=lambda line: id(line.excerpt)):
        stretch = list(group)
        excerpt = stretch[0].excerpt
        pieces.append(excerpt.text[stretch[0].start - excerpt.start : stretch[-1].end - excerpt.start])
    return "\n".join(pieces)


def _page(excerpt: Excerpt, offset: int) -> int | None:
    """The number of the page that holds a character."""
    index = bisect_right(excerpt.pages, offset, key=lambda page: page[0]) - 1
    return excerpt.pages[index][1] if index >= 0 else None

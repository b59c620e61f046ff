"""Documents as pages of the browser tool: numbered lines, laid out as gpt-oss was trained to read them.

Layout: openai/gpt-oss, gpt_oss/tools/simple_browser (``[cursor] title (source)``, ``**viewing lines [a - b] of N**``,
``L0: …``). What a page shows of documents is kept beside it as excerpts, so that citations can be checked later.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.chat import Excerpt, Shown
from app.domain.documents import Passage, StoredDocument, UnitKind, line_at, numbered_lines
from app.domain.quoted import quoted, quoted_line

_FIND_LINES = 4
_SNIPPET_LINES = 2
_WORD = re.compile(r"\w{2,}")
# Once so much of the budget is spent on whole passages, the others are shown by their best lines.
_WHOLE_SHARE = 0.7
_BYTES_PER_TOKEN = 4
_TOKENS_OF_LINE_NUMBER = 5
_TITLE = 70


def estimated_tokens(text: str) -> int:
    """What a model has to read, about: o200k packs four bytes or more into a token of prose, in any script, and short
    lines take more. On pages of prose, code and Markdown it came to between 0.8 and 1.2 of the true number."""
    return len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN + 3 * text.count("\n") + 1


@dataclass(frozen=True, slots=True)
class Opened:
    """A stored document with its numbered lines, as character ranges."""

    stored: StoredDocument
    lines: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, stored: StoredDocument) -> Opened:
        return cls(stored, numbered_lines(stored.text))

    @property
    def name(self) -> str:
        return quoted_line(self.stored.name)

    def line(self, number: int) -> str:
        """The line's text, as the model is shown it."""
        start, end = self.lines[number]
        return quoted(self.stored.text[start:end])

    def line_at(self, offset: int) -> int:
        return line_at(self.lines, offset)

    def cost(self, number: int) -> int:
        """Tokens of a line with its number."""
        start, end = self.lines[number]
        return estimated_tokens(self.stored.text[start:end]) + _TOKENS_OF_LINE_NUMBER

    def end_of_view(self, first: int, budget: int, num_lines: int | None = None) -> int:
        """The last line of a view that begins with this one and costs so many tokens at most; it has one line at least.

        num_lines is how many lines are wanted, None for as many as there is room for.
        """
        limit = len(self.lines) if not num_lines else min(len(self.lines), first + num_lines)
        last, spent = first, self.cost(first)
        while last + 1 < limit and spent + self.cost(last + 1) <= budget:
            last += 1
            spent += self.cost(last)
        return last

    def excerpt(self, first: int, last: int, line: int) -> Excerpt:
        """These lines (inclusive), the first of which is shown under the number line."""
        start, end = self.lines[first][0], self.lines[last][1]
        return Excerpt(
            document=self.stored.name,
            sha256=self.stored.sha256,
            line=line,
            first_line=first,
            start=start,
            text=self.stored.text[start:end],
            pages=self._pages(start, end),
        )

    def place(self, offset: int) -> str:
        """Where a character stands: ``page 3``, ``sheet Costs``; empty where the format has no pages."""
        units = self.stored.units
        index = bisect_right(units, offset, key=lambda unit: unit.start) - 1
        if self.stored.unit_kind is None or index < 0:
            return ""
        unit = units[index]
        named = unit.name and self.stored.unit_kind in (UnitKind.SHEET, UnitKind.CHAPTER)
        return f"{self.stored.unit_kind.value} {quoted_line(unit.name, _TITLE) if named else unit.number}"

    def _pages(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        first = max(bisect_right(self.stored.units, start, key=lambda unit: unit.start) - 1, 0)
        return tuple(
            (unit.start, unit.number) for unit in self.stored.units[first:] if unit.start <= max(start, end - 1)
        )


def size_in_words(document: StoredDocument) -> str:
    """``12 pages``; empty where the format has none."""
    if document.unit_kind is None or not document.units:
        return ""
    count = len(document.units)
    return f"{count} {document.unit_kind.value}{'' if count == 1 else 's'}"


def document_page(opened: Opened, cursor: int, first: int, last: int, of_files: int) -> tuple[str, Shown]:
    """A view of a document: its own line numbers."""
    title = quoted_line(opened.stored.title, _TITLE)
    heading = opened.name if title in ("", opened.name) else f"{title} ({opened.name})"
    lines = [opened.line(number) for number in range(first, last + 1)]
    text = _layout(cursor, heading, lines, first, len(opened.lines) - 1)
    return text, Shown(cursor, of_files, (opened.excerpt(first, last, first),), opened.stored.sha256)


class ListPage:
    """A page of links into documents, each with the text it leads to, as it is filled within a budget of tokens."""

    def __init__(self, budget: int) -> None:
        self._left = budget
        self._lines: list[str] = []
        self._excerpts: list[Excerpt] = []

    @property
    def left(self) -> int:
        """Tokens that may still be spent."""
        return self._left

    def __len__(self) -> int:
        return len(self._excerpts)

    def add_line(self, text: str) -> None:
        self._lines.append(text)
        self._left -= estimated_tokens(text) + _TOKENS_OF_LINE_NUMBER

    def add(self, opened: Opened, title: str, first: int, last: int) -> None:
        """A link to these lines of a document, and the lines themselves."""
        if self._excerpts:
            self.add_line("")
        self.add_line(f"【{len(self._excerpts)}†{title or opened.name}†{opened.name}】")
        self._excerpts.append(opened.excerpt(first, last, len(self._lines)))
        for number in range(first, last + 1):
            self.add_line(opened.line(number))

    def add_document(self, document: StoredDocument) -> None:
        """A link to a document as a whole."""
        size = size_in_words(document)
        title = quoted_line(document.title or document.name, _TITLE) + (f", {size}" if size else "")
        self.add_line(f"【{len(self._excerpts)}†{title}†{quoted_line(document.name)}】")
        self._excerpts.append(Excerpt(document.name, document.sha256, len(self._lines), 0, 0, ""))

    def render(self, cursor: int, heading: str, of_files: int) -> tuple[str, Shown]:
        text = _layout(cursor, heading, self._lines, 0, len(self._lines) - 1)
        return text, Shown(cursor, of_files, tuple(self._excerpts))


def passage_title(opened: Opened, passage: Passage) -> str:
    """``Warranty, page 3``: the heading that a passage stands under, and where; empty where neither is known."""
    heading = passage.headings[-1] if passage.headings else opened.stored.title
    title = "" if heading == opened.stored.name else quoted_line(heading, _TITLE)
    return ", ".join(part for part in (title, opened.place(passage.start)) if part)


def passage_lines(opened: Opened, passage: Passage) -> tuple[int, int]:
    """The first and the last line (inclusive) that hold a passage."""
    return opened.line_at(passage.start), opened.line_at(max(passage.start, passage.end - 1))


def add_hits(page: ListPage, hits: Sequence[tuple[Opened, Passage]], query: str) -> None:
    """Passages, the best first: whole as long as there is room for it, then by their best lines, until it is full."""
    words = {word.casefold() for word in _WORD.findall(query)}
    whole_until = page.left * (1 - _WHOLE_SHARE)
    for opened, passage in hits:
        first, last = passage_lines(opened, passage)
        cost = sum(opened.cost(number) for number in range(first, last + 1))
        if page.left - cost < whole_until and len(page):
            first, last = _best_lines(opened, first, last, words)
            cost = sum(opened.cost(number) for number in range(first, last + 1))
        if len(page) and cost > page.left:
            return
        page.add(opened, passage_title(opened, passage), first, min(last, opened.end_of_view(first, page.left)))


def add_matches(page: ListPage, opened: Opened, pattern: str) -> None:
    """The places where a document has these words, in any case and across lines; each with the lines that follow."""
    words = re.compile(r"\s+".join(re.escape(word) for word in pattern.split()), re.IGNORECASE)
    shown_until = -1
    for match in words.finditer(opened.stored.text):
        first = opened.line_at(match.start())
        if first <= shown_until:
            continue
        last = min(first + _FIND_LINES, len(opened.lines)) - 1
        if len(page) and sum(opened.cost(number) for number in range(first, last + 1)) > page.left:
            return
        shown_until = last
        place = opened.place(match.start())
        page.add(opened, f"match at L{first}{', ' if place else ''}{place}", first, last)


def _best_lines(opened: Opened, first: int, last: int, words: set[str]) -> tuple[int, int]:
    """The few lines of these that have most of the words."""

    def score(start: int) -> int:
        text = " ".join(
            opened.line(number) for number in range(start, min(start + _SNIPPET_LINES, last + 1))
        ).casefold()
        return sum(word in text for word in words)

    starts = range(first, max(first, last - _SNIPPET_LINES + 1) + 1)
    best = max(starts, key=lambda start: (score(start), bool(opened.line(start).strip()), -start))
    end = min(best + _SNIPPET_LINES - 1, last)
    while end > best and not opened.line(end).strip():
        end -= 1
    return best, end


def _layout(cursor: int, heading: str, lines: Sequence[str], first: int, last_of_all: int) -> str:
    numbered = "\n".join(f"L{number}: {line}" for number, line in enumerate(lines, start=first))
    viewing = f"**viewing lines [{first} - {first + len(lines) - 1}] of {last_of_all}**"
    return f"[{cursor}] {heading}\n{viewing}\n\n{numbered}"

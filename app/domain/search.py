"""What is looked for in the conversations, and what is found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from app.domain.chat import ConversationId, MessageId

_SNIPPET_BEFORE = 40
_SNIPPET = 160
_NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Words as they were typed, and where to look. Both days belong to the range."""

    text: str
    reasoning: bool = False
    first_day: date | None = None
    last_day: date | None = None
    with_documents: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The words, all of which must be there; the last one may be the beginning of a word."""
        return tuple(self.text.replace("\0", " ").split())


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A place that was found. message_id is None for a title. marks are the spans of the words in the snippet."""

    conversation_id: ConversationId
    message_id: MessageId | None
    title: str
    snippet: str
    marks: tuple[tuple[int, int], ...]
    moment: datetime


class Finder:
    """Finds words in texts, whatever their case and accents. Each is looked for as it is, none over another."""

    def __init__(self, words: tuple[str, ...]) -> None:
        wanted = sorted({_folded(word) for word in words} - {""}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, wanted))) if wanted else _NOTHING

    def count(self, text: str) -> int:
        """How many places there are."""
        return len(self._pattern.findall(_folded(text)))

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Where they are: spans in order."""
        return list(self._spans(text))

    def snippet(self, text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
        """A line of a text around the first of the words, and where they stand in it."""
        first = next(self._spans(text), (0, 0))[0]
        start = max(0, first - _SNIPPET_BEFORE)
        if start:
            # Not in the middle of a word, where words have spaces between them.
            space = text.find(" ", start, first)
            start = space + 1 if space >= 0 else start
        line = " ".join(text[start : start + _SNIPPET].split())
        line = ("…" if start else "") + line + ("…" if len(text) > start + _SNIPPET else "")
        return line, tuple(self._spans(line))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        places = _places(text)
        for match in self._pattern.finditer(_folded(text)):
            yield places[match.start()], places[match.end() - 1] + 1


def _folded(text: str) -> str:
    """A text without case and accents."""
    if text.isascii():
        return text.lower()
    return "".join(letter for char in text for letter in _letters(char))


def _places(text: str) -> Sequence[int]:
    """For each character of the folded text the place that it comes from."""
    if text.isascii():
        return range(len(text))
    return [place for place, char in enumerate(text) for _ in _letters(char)]


@lru_cache(maxsize=4096)
def _letters(char: str) -> tuple[str, ...]:
    decomposed = unicodedata.normalize("NFKD", char.casefold())
    return tuple(letter for letter in decomposed if not unicodedata.combining(letter))

"""What is looked for in the conversations, and what is found."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from app.domain.chat import ConversationId, MessageId

_SNIPPET_BEFORE = 40
_SNIPPET = 160
_MOST_WORDS = 24
_NOTHING = re.compile(r"(?!)")

_QUOTES = '"“”„«»'
# A phrase in quotes of some kind; a word, with a quote that nothing closes; a quote alone.
_PHRASE_OR_WORD = re.compile(
    rf'"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|[{_QUOTES}]*([^\s{_QUOTES}]+)[{_QUOTES}]*|(\S)'
)


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
        """The words, all of which must be there; the last one may be the beginning of a word.

        What stands in quotes is one: its words follow each other. Signs count only where there is nothing else.
        """
        text = self.text.replace("\0", " ").encode("utf-8", "replace").decode()
        found = [" ".join(next(filter(None, match.groups(""))).split()) for match in _PHRASE_OR_WORD.finditer(text)]
        words = tuple(word for word in found if word)[:_MOST_WORDS]
        return tuple(word for word in words if not is_signs(word)) or words


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A place that was found by these words. message_id is None for a title.

    marks are the spans of the words in the snippet.
    """

    conversation_id: ConversationId
    message_id: MessageId | None
    title: str
    snippet: str
    marks: tuple[tuple[int, int], ...]
    moment: datetime
    words: tuple[str, ...] = ()


def is_signs(word: str) -> bool:
    """Tell whether a word has nothing that a full-text index knows, as ``!=``."""
    return word.isascii() and not any(map(str.isalnum, word))


class Finder:
    """Finds words in texts, whatever their case and accents: each as it is, none over another."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = words
        self._any = _pattern(words)
        self._phrase = _pattern((" ".join(words),))

    def count(self, text: str) -> int:
        """How many places there are."""
        return len(self._any.findall(_folded(text)))

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Where they are: spans in order."""
        places = _places(text)
        found = self._any.finditer(_folded(text))
        return [(places[match.start()], places[match.end() - 1] + 1) for match in found]

    def best_place(self, text: str) -> tuple[int, int]:
        """How well the words go together where they do so best, and where that begins: as typed, else close by."""
        folded, places = _folded(text), _places(text)
        for match in self._phrase.finditer(folded):
            return len(self._words) + 1, places[match.start()]
        most, at, counts = 0, 0, Counter[str]()
        near: deque[re.Match[str]] = deque()
        for match in self._any.finditer(folded):
            near.append(match)
            counts[match[0]] += 1
            while match.end() - near[0].start() > _SNIPPET - _SNIPPET_BEFORE:
                counts[near.popleft()[0]] -= 1
            if len(+counts) > most:
                most, at = len(+counts), places[near[0].start()]
        return most, at

    def snippet(self, text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
        """A line of a text around the words where they stand closest, and where they stand in it."""
        first = self.best_place(text)[1]
        start = max(0, first - _SNIPPET_BEFORE)
        if start:
            # Not in the middle of a word, where words have spaces between them.
            space = text.find(" ", start, first)
            start = space + 1 if space >= 0 else start
        line = " ".join(text[start : start + _SNIPPET].split())
        line = ("…" if start else "") + line + ("…" if len(text) > start + _SNIPPET else "")
        return line, tuple(self.marks(line))


def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    wanted = sorted({_folded(word) for word in words} - {""}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, wanted))) if wanted else _NOTHING


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

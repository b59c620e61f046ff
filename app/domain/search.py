"""What is looked for in the conversations, and what is found."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.chat import ConversationId, MessageId

_SNIPPET_BEFORE = 40
_SNIPPET = 160
_MOST_WORDS = 24

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


def marks(text: str, words: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where the words stand in a text, whatever their case and accents: spans in order, none over another."""
    folded, places = _folded(text)
    return [(places[match.start()], places[match.end() - 1] + 1) for match in _found(folded, words)]


def best_place(text: str, words: tuple[str, ...]) -> tuple[int, int]:
    """How well the words go together where they do so best, and where that begins: as typed, else close by."""
    folded, places = _folded(text)
    for match in _found(folded, (" ".join(words),)):
        return len(words) + 1, places[match.start()]
    most, at, counts = 0, 0, Counter[str]()
    near: deque[re.Match[str]] = deque()
    for match in _found(folded, words):
        near.append(match)
        counts[match[0]] += 1
        while match.end() - near[0].start() > _SNIPPET - _SNIPPET_BEFORE:
            counts[near.popleft()[0]] -= 1
        if len(+counts) > most:
            most, at = len(+counts), places[near[0].start()]
    return most, at


def snippet(text: str, words: tuple[str, ...]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A line of a text around the words where they stand closest, and where they stand in it."""
    first = best_place(text, words)[1]
    start = max(0, first - _SNIPPET_BEFORE)
    if start:
        # Not in the middle of a word, where words have spaces between them.
        space = text.find(" ", start, first)
        start = space + 1 if space >= 0 else start
    line = " ".join(text[start : start + _SNIPPET].split())
    line = ("…" if start else "") + line + ("…" if len(text) > start + _SNIPPET else "")
    return line, tuple(marks(line, words))


def _found(folded: str, words: tuple[str, ...]) -> Iterator[re.Match[str]]:
    wanted = sorted({_folded(word)[0] for word in words} - {""}, key=len, reverse=True)
    return re.finditer("|".join(map(re.escape, wanted)), folded) if wanted else iter(())


def _folded(text: str) -> tuple[str, list[int]]:
    """A text without case and accents, and for each of its characters the place it comes from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for letter in unicodedata.normalize("NFKD", char.casefold()):
            if not unicodedata.combining(letter):
                letters.append(letter)
                places.append(place)
    return "".join(letters), places

"""How a text is given to the full-text tables, and how text and places are packed. Part of the index's version."""

from __future__ import annotations

import json
import re
import unicodedata
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import filterfalse

from app.domain.documents import Mark, Rectangle, Unit

PIECE = 16_384
"""Characters of a compressed piece: small enough that a passage is unpacked in a fraction of a millisecond."""

_COMPATIBLE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
_SOUTH_EAST = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_WITHOUT_SPACES = re.compile(f"[{_COMPATIBLE}]+|[{_SOUTH_EAST}]+")
_SOFT_HYPHENS = re.compile("[\u00ad\u200b\u2060\ufeff]+")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_LEVEL = 3
"""Of compression: 1.7 times as fast as the usual 6, for 7 % more."""
_MARK_FIELDS = 7
_TENTHS = 10


def plain(text: str) -> str:
    """A text with ligatures, wide letters and the like as ordinary ones, and without what only breaks lines."""
    if text.isascii():
        return text.replace("\0", " ")
    sound = _SOFT_HYPHENS.sub("", text).replace("\0", " ").encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFKC", sound)


def for_words(text: str) -> str:
    """What the table of words is given.

    Chinese and Japanese (and Korean, whose particles cling to the words) become overlapping pairs of characters, Thai
    and its neighbours triples: scripts without spaces, of which the tokenizer would make one word per sentence.
    """
    found = plain(text)
    if found.isascii():
        return found
    return _WITHOUT_SPACES.sub(lambda run: f" {' '.join(grams(run.group()))} ", found)


def grams(run: str) -> list[str]:
    """The overlapping pairs or triples of a run of characters of a script without spaces."""
    size = 2 if re.match(f"[{_COMPATIBLE}]", run) else 3
    return [run[place : place + size] for place in range(max(len(run) - size + 1, 1))]


def without_spaces(word: str) -> list[str]:
    """The runs in a word that are of a script without spaces."""
    return _WITHOUT_SPACES.findall(word)


def for_pieces(text: str) -> str:
    """What the table of trigrams is given: letters without accents, in lower case."""
    if text.isascii():
        return plain(text).lower()
    decomposed = unicodedata.normalize("NFKD", plain(text).casefold())
    return _FOREIGN.sub(lambda run: "".join(filterfalse(unicodedata.combining, run.group())), decomposed)


def pack_text(text: str) -> Iterator[bytes]:
    for start in range(0, len(text), PIECE):
        # Halves of surrogate pairs are kept: offsets must stay what they are.
        yield zlib.compress(text[start : start + PIECE].encode("utf-8", "surrogatepass"), _LEVEL)


def unpack_text(data: bytes) -> str:
    return zlib.decompress(data).decode("utf-8", "surrogatepass")


def pack_units(units: Sequence[Unit]) -> bytes:
    rows = [[unit.number, unit.name, unit.start, unit.end, unit.width, unit.height] for unit in units]
    return zlib.compress(json.dumps(rows).encode(), _LEVEL)


def unpack_units(data: bytes) -> tuple[Unit, ...]:
    return tuple(Unit(*row) for row in json.loads(zlib.decompress(data)))


def pack_marks(marks: Sequence[Mark]) -> bytes:
    """Seven numbers of 32 bits a mark: start, end, page, and the edges in tenths of a point."""
    numbers = array("i")
    for mark in marks:
        box = mark.rectangle
        edges = (round(edge * _TENTHS) for edge in (box.left, box.top, box.right, box.bottom))
        numbers.extend((mark.start, mark.end, mark.page, *edges))
    return zlib.compress(numbers.tobytes(), _LEVEL)


def unpack_marks(data: bytes, start: int, end: int) -> tuple[Mark, ...]:
    """The marks that hold any of these characters, in order."""
    numbers = array("i")
    numbers.frombytes(zlib.decompress(data))
    first = bisect_right(numbers[1::_MARK_FIELDS], start)
    found: list[Mark] = []
    for place in range(first * _MARK_FIELDS, len(numbers), _MARK_FIELDS):
        begins, ends, page, *edges = numbers[place : place + _MARK_FIELDS]
        if begins >= end:
            break
        left, top, right, bottom = (edge / _TENTHS for edge in edges)
        found.append(Mark(begins, ends, page, Rectangle(left, top, right, bottom)))
    return tuple(found)


_COSTS = (
    (re.compile(r"[A-Za-z ]+"), 1 / 4),
    (re.compile(r"[\x00-\x1f!-@\[-`{-\x7f]+"), 1 / 2),
    (re.compile(r"[\u0080-\u024f\u0370-\u05ff\u2010-\u2027]+"), 1 / 2),
)


def estimate_tokens(text: str) -> int:
    """How many tokens a text is, rather too many than too few: by its characters, one each for Chinese and the like."""
    counts = [(sum(map(len, pattern.findall(text))), cost) for pattern, cost in _COSTS]
    others = len(text) - sum(count for count, _ in counts)
    return round(sum(count * cost for count, cost in counts) + others)

"""From several rankings to one list: fused, without near duplicates, neighbours joined, no document in another's way.

Rankings of any origin can take part (words, trigrams, vectors): only the ranks count.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from app.domain.documents import Passage

_RRF_RANK = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke, Büttcher: SIGIR 2009)."""
_SHINGLE_WORDS = 4
_ALIKE = 0.8
_LONGEST_JOINED = 2_400
_WORD = re.compile(r"\w+")

Place = tuple[int, int]
"""A passage by its document's id and its number there."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Places, best first, and how much their ranks count."""

    places: Sequence[Place]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage of a document (by id) with its fused score."""

    document: int
    passage: Passage
    score: float


def fuse(rankings: Iterable[Ranking]) -> list[tuple[Place, float]]:
    """Reciprocal rank fusion: places with scores, best first. A place that leads in all rankings has a score of 1."""
    scores: defaultdict[Place, float] = defaultdict(float)
    total = 0.0
    for ranking in rankings:
        total += ranking.weight
        for rank, place in enumerate(ranking.places, 1):
            scores[place] += ranking.weight * (_RRF_RANK + 1) / (_RRF_RANK + rank)
    return sorted(((place, score / total) for place, score in scores.items()), key=lambda item: (-item[1], item[0]))


class Selection:
    """Takes candidates, best first, and keeps the best few of them that differ.

    A passage beside one that was kept is joined to it, if both are of the same page. most_per_document bounds what one
    document may give.
    """

    def __init__(self, limit: int, most_per_document: int, text: Callable[[int, int, int], str]) -> None:
        """text gives the characters of a document (by id) from start to end."""
        self._limit = limit
        self._most = most_per_document
        self._text = text
        self._kept: list[Candidate] = []
        self._numbers: list[range] = []
        self._shingles: list[frozenset[str]] = []
        self._per_document: Counter[int] = Counter()

    @property
    def full(self) -> bool:
        return len(self._kept) >= self._limit

    @property
    def candidates(self) -> list[Candidate]:
        return list(self._kept)

    def offer(self, candidate: Candidate) -> None:
        shingles = _shingles(candidate.passage.text)
        if any(_are_alike(shingles, other) for other in self._shingles):
            return
        if self._join(candidate):
            self._shingles.append(shingles)
        elif not self.full and self._per_document[candidate.document] < self._most:
            number = candidate.passage.number
            self._kept.append(candidate)
            self._numbers.append(range(number, number + 1))
            self._shingles.append(shingles)
            self._per_document[candidate.document] += 1

    def _join(self, candidate: Candidate) -> bool:
        """Lengthen a kept passage by the candidate, if they are neighbours."""
        new = candidate.passage
        for index, (kept, numbers) in enumerate(zip(self._kept, self._numbers, strict=True)):
            old = kept.passage
            if kept.document != candidate.document or old.unit != new.unit:
                continue
            if new.number not in {numbers.start - 1, numbers.stop}:
                continue
            start, end = min(old.start, new.start), max(old.end, new.end)
            if end - start > _LONGEST_JOINED:
                continue
            first = old if old.start < new.start else new
            last = new if first is old else old
            joined = replace(
                first, text=self._text(kept.document, start, end), start=start, end=end, last_line=last.last_line
            )
            self._kept[index] = replace(kept, passage=joined)
            self._numbers[index] = range(min(numbers.start, new.number), max(numbers.stop, new.number + 1))
            return True
        return False


def _shingles(text: str) -> frozenset[str]:
    words = _WORD.findall(text.casefold())
    if len(words) <= _SHINGLE_WORDS:
        return frozenset([" ".join(words) or text])
    return frozenset(
        " ".join(words[place : place + _SHINGLE_WORDS]) for place in range(len(words) - _SHINGLE_WORDS + 1)
    )


def _are_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shared = len(one & other)
    return shared >= _ALIKE * (len(one) + len(other) - shared)

"""A plain BM25, the reference that the index's ranking is held against."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable

Tokenise = Callable[[str], list[str]]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


class PlainBm25:
    """BM25 with the usual k1 and b over whole documents (Robertson, Zaragoza 2009), idf as in Lucene."""

    def __init__(self, documents: dict[int, str], tokenise: Tokenise = words, k1: float = 1.2, b: float = 0.75) -> None:
        self._tokenise = tokenise
        self._postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        lengths = {}
        for number, text in documents.items():
            counts = Counter(tokenise(text))
            lengths[number] = sum(counts.values())
            for term, count in counts.items():
                self._postings[term].append((number, count))
        average = sum(lengths.values()) / len(lengths)
        self._norms = {number: k1 * (1 - b + b * length / average) for number, length in lengths.items()}
        self._k1 = k1

    def search(self, query: str, limit: int) -> list[int]:
        scores: defaultdict[int, float] = defaultdict(float)
        for term in self._tokenise(query):
            postings = self._postings.get(term, [])
            idf = math.log(1 + (len(self._norms) - len(postings) + 0.5) / (len(postings) + 0.5))
            for number, count in postings:
                scores[number] += idf * count * (self._k1 + 1) / (count + self._norms[number])
        return sorted(scores, key=lambda number: (-scores[number], number))[:limit]

"""Makes an index of 500,000 passages of made-up words, which come as often as words do in a language (Zipf).

Their vectors point in all directions, the hardest case for the first step of a search, the comparison of signs.
"""

from __future__ import annotations

import bisect
import itertools
import math
import random
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import platformdirs

from app.domain.documents import Document, DocumentKind, Passage
from app.store.index import DocumentIndex, Origin
from app.store.vectors import Vectors, VectorSource

_PASSAGES = 500_000
_PER_DOCUMENT = 250
_WORDS = 60
_VOCABULARY = 200_000
SOURCE = VectorSource("made up", 384)
_LETTERS = "etaoinshrdlucmfwypvbgk"


def default_path() -> Path:
    return Path(platformdirs.user_cache_dir("inglenook")) / "index-500000.db"


def queries(count: int) -> Iterator[str]:
    """Questions of two to eight words, common and rare ones alike."""
    chance = random.Random(5)
    for _ in range(count):
        ranks = (int(math.exp(chance.uniform(0, math.log(50_000)))) for _ in range(chance.randint(2, 8)))
        yield " ".join(map(_word, ranks))


def directions(count: int, seed: int) -> list[bytes]:
    """So many vectors, as an embedding model gives them."""
    numbers = np.random.default_rng(seed).standard_normal((count, SOURCE.dimensions)).astype("<f4")
    return [row.tobytes() for row in numbers / np.linalg.norm(numbers, axis=1, keepdims=True)]


def make(path: Path, count: int = _PASSAGES) -> None:
    chance = random.Random(1)
    vocabulary = [_word(rank) for rank in range(_VOCABULARY)]
    heights = list(itertools.accumulate(1 / (rank + 1) ** 1.05 for rank in range(_VOCABULARY)))
    with closing(DocumentIndex(path)) as index:
        vectors = Vectors(index)
        vectors.begin(SOURCE)
        for number in range(count // _PER_DOCUMENT):
            texts = []
            for _ in range(_PER_DOCUMENT):
                picks = (bisect.bisect(heights, chance.random() * heights[-1]) for _ in range(_WORDS))
                texts.append(" ".join(vocabulary[min(pick, _VOCABULARY - 1)] for pick in picks))
            with index.writing() as connection:
                document = Document(DocumentKind.PDF, "", "\n".join(texts), ())
                index.add(connection, Origin(f"{number:064}", Path(f"{number}.pdf"), 1), document, [*_cut(texts)])
            batch = vectors.next(_PER_DOCUMENT)
            assert batch is not None
            vectors.add(SOURCE, batch, directions(_PER_DOCUMENT, number))
            print(f"\r{(number + 1) * _PER_DOCUMENT:,} passages", end="", file=sys.stderr)


def _cut(texts: list[str]) -> Iterator[Passage]:
    start = 0
    for number, text in enumerate(texts):
        yield Passage(number, text, start, start + len(text), number * 5, number * 5 + 4, (), number // 3 + 1)
        start += len(text) + 1


def _word(rank: int) -> str:
    letters = random.Random(rank)
    return "".join(letters.choice(_LETTERS) for _ in range(letters.randint(3, 9)))


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else default_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    make(target)

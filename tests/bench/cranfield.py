"""The Cranfield collection: documents, queries and judgements, and the measures of a ranking against them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

DEPTH = 10


@dataclass(frozen=True)
class Collection:
    """documents by number: title and text. judgements by query (its position, from 1): document to gain."""

    documents: dict[int, tuple[str, str]]
    queries: list[str]
    judgements: dict[int, dict[int, int]]


def load(folder: Path) -> Collection:
    documents = {}
    for record in (folder / "cran.all.1400").read_text().split("\n.I "):
        number = int(record.removeprefix(".I ").split("\n", 1)[0])
        parts = re.split(r"^\.([TABW])\n", record + "\n", flags=re.M)
        fields: dict[str, str] = {}
        for name, value in zip(parts[1::2], parts[2::2], strict=True):
            fields.setdefault(name, value)
        documents[number] = (" ".join(fields["T"].split()), fields["W"].strip())
    text = (folder / "cran.qry").read_text()
    queries = [" ".join(body.split()) for body in re.findall(r"^\.W\n(.*?)(?=^\.I|\Z)", text, flags=re.M | re.S)]
    judgements: dict[int, dict[int, int]] = {}
    for line in (folder / "cranqrel").read_text().splitlines():
        query, document, code = map(int, line.split()[:3])
        # 1 is the best of four degrees; -1 and 5 mean of no interest.
        if 1 <= code <= 4:
            judgements.setdefault(query, {})[document] = 5 - code
    return Collection(documents, queries, judgements)


def ndcg(ranking: list[int], gains: dict[int, int]) -> float:
    """Normalised discounted cumulative gain at 10."""
    found = sum(gains.get(document, 0) / math.log2(rank + 1) for rank, document in enumerate(ranking[:DEPTH], 1))
    best = sum(gain / math.log2(rank + 1) for rank, gain in enumerate(sorted(gains.values(), reverse=True)[:DEPTH], 1))
    return found / best


def recall(ranking: list[int], gains: dict[int, int]) -> float:
    """The part of the relevant documents that is among the first 10."""
    return len(gains.keys() & set(ranking[:DEPTH])) / len(gains)

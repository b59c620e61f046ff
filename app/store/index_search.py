"""Search in the index: a query becomes rankings of passages, each in bounded time however large the index is.

The trap is bm25 over common words. FTS5 scores every row that matches, and counts the rows of every term of the
expression, common or not. So terms are taken from the rarest on, until the rows that would have to be scored reach a
bound; where even the rarest is too common, rows that have all terms are scored, and at most so many of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from app.store.index_schema import PLACE_BITS
from app.store.index_text import for_pieces
from app.store.query import Query, piece_match
from app.store.ranking import Place, Ranking
from app.store.texts import Texts

_DEPTH = 60
"""Passages of each ranking that take part in the fusion."""
_MOST_ROWS = 10_000
"""Rows that are scored for one query."""
_MOST_LOOKED_AT = 120
"""Passages that are unpacked to see whether a part of a word stands there."""
_WEIGHTS = (2.0, 1.5, 1.0)
"""Of title, headings and body in bm25."""
_PIECES_WEIGHT = 0.5
_EXACT_WEIGHT = 100.0
"""What stands in quotes is asked for as it is: it goes before all else."""
_MOST_EXACT = 1_000


@dataclass(frozen=True, slots=True)
class Scope:
    """Which documents are searched, by id: all of them where there is no condition.

    condition is SQL on the column rowid of a full-text table, values are its parameters.
    """

    condition: str = ""
    values: tuple[int, ...] = ()

    @classmethod
    def of(cls, documents: Sequence[int]) -> Scope:
        """Only these documents. The range first: FTS5 skips what is outside it."""
        if not documents:
            return cls(" AND 0")
        ids = ",".join(map(str, documents))
        low, high = min(documents) << PLACE_BITS, (max(documents) + 1 << PLACE_BITS) - 1
        inside = (
            f" AND (rowid >> {PLACE_BITS}) IN ({ids})" if len(documents) < max(documents) - min(documents) + 1 else ""
        )
        return cls(f" AND rowid BETWEEN ? AND ?{inside}", (low, high))


def rankings(connection: sqlite3.Connection, query: Query, scope: Scope, texts: Texts) -> list[Ranking]:
    """The passages that a query finds, by what is in quotes, by words and by parts of words."""
    search = _Search(connection, scope, texts)
    counts = {term: search.count(term) for term in query.words}
    found = [Ranking(search.by_words(counts))] if counts else []
    unknown = not any(counts.values())
    pieces = [piece for piece in query.pieces if unknown or not counts.get(f'"{piece}"', 1)]
    parts = search.by_pieces(pieces)
    if parts:
        found.append(Ranking(parts, _PIECES_WEIGHT))
    if query.phrases:
        exact = search.exact(" AND ".join(query.phrases), found[0].places if counts else ())
        found.insert(0, Ranking(exact, _EXACT_WEIGHT))
    return [ranking for ranking in found if ranking.places]


class _Search:
    def __init__(self, connection: sqlite3.Connection, scope: Scope, texts: Texts) -> None:
        self._connection = connection
        self._scope = scope
        self._texts = texts

    def count(self, match: str) -> int:
        """Rows that match in the scope, counted no further than the bound."""
        rows = f"SELECT 1 FROM words WHERE words MATCH ?{self._scope.condition} LIMIT {_MOST_ROWS + 1}"
        count: int = self._connection.execute(
            f"SELECT count(*) FROM ({rows})", (match, *self._scope.values)
        ).fetchone()[0]
        return count

    def by_words(self, counts: dict[str, int]) -> list[Place]:
        """Rank by bm25 over the terms that are rare enough to be scored."""
        terms = sorted((term for term, count in counts.items() if count), key=lambda term: counts[term])
        if not terms:
            return []
        chosen: list[str] = []
        rows = 0
        for term in terms:
            rows += counts[term]
            if rows > _MOST_ROWS:
                break
            chosen.append(term)
        if chosen:
            return self.scored(" OR ".join(chosen))
        for size in range(min(len(terms), 4), 0, -1):
            places = self.unscored(" AND ".join(terms[:size]))
            if places:
                return places
        return []

    def scored(self, match: str) -> list[Place]:
        rows = f"""
            SELECT rowid AS place, bm25(words, {", ".join(map(str, _WEIGHTS))}) AS score
            FROM words WHERE words MATCH ?{self._scope.condition} LIMIT {_MOST_ROWS}
        """
        return self._places(f"SELECT place FROM ({rows}) ORDER BY score, place LIMIT {_DEPTH}", match)

    def exact(self, match: str, ranked: Sequence[Place]) -> list[Place]:
        """Rows that have a phrase, in the order in which the words rank them. To score phrases would take too long."""
        rows = f"SELECT rowid FROM words WHERE words MATCH ?{self._scope.condition} LIMIT {_MOST_EXACT}"
        found = dict.fromkeys(self._places(rows, match))
        return list(dict.fromkeys([*(place for place in ranked if place in found), *found]))[:_DEPTH]

    def unscored(self, match: str) -> list[Place]:
        """Rows in the order of the index, those first that have the words in a title or heading."""
        rows = f"SELECT rowid FROM words WHERE words MATCH ?{self._scope.condition} LIMIT {_DEPTH}"
        above = self._places(rows, f"{{title headings}} : ({match})")
        return list(dict.fromkeys([*above, *self._places(rows, match)]))[:_DEPTH]

    def by_pieces(self, pieces: Sequence[str]) -> list[Place]:
        """Passages that hold these parts of words, those with most of them and the most often first."""
        found: dict[Place, tuple[int, int]] = {}
        for piece in pieces:
            rows = f"SELECT rowid FROM pieces WHERE pieces MATCH ?{self._scope.condition} LIMIT {_MOST_LOOKED_AT}"
            for place in self._places(rows, piece_match(piece)):
                times = for_pieces(self._texts.passage_text(place)).count(piece)
                if times:
                    parts, total = found.get(place, (0, 0))
                    found[place] = (parts + 1, total + times)
        ranked = sorted(found, key=lambda place: (-found[place][0], -found[place][1], place))
        return ranked[:_DEPTH]

    def _places(self, statement: str, match: str) -> list[Place]:
        mask = (1 << PLACE_BITS) - 1
        rows = self._connection.execute(statement, (match, *self._scope.values))
        return [(row[0] >> PLACE_BITS, row[0] & mask) for row in rows]

"""Reads passages and stretches of text from the index's compressed pieces."""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache

from app.domain.documents import Passage
from app.store.index_schema import PLACE_BITS
from app.store.index_text import PIECE, unpack_text
from app.store.ranking import Place

_KEPT_PIECES = 128


class Texts:
    """The texts as one connection sees them, for the time of one search: pieces that were unpacked are kept."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._piece = lru_cache(maxsize=_KEPT_PIECES)(self._unpack)

    def text(self, document: int, start: int, end: int) -> str:
        """The characters of a document from start to end."""
        first = start // PIECE
        pieces = "".join(self._piece(document, number) for number in range(first, (max(end, 1) - 1) // PIECE + 1))
        return pieces[start - first * PIECE : end - first * PIECE]

    def passage(self, place: Place) -> Passage | None:
        """A passage with its text, None if it is gone."""
        row = self._connection.execute(
            "SELECT start, end, first_line, last_line, headings, unit, unit_name FROM passages WHERE id = ?",
            (place[0] << PLACE_BITS | place[1],),
        ).fetchone()
        if row is None:
            return None
        start, end, first_line, last_line, headings, unit, unit_name = row
        text = self.text(place[0], start, end)
        return Passage(place[1], text, start, end, first_line, last_line, tuple(json.loads(headings)), unit, unit_name)

    def passage_text(self, place: Place) -> str:
        passage = self.passage(place)
        return passage.text if passage else ""

    def _unpack(self, document: int, number: int) -> str:
        row = self._connection.execute(
            "SELECT data FROM texts WHERE id = ?", (document << PLACE_BITS | number,)
        ).fetchone()
        return unpack_text(row[0]) if row else ""

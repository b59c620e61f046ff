"""Rows of tables, each with the names of its columns, from whatever format they come."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.documents.builder import DocumentBuilder

_MOST_COLUMNS_KEPT_EMPTY = 60
_LIKE_A_NUMBER = re.compile(r"[\s\d.,:/%€$£+-]*\d[\s\d.,:/%€$£+-]*")


class TableWriter:
    """Adds the rows of one table. The first row names the columns if it holds words only."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._columns: str | None = None

    def add(self, cells: Sequence[str]) -> None:
        """Add a row. In a wide row the empty cells are left out, so that a stray cell is no line of bars."""
        if len(cells) > _MOST_COLUMNS_KEPT_EMPTY:
            cells = [cell for cell in cells if cell]
        if not any(cell.strip() for cell in cells):
            return
        columns = self._columns
        if columns is None:
            columns = ""
            self._columns = _names(cells)
        self._builder.row(cells, columns)


def _names(cells: Sequence[str]) -> str:
    filled = [cell.strip() for cell in cells if cell.strip()]
    named = len(filled) > 1 and not any(_LIKE_A_NUMBER.fullmatch(cell) for cell in filled)
    return " | ".join(cells) if named else ""

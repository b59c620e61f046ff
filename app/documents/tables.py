"""Rows of tables, each with the names of its columns; and CSV, which is nothing else."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from app.documents.builder import DocumentBuilder
from app.documents.encoding import read_text
from app.documents.source import Source

_SAMPLE = 64 << 10
_LONGEST_FIELD = 1 << 20
_MOST_COLUMNS_KEPT_EMPTY = 60
_LIKE_A_NUMBER = re.compile(r"[\s\d.,:/%€$£+-]*\d[\s\d.,:/%€$£+-]*")
_DELIMITERS = ",;\t|"


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


def extract(source: Source, builder: DocumentBuilder) -> None:
    """CSV and TSV, whatever separates the fields."""
    text = read_text(source, builder)
    csv.field_size_limit(_LONGEST_FIELD)
    table = TableWriter(builder)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text[:_SAMPLE], source.name)):
            table.add(row)
    except csv.Error:
        # A field without end, most likely an unpaired quotation mark: its lines are still worth reading.
        builder.notes.append("Not all of the table could be divided into columns.")


def _names(cells: Sequence[str]) -> str:
    filled = [cell.strip() for cell in cells if cell.strip()]
    named = len(filled) > 1 and not any(_LIKE_A_NUMBER.fullmatch(cell) for cell in filled)
    return " | ".join(cells) if named else ""


def _delimiter(sample: str, name: str) -> str:
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    lines = [line for line in sample.splitlines()[:50] if line.strip()]
    counts = {mark: sorted(line.count(mark) for line in lines) for mark in _DELIMITERS}
    # What stands in most lines the same number of times is what divides them.
    return max(_DELIMITERS, key=lambda mark: (_steady(counts[mark]), counts[mark][len(lines) // 2] if lines else 0))


def _steady(counts: Sequence[int]) -> float:
    if not counts or counts[len(counts) // 2] == 0:
        return 0.0
    middle = counts[len(counts) // 2]
    return sum(count == middle for count in counts) / len(counts)

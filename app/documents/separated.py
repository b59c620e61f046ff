"""CSV and its like: rows of fields, whatever separates them (RFC 4180, and what programs write)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from app.documents.builder import DocumentBuilder
from app.documents.encoding import read_text
from app.documents.source import Source
from app.documents.tables import TableWriter

_SAMPLE = 64 << 10
_LONGEST_FIELD = 1 << 20
# In this order where several would do: where a comma is the sign in numbers, it stands in each line as well.
_DELIMITERS = "\t;|,"
_QUOTED = re.compile(r'"[^"]*"')
_SAID = re.compile(r"sep=(.)\r?\n", re.I)
"""What Excel takes a first line for."""


def extract(source: Source, builder: DocumentBuilder) -> None:
    """The rows of a table, up to where it can't be divided any more."""
    text = read_text(source, builder)
    csv.field_size_limit(_LONGEST_FIELD)
    table = TableWriter(builder)
    said = _SAID.match(text)
    delimiter = said.group(1) if said else _delimiter(text[:_SAMPLE], source.name)
    try:
        for row in csv.reader(io.StringIO(text[said.end() if said else 0 :], newline=""), delimiter=delimiter):
            table.add(row)
    except csv.Error:
        # A field without end, most likely an unpaired quotation mark: its lines are still worth reading.
        builder.notes.append("Not all of the table could be divided into columns.")


def _delimiter(sample: str, name: str) -> str:
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    lines = [line for line in _QUOTED.sub("", sample).splitlines()[:50] if line.strip()]
    counts = {mark: sorted(line.count(mark) for line in lines) for mark in _DELIMITERS}
    # What stands in most lines the same number of times is what divides them.
    return max(_DELIMITERS, key=lambda mark: _steady(counts[mark]))


def _steady(counts: Sequence[int]) -> float:
    if not counts or counts[len(counts) // 2] == 0:
        return 0.0
    middle = counts[len(counts) // 2]
    return sum(count == middle for count in counts) / len(counts)

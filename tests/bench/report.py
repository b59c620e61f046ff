"""Rows of measurements, as a table for people and as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from tests.bench.this_machine import facts


@dataclass(frozen=True)
class Row:
    """value and reference in unit; the ratio is value / reference, and limit what it is held against, if anything."""

    name: str
    value: float
    unit: str
    reference: float | None = None
    against: str = ""
    limit: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.reference if self.reference else None

    def judged(self, met: bool) -> Row:
        return replace(self, met=met)


def print_table(rows: Sequence[Row]) -> None:
    for row in rows:
        verdict = "" if row.met is None else ("  met" if row.met else "  NOT MET")
        print(f"{row.name:52} {row.value:9.2f} {row.unit:9} {_ratio(row):58} {row.limit}{verdict}", flush=True)


def _ratio(row: Row) -> str:
    if row.ratio is None:
        return ""
    # A saving reads better as a fraction.
    ratio = f"{row.ratio:6.3f}" if row.ratio >= 0.1 else f"1/{1 / row.ratio:.0f}".rjust(6)
    return f"{ratio} x {row.against} ({row.reference:.2f})"


def as_json(rows: Sequence[Row]) -> str:
    return json.dumps({"machine": facts(), "rows": [{**asdict(row), "ratio": row.ratio} for row in rows]}, indent=1)

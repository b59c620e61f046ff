"""Rows of measurements, as a table for people and as JSON for machines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


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


def print_table(rows: list[Row]) -> None:
    for row in rows:
        ratio = f"{row.ratio:6.3f} x {row.against} ({row.reference:.2f})" if row.ratio is not None else ""
        verdict = "" if row.met is None else ("  met" if row.met else "  NOT MET")
        print(f"{row.name:46} {row.value:9.2f} {row.unit:9} {ratio:52} {row.limit}{verdict}")


def as_json(rows: list[Row]) -> str:
    return json.dumps([{**asdict(row), "ratio": row.ratio} for row in rows], indent=1)

"""The catalogue of models, and how each would run on this computer before its file is there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.domain.catalogue import CatalogueEntry, HubFile, Prospect, Purpose, Suitability
from app.domain.sizes import file_size
from app.engine.gguf_header import GgufHeader
from app.engine.gguf_parts import parts_named
from app.engine.machine import Machine
from app.engine.planner import Verdict, plan_for
from app.errors import NotFoundError
from app.paths import resource

# Stays free on the disk beside a model.
DISK_RESERVE = 1 << 30
_WORD = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_ON_THE_HUB = re.compile(rf"(?P<repository>{_WORD}/{_WORD})/(?P<file>({_WORD}/)*{_WORD}\.gguf)")
_SUITABILITY = {
    Verdict.FITS: Suitability.WELL,
    Verdict.TIGHT: Suitability.TIGHT,
    Verdict.REFUSED: Suitability.NOT_HERE,
}


def load_catalogue(path: Path | None = None) -> tuple[CatalogueEntry, ...]:
    """Read ``resources/models.json``, or another file of its schema (``resources/models.schema.json``)."""
    values = json.loads((path or resource("models.json")).read_text(encoding="utf-8"))
    return tuple(_entry(value) for value in values["models"])


def entry_named(catalogue: Iterable[CatalogueEntry], identity: str) -> CatalogueEntry:
    """A model of the catalogue by its id, or any GGUF of the hub as OWNER/REPOSITORY/FILE. Raises NotFoundError."""
    known = {entry.id: entry for entry in catalogue}
    entry = known.get(identity) or _of_the_hub(identity)
    if entry is None:
        raise NotFoundError(
            f"There is no model “{identity}” in the catalogue.",
            f"It has {', '.join(known)}. Others are named OWNER/REPOSITORY/FILE.gguf, as on the hub.",
        )
    return entry


def _of_the_hub(identity: str) -> CatalogueEntry | None:
    """A file of which only the place is known; all parts where it is one of several."""
    found = _ON_THE_HUB.fullmatch(identity)
    if found is None:
        return None
    names = [path.as_posix() for path in parts_named(Path(found["file"]))]
    return CatalogueEntry(
        id=identity,
        name=Path(names[0]).stem,
        purpose=Purpose.CHAT,
        recommended=False,
        description="",
        licence="",
        repository=found["repository"],
        revision=None,
        files=tuple(map(HubFile, names)),
        tensor_bytes=0,
        header={"general.architecture": ""},
        lengths={},
    )


def prospects(
    catalogue: Iterable[CatalogueEntry], machine: Machine, wanted_context: int, free_disk: int
) -> tuple[Prospect, ...]:
    """How each model would run with so large a context (tokens). At most one is recommended."""
    found = [_prospect(entry, machine, wanted_context, free_disk) for entry in catalogue]
    best = _recommended(found)
    return tuple(replace(prospect, recommended=prospect is best) for prospect in found)


def expected_header(entry: CatalogueEntry) -> GgufHeader:
    """What the header of the model's file will say, as far as the planner reads it."""
    return GgufHeader(
        path=Path(entry.files[0].name),
        size=entry.size,
        metadata={"general.name": entry.name, **entry.header},
        tensor_count=0,
        tensor_bytes=entry.tensor_bytes,
        data_offset=0,
        fingerprint="",
        lengths=dict(entry.lengths),
    )


def _prospect(entry: CatalogueEntry, machine: Machine, wanted_context: int, free_disk: int) -> Prospect:
    plan = plan_for(expected_header(entry), wanted_context, machine)
    suitability, sentence = _SUITABILITY[plan.verdict], plan.sentence
    if suitability is not Suitability.NOT_HERE and entry.size + DISK_RESERVE > free_disk:
        # A need of memory is said first: a disk can be tidied, memory can't.
        suitability = Suitability.NOT_HERE
        free = file_size(max(0, free_disk))
        sentence = f"{entry.name} takes {file_size(entry.size)} on the disk, and {free} are free."
    return Prospect(entry, suitability, plan.total, entry.size, free_disk, sentence)


def _recommended(found: Sequence[Prospect]) -> Prospect | None:
    """The catalogue's choice, if it runs at all, else the largest chat model that does."""
    runs = [
        prospect
        for prospect in found
        if prospect.entry.purpose is Purpose.CHAT and prospect.suitability is not Suitability.NOT_HERE
    ]
    chosen = [prospect for prospect in runs if prospect.entry.recommended]
    return max(chosen or runs, key=lambda prospect: prospect.disk, default=None)


def _entry(value: dict[str, Any]) -> CatalogueEntry:
    prefixes = value.get("prefixes", {})
    return CatalogueEntry(
        id=value["id"],
        name=value["name"],
        purpose=Purpose(value["purpose"]),
        recommended=value["recommended"],
        description=value["description"],
        licence=value["licence"],
        repository=value["repository"],
        revision=value["revision"],
        files=tuple(HubFile(file["name"], file["size"], file["sha256"]) for file in value["files"]),
        tensor_bytes=value["tensor_bytes"],
        header=value["header"],
        lengths=value["lengths"],
        query_prefix=prefixes.get("query", ""),
        document_prefix=prefixes.get("document", ""),
    )

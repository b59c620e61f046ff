"""Models that come in several files, as llama.cpp's gguf-split makes them: ``NAME-00001-of-00003.gguf`` and so on.

The first part has the metadata; llama.cpp finds the others by their names.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from app.engine.gguf_header import GgufHeader, read_header, read_part
from app.errors import ModelFileError

_NAME = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
_MOST_PARTS = 512


def first_part(path: Path) -> Path:
    """The file that stands for a model when any of its parts is named."""
    return parts_named(path)[0]


def parts_of(path: Path) -> tuple[Path, ...]:
    """All files of a model, the first part first. Raises ModelFileError that names the missing ones."""
    parts = parts_named(path)
    missing = [part.name for part in parts if not part.is_file()]
    if len(parts) > 1 and missing:
        raise ModelFileError(
            f"This model comes in {len(parts)} parts, and {_listed(missing)} {'is' if len(missing) == 1 else 'are'} "
            "missing.",
            f"Put all of them into one folder: {parts[0].parent}.",
        )
    return parts


def read_model(path: Path) -> GgufHeader:
    """The header of a model, in whatever number of files it comes; sizes are of all of them. Raises ModelFileError."""
    parts = parts_of(path)
    header = read_header(parts[0])
    count = header.metadata.get("split.count", 1)
    if not isinstance(count, int) or max(count, 1) != len(parts):
        raise ModelFileError(
            f"{parts[0].name} says that it is one of {count} parts, and its name says another number.",
            "Give the files the names that they were published under.",
        )
    if len(parts) == 1:
        return header
    others = [_read_other(part, number, len(parts)) for number, part in enumerate(parts) if number]
    tensors = sum(part.tensor_count for part in (header, *others))
    if header.metadata.get("split.tensors.count", tensors) != tensors:
        raise ModelFileError(
            f"The parts of {header.name} don’t belong together: they have {tensors:,} tensors in all.",
            "Copy or download all of them again.",
        )
    return replace(
        header,
        size=sum(part.size for part in (header, *others)),
        tensor_count=tensors,
        tensor_bytes=sum(part.tensor_bytes for part in (header, *others)),
        fingerprint=hashlib.sha256("".join(part.fingerprint for part in (header, *others)).encode()).hexdigest()[:32],
    )


def _read_other(path: Path, number: int, count: int) -> GgufHeader:
    part = read_part(path)
    if part.metadata.get("split.no") != number or part.metadata.get("split.count") != count:
        raise ModelFileError(f"{path.name} is not part {number + 1} of {count}.", "Copy or download all parts again.")
    return part


def parts_named(path: Path) -> tuple[Path, ...]:
    """The files that a model has by this one's name, the first part first, whether they are there or not."""
    found = _NAME.fullmatch(path.name)
    count = int(found["count"]) if found is not None else 1
    if found is None or not 1 < count <= _MOST_PARTS or not 1 <= int(found["number"]) <= count:
        return (path,)
    stem = path.name[: found.start("number")]
    tail = path.name[found.end("number") :]
    return tuple(path.with_name(f"{stem}{number:05}{tail}") for number in range(1, count + 1))


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

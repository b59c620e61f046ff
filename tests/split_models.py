"""A model cut into two files, as llama.cpp's gguf-split does it. Format: ggml-org/ggml, docs/gguf.md."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from tests.gguf_parts import ARRAY, INT32, STRING, item

_UINT16 = 2
_WIDTHS = {0: 1, 1: 1, _UINT16: 2, 3: 2, 4: 4, INT32: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_ALIGNMENT = 32


@dataclass(frozen=True)
class _Tensor:
    """description is what its entry says before the offset."""

    description: bytes
    weights: bytes


def split_in_two(source: Path, folder: Path) -> tuple[Path, Path]:
    """Write both parts: all metadata and half of the tensors, then the other half."""
    count, metadata, tensors = _read(source.read_bytes())
    half = len(tensors) // 2
    paths = (folder / f"{source.stem}-00001-of-00002.gguf", folder / f"{source.stem}-00002-of-00002.gguf")
    paths[0].write_bytes(_part(0, len(tensors), count, metadata, tensors[:half]))
    paths[1].write_bytes(_part(1, len(tensors), 0, b"", tensors[half:]))
    return paths


def _read(data: bytes) -> tuple[int, bytes, list[_Tensor]]:
    """How many items the metadata have, these as they are, and the tensors."""
    tensor_count, item_count = struct.unpack_from("<QQ", data, 8)
    begin = at = 24
    for _ in range(item_count):
        at = _after_string(data, at)
        at = _after_value(data, at + 4, struct.unpack_from("<I", data, at)[0])
    metadata = data[begin:at]
    entries: list[tuple[bytes, int]] = []
    for _ in range(tensor_count):
        begin, at = at, _after_string(data, at)
        at += 4 + 8 * struct.unpack_from("<I", data, at)[0] + 4
        entries.append((data[begin:at], struct.unpack_from("<Q", data, at)[0]))
        at += 8
    weights = data[-(-at // _ALIGNMENT) * _ALIGNMENT :]
    ends = [*sorted(offset for _, offset in entries), len(weights)]
    return (
        item_count,
        metadata,
        [_Tensor(entry, weights[offset : ends[ends.index(offset) + 1]]) for entry, offset in entries],
    )


def _after_string(data: bytes, at: int) -> int:
    return at + 8 + int(struct.unpack_from("<Q", data, at)[0])


def _after_value(data: bytes, at: int, kind: int) -> int:
    if kind == STRING:
        return _after_string(data, at)
    if kind != ARRAY:
        return at + _WIDTHS[kind]
    item_kind, count = struct.unpack_from("<IQ", data, at)
    at += 12
    if item_kind != STRING:
        return at + _WIDTHS[item_kind] * int(count)
    for _ in range(count):
        at = _after_string(data, at)
    return at


def _part(number: int, all_tensors: int, count: int, metadata: bytes, tensors: list[_Tensor]) -> bytes:
    about = item("split.no", _UINT16, struct.pack("<H", number))
    about += item("split.count", _UINT16, struct.pack("<H", 2))
    about += item("split.tensors.count", INT32, struct.pack("<i", all_tensors))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), count + 3) + metadata + about
    weights = b""
    for tensor in tensors:
        head += tensor.description + struct.pack("<Q", len(weights))
        weights += _padded(tensor.weights)
    return _padded(head) + weights


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)

"""Reads the GGUF format in pure Python, and says in a sentence where a file departs from it.

Format: ggml-org/ggml, docs/gguf.md. Whether a sound file is a model that can be run is for ``gguf_header``.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from app.domain.sizes import file_size
from app.errors import ModelFileError

Value = int | float | bool | str | list["Value"]
Arrays = Mapping[str, tuple[int, int]]
"""Of each array in the metadata, the type of its items (gguf_metadata_value_type) and their number."""

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
# Types that ggml gave up, and the number of those that it knows (ggml.h, enum ggml_type; llama-cpp-python 0.3.36).
_GONE, _KINDS = {4, 5, 31, 32, 33, 36, 37, 38}, 43
# Bytes and elements of a block for each ggml_type (ggml/src/ggml.c, type_traits). Types not listed aren't measured.
_BLOCKS = {
    0: (4, 1), 1: (2, 1), 2: (18, 32), 3: (20, 32), 6: (22, 32), 7: (24, 32), 8: (34, 32), 9: (36, 32),
    10: (84, 256), 11: (110, 256), 12: (144, 256), 13: (176, 256), 14: (210, 256), 15: (292, 256),
    16: (66, 256), 17: (74, 256), 18: (98, 256), 19: (50, 256), 20: (18, 32), 21: (110, 256), 22: (82, 256),
    23: (136, 256), 24: (1, 1), 25: (2, 1), 26: (4, 1), 27: (8, 1), 28: (8, 1), 29: (56, 256), 30: (2, 1),
    34: (54, 256), 35: (66, 256), 39: (17, 32), 40: (36, 64),
}  # fmt: skip
_MAX_ITEMS = 1 << 24
_MAX_STRING = 1 << 27
_LONG_ARRAY = 64


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """Metadata of a GGUF. Arrays longer than 64 items (the vocabulary) are left out; lengths says how long they are.

    data_offset is where the tensors begin, in bytes; fingerprint tells files apart by their header, their size and
    samples of their weights.
    """

    path: Path
    size: int
    metadata: dict[str, Value]
    tensor_count: int
    tensor_bytes: int
    data_offset: int
    fingerprint: str
    lengths: dict[str, int] = field(default_factory=dict)

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", ""))

    @property
    def name(self) -> str:
        return str(self.metadata.get("general.name", "") or self.path.stem)

    @property
    def chat_template(self) -> str | None:
        template = self.metadata.get("tokenizer.chat_template")
        return template if isinstance(template, str) and template.strip() else None

    @property
    def recommended_temperature(self) -> float | None:
        value = self.metadata.get("general.sampling.temp")
        return float(value) if isinstance(value, (int, float)) and 0 <= value <= 2 else None

    def number(self, key: str, default: int = 0) -> int:
        """An integer of the architecture's own section, ``{architecture}.{key}``."""
        value = self.metadata.get(f"{self.architecture}.{key}", default)
        return value if isinstance(value, int) else default

    def per_layer(self, key: str) -> list[int]:
        """An integer for each layer: one for all, or an array with one for each. Empty where the file doesn't say."""
        value, layers = self.metadata.get(f"{self.architecture}.{key}"), self.number("block_count")
        if isinstance(value, int):
            return [value] * layers
        items = [item for item in value if isinstance(item, int)] if isinstance(value, list) else []
        return items if len(items) == layers else []

    def length(self, key: str) -> int:
        """How many items an array has, 0 for what is none."""
        value = self.metadata.get(key)
        return self.lengths.get(key, len(value) if isinstance(value, list) else 0)


class _Reader:
    """Reads little-endian values from the mapped file and never past its end."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.position = 0
        self.passed_over = 0
        self.item_kind = -1

    def take(self, count: int) -> bytes:
        start = self.position
        self.position = start + count
        if self.position > len(self.data):
            raise _truncated()
        return self.data[start : self.position]

    def number(self, form: str) -> int | float | bool:
        value: int | float | bool = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def count(self, form: str, limit: int) -> int:
        value = int(self.number(form))
        if value > limit:
            raise damaged(f"a count of {value}")
        return value

    def string(self) -> str:
        return self.take(self.count("<Q", _MAX_STRING)).decode("utf-8", errors="replace")

    def value(self, kind: int, depth: int = 0) -> Value:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY and depth < 4:
            return self._array(depth)
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        raise damaged(f"a value of type {kind}")

    def _array(self, depth: int) -> list[Value]:
        """An array's items, or nothing for a long one, which is only passed over."""
        kind, count = self.count("<I", 64), self.count("<Q", _MAX_ITEMS)
        self.item_kind = kind
        if count <= _LONG_ARRAY:
            return [self.value(kind, depth + 1) for _ in range(count)]
        self.passed_over = count
        if kind in _SCALARS:
            self.position += count * struct.calcsize(_SCALARS[kind])
        elif kind == _STRING:
            self._skip_strings(count)
        else:
            raise damaged("a long array of arrays")
        self.take(0)
        return []

    def _skip_strings(self, count: int) -> None:
        """Pass over a vocabulary: gpt-oss has 650,000 strings, hence the tight loop."""
        unpack, data, position, end = struct.Struct("<Q").unpack_from, self.data, self.position, len(self.data) - 8
        for _ in range(count):
            if position > end:
                raise _truncated()
            position += 8 + unpack(data, position)[0]
        self.position = position


def read_gguf(path: Path) -> tuple[GgufHeader, Arrays]:
    """The header of a file, and its arrays. Raises ModelFileError with a sentence for whatever is wrong with it."""
    if path.is_dir():
        raise ModelFileError(f"{path.name} is a folder.", "Choose the GGUF file inside it.")
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size < 24:
                raise _not_gguf(path, stream.read(24))
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _read(path, data)
    except FileNotFoundError:
        raise ModelFileError(f"There is no file {path}.", "Choose a GGUF file that exists.") from None
    except PermissionError:
        raise ModelFileError(f"{path.name} may not be read.", "Change its permissions or copy it elsewhere.") from None
    except OSError as error:
        raise ModelFileError(f"{path.name} can't be read.", "Check the disk it lies on.", str(error)) from error


def _read(path: Path, data: mmap.mmap) -> tuple[GgufHeader, Arrays]:
    reader, size = _Reader(data), len(data)
    magic = reader.take(4)
    if magic != b"GGUF":
        raise _not_gguf(path, magic)
    version = int(reader.number("<I"))
    if version not in (2, 3):
        raise ModelFileError(
            f"{path.name} is a GGUF of version {version & 0xFFFF}, which can't be read.",
            "Choose a file of version 2 or 3, in the byte order of this computer.",
        )
    tensor_count, item_count = reader.count("<Q", 1 << 20), reader.count("<Q", 1 << 16)
    metadata, arrays = _metadata(reader, item_count)
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 20 or alignment & (alignment - 1):
        raise damaged("its alignment")
    extents = _extents(reader, tensor_count, alignment)
    data_offset = -(-reader.position // alignment) * alignment
    tensor_bytes = extents[-1].end if extents else 0
    if data_offset + tensor_bytes > size:
        raise _truncated(data_offset + tensor_bytes - size)
    lengths = {key: length for key, (_, length) in arrays.items() if length > _LONG_ARRAY}
    fingerprint = _fingerprint(data, data_offset)
    header = GgufHeader(path, size, metadata, tensor_count, tensor_bytes, data_offset, fingerprint, lengths)
    return header, arrays


def _metadata(reader: _Reader, count: int) -> tuple[dict[str, Value], Arrays]:
    """The items, and of the arrays among them the type of the items and their number."""
    metadata: dict[str, Value] = {}
    arrays: dict[str, tuple[int, int]] = {}
    for _ in range(count):
        key = reader.string()
        if key in metadata:
            raise damaged(f"{key} that is there twice")
        reader.passed_over = 0
        kind = reader.count("<I", 64)
        value = metadata[key] = reader.value(kind)
        if isinstance(value, list):
            arrays[key] = (reader.item_kind, reader.passed_over or len(value))
    return metadata, arrays


class _Extent(NamedTuple):
    """Where a tensor's data lies, in bytes from the start of the data section."""

    start: int
    end: int


def _extents(reader: _Reader, count: int, alignment: int) -> list[_Extent]:
    """Where the tensors lie, by their place. Raises ModelFileError if that makes no sense."""
    extents: list[_Extent] = []
    names: set[str] = set()
    for _ in range(count):
        name, extent = _tensor(reader)
        if name in names:
            raise damaged("a tensor that is there twice")
        if extent.start % alignment:
            raise damaged("the place of a tensor")
        names.add(name)
        extents.append(extent)
    extents.sort()
    if any(later.start < earlier.end for earlier, later in itertools.pairwise(extents)):
        raise damaged("two tensors in one place")
    return extents


def _tensor(reader: _Reader) -> tuple[str, _Extent]:
    name = reader.string()
    sizes = [int(reader.number("<Q")) for _ in range(reader.count("<I", 4))]
    kind, offset = int(reader.number("<I")), int(reader.number("<Q"))
    if kind in _GONE or kind >= _KINDS:
        raise ModelFileError(
            f"The model file has weights of a kind ({kind}) that this version can't compute with.",
            "Choose another file of the same model, or look for a newer version of the application.",
        )
    size, per_block = _BLOCKS.get(kind, (0, 1))
    elements = math.prod(sizes)
    if not 0 < elements <= 1 << 48 or offset > 1 << 48 or (sizes and sizes[0] % per_block):
        raise damaged("a tensor's size")
    return name, _Extent(offset, offset + elements // per_block * size)


def _fingerprint(data: mmap.mmap, data_offset: int) -> str:
    """SHA-256 over the size, the header and 64 samples of 4 KiB of the weights, first 32 hex digits."""
    digest = hashlib.sha256(str(len(data)).encode())
    digest.update(data[:data_offset])
    for i in range(64):
        start = data_offset + (len(data) - data_offset) * i // 64
        digest.update(data[start : start + 4096])
    return digest.hexdigest()[:32]


def _not_gguf(path: Path, start: bytes) -> ModelFileError:
    return ModelFileError(
        f"{path.name} is {'not a GGUF file' if start else 'empty'}.",
        "Choose a model in the GGUF format; its name usually ends in .gguf.",
    )


def _truncated(missing: int | None = None) -> ModelFileError:
    how = f": {file_size(missing)} are missing" if missing is not None else ""
    return ModelFileError(
        f"The model file is incomplete{how}.", "Copy or download it again; the copy may have been interrupted."
    )


def damaged(what: str) -> ModelFileError:
    """The error for a value that no sound file has."""
    return ModelFileError(
        f"The model file is damaged: {what} can't be right.", "Copy or download it again, or choose another file."
    )

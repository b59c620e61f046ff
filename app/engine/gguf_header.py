"""Reads a GGUF's header in pure Python, before llama.cpp sees the file.

Some headers abort llama.cpp (block_count 0), which would take the engine's process with it; a truncated file can be
named as such in a millisecond. Format: ggml-org/ggml, docs/gguf.md.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import ModelFileError

Value = int | float | bool | str | list["Value"]

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
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
_MAX_LAYERS = 512
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
            raise _damaged(f"a count of {value}")
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
        raise _damaged(f"a value of type {kind}")

    def _array(self, depth: int) -> list[Value]:
        """An array's items, or nothing for a long one, which is only passed over."""
        kind, count = self.count("<I", 64), self.count("<Q", _MAX_ITEMS)
        if count <= _LONG_ARRAY:
            return [self.value(kind, depth + 1) for _ in range(count)]
        self.passed_over = count
        if kind in _SCALARS:
            self.position += count * struct.calcsize(_SCALARS[kind])
        elif kind == _STRING:
            self._skip_strings(count)
        else:
            raise _damaged("a long array of arrays")
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


def read_header(path: Path) -> GgufHeader:
    """Read and check a GGUF's header. Raises ModelFileError with a sentence for whatever is wrong with the file."""
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


def _read(path: Path, data: mmap.mmap) -> GgufHeader:
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
    metadata, lengths = _metadata(reader, item_count)
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 20:
        raise _damaged("its alignment")
    extents = [_tensor_extent(reader) for _ in range(tensor_count)]
    data_offset = -(-reader.position // alignment) * alignment
    tensor_bytes = max(extents, default=0)
    if data_offset + tensor_bytes > size:
        raise _truncated(data_offset + tensor_bytes - size)
    fingerprint = _fingerprint(data, data_offset)
    header = GgufHeader(path, size, metadata, tensor_count, tensor_bytes, data_offset, fingerprint, lengths)
    _check_model(header)
    return header


def _metadata(reader: _Reader, count: int) -> tuple[dict[str, Value], dict[str, int]]:
    """The items, and the lengths of the arrays that were passed over."""
    metadata: dict[str, Value] = {}
    lengths: dict[str, int] = {}
    for _ in range(count):
        key = reader.string()
        reader.passed_over = 0
        metadata[key] = reader.value(reader.count("<I", 64))
        if reader.passed_over:
            lengths[key] = reader.passed_over
    return metadata, lengths


def _tensor_extent(reader: _Reader) -> int:
    """Where a tensor's data ends, in bytes from the start of the data section."""
    reader.string()
    elements = 1
    dimensions = reader.count("<I", 4)
    for _ in range(dimensions):
        elements *= max(1, int(reader.number("<Q")))
    kind, offset = int(reader.number("<I")), int(reader.number("<Q"))
    size, per_block = _BLOCKS.get(kind, (0, 1))
    if elements > 1 << 48 or offset > 1 << 48:
        raise _damaged("a tensor's size")
    return offset + -(-elements // per_block) * size


def _check_model(header: GgufHeader) -> None:
    """Refuse what is a sound GGUF and yet no language model, or would abort llama.cpp."""
    name = header.path.name
    if not header.architecture:
        raise _damaged("its architecture")
    if header.architecture in ("clip", "mmproj") or header.metadata.get("general.type") in (
        "adapter",
        "mmproj",
        "imatrix",
    ):
        raise ModelFileError(f"{name} is an addition to a model, not a model.", "Choose the model's own GGUF file.")
    if header.metadata.get("tokenizer.ggml.model") is None and header.number("block_count", 1) > 0:
        raise ModelFileError(f"{name} has no vocabulary.", "Choose the GGUF of a chat model.")
    if not 1 <= header.number("block_count") <= _MAX_LAYERS:
        raise _damaged(f"{header.number('block_count')} layers")
    heads = header.metadata.get(f"{header.architecture}.attention.head_count", 1)
    if isinstance(heads, int) and not 0 < heads <= 1 << 14:
        raise _damaged(f"{heads} attention heads")
    if not 0 < header.number("context_length", 1) <= 1 << 31 or not 0 < header.number("embedding_length", 1) <= 1 << 24:
        raise _damaged("its sizes")


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
    how = f": {missing / 2**20:,.1f} MiB are missing" if missing is not None else ""
    return ModelFileError(
        f"The model file is incomplete{how}.", "Copy or download it again; the copy may have been interrupted."
    )


def _damaged(what: str) -> ModelFileError:
    return ModelFileError(
        f"The model file is damaged: {what} can't be right.", "Copy or download it again, or choose another file."
    )

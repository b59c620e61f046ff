"""GGUF files written value by value, sound or wrong in one place."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

UINT16, UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY, UINT64 = 2, 4, 5, 6, 7, 8, 9, 10
_FORMS = {UINT16: "<H", UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?", UINT64: "<Q"}


@dataclass(frozen=True)
class Array:
    kind: int
    items: tuple[object, ...]


@dataclass(frozen=True)
class Tensor:
    """offset None puts it behind the one before."""

    name: str
    sizes: tuple[int, ...] = (32, 4)
    kind: int = 0
    offset: int | None = None


Item = tuple[int, object]
TOKENS = tuple(f"t{i}" for i in range(80))
METADATA: dict[str, Item] = {
    "general.architecture": (STRING, "llama"),
    "general.name": (STRING, "small"),
    "llama.context_length": (UINT32, 512),
    "llama.embedding_length": (UINT32, 32),
    "llama.block_count": (UINT32, 1),
    "llama.feed_forward_length": (UINT32, 64),
    "llama.attention.head_count": (UINT32, 2),
    "llama.attention.head_count_kv": (UINT32, 2),
    "llama.rope.dimension_count": (UINT32, 16),
    "tokenizer.ggml.model": (STRING, "gpt2"),
    "tokenizer.ggml.tokens": (ARRAY, Array(STRING, TOKENS)),
    "tokenizer.ggml.token_type": (ARRAY, Array(INT32, (1,) * len(TOKENS))),
    "tokenizer.chat_template": (STRING, "{{ messages[0].content }}"),
}
TENSORS = (Tensor("token_embd.weight", (32, 80)), Tensor("output_norm.weight", (32,)))


def write_gguf(
    path: Path,
    metadata: Mapping[str, Item] = METADATA,
    tensors: Iterable[Tensor] = TENSORS,
    again: tuple[str, Item] | None = None,
    missing: int = 0,
) -> Path:
    """again is an item that is written a second time, missing are bytes cut off the end. F32 is assumed."""
    items, described = [*metadata.items(), *([again] if again else [])], list(tensors)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(described), len(items))
    head += b"".join(_string(key) + struct.pack("<I", kind) + _value(kind, value) for key, (kind, value) in items)
    place = 0
    for tensor in described:
        offset = place if tensor.offset is None else tensor.offset
        head += _string(tensor.name) + struct.pack(
            f"<I{len(tensor.sizes)}QIQ", len(tensor.sizes), *tensor.sizes, tensor.kind, offset
        )
        size = 4
        for count in tensor.sizes:
            size *= count
        place += -(-min(size, 1 << 16) // 32) * 32
    data = head + bytes(-len(head) % 32) + bytes(place)
    path.write_bytes(data[: len(data) - missing])
    return path


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(kind: int, value: object) -> bytes:
    if kind == STRING:
        return _string(str(value))
    if isinstance(value, Array):
        return struct.pack("<IQ", value.kind, len(value.items)) + b"".join(
            _value(value.kind, item) for item in value.items
        )
    return struct.pack(_FORMS[kind], value)

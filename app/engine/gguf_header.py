"""Checks a model's header before llama.cpp sees the file.

Some headers abort llama.cpp or have it read past an end, which would take the engine's process with it. Each check here
stands for a GGML_ASSERT, a division or an unchecked access in its src/llama-model.cpp and src/llama-vocab.cpp.
"""

from __future__ import annotations

from pathlib import Path

from app.engine.gguf_format import Arrays, GgufHeader, damaged, read_gguf
from app.errors import ModelFileError

__all__ = ["GgufHeader", "read_header", "read_part"]

_MAX_LAYERS = 512
_MAX_EXPERTS = 512
_MAX_HEADS = 1 << 14
# gguf_metadata_value_type
_INT32, _FLOAT32, _STRING = 5, 6, 8
_ITEM_KINDS = {
    "tokenizer.ggml.tokens": _STRING,
    "tokenizer.ggml.merges": _STRING,
    "tokenizer.ggml.scores": _FLOAT32,
    "tokenizer.ggml.token_type": _INT32,
}
_AS_LONG_AS_TOKENS = ("tokenizer.ggml.scores", "tokenizer.ggml.token_type")
_ROPE_SCALINGS = ("none", "linear", "yarn", "longrope")
_ADDITIONS = ("adapter", "mmproj", "imatrix")


def read_header(path: Path) -> GgufHeader:
    """Read and check a model's header. Raises ModelFileError with a sentence for whatever is wrong with the file."""
    header, arrays = read_gguf(path)
    _check_kind(header)
    _check_sizes(header)
    _check_attention(header)
    _check_experts(header)
    _check_vocabulary(header, arrays)
    return header


def read_part(path: Path) -> GgufHeader:
    """Read the header of a part that isn't a model's first: it has tensors and no more. Raises ModelFileError."""
    return read_gguf(path)[0]


def _check_kind(header: GgufHeader) -> None:
    """Refuse what is a sound GGUF and yet no language model."""
    name, number = header.path.name, header.metadata.get("split.no", 0)
    if isinstance(number, int) and number > 0:
        raise ModelFileError(
            f"{name} is part {number + 1} of a model.", "Choose the first part, and keep all parts in one folder."
        )
    if not header.architecture:
        raise damaged("its architecture")
    if header.architecture in ("clip", "mmproj") or header.metadata.get("general.type") in _ADDITIONS:
        raise ModelFileError(f"{name} is an addition to a model, not a model.", "Choose the model's own GGUF file.")
    if header.metadata.get("tokenizer.ggml.model") is None and header.number("block_count", 1) > 0:
        raise ModelFileError(f"{name} has no vocabulary.", "Choose the GGUF of a chat model.")


def _check_sizes(header: GgufHeader) -> None:
    layers = header.number("block_count")
    if not 1 <= layers <= _MAX_LAYERS:
        raise damaged(f"{layers} layers")
    width = _whole(header, "embedding_length", 1)
    if not 0 < _whole(header, "context_length", 1) <= 1 << 31 or not 0 < width <= 1 << 24:
        raise damaged("its sizes")
    for key in ("feed_forward_length", "expert_feed_forward_length", "attention.sliding_window"):
        if any(not 0 <= size <= 1 << 31 for size in _numbers(header, key)):
            raise damaged(f"a {key} of that size")


def _check_attention(header: GgufHeader) -> None:
    for key in ("attention.head_count", "attention.head_count_kv"):
        numbers = _numbers(header, key)
        # In some architectures some layers have no attention, but never all.
        if numbers and (not any(numbers) or any(not 0 <= heads <= _MAX_HEADS for heads in numbers)):
            raise damaged(f"{numbers[0]} attention heads")
    heads = max(_numbers(header, "attention.head_count"), default=0)
    shared = header.number("embedding_length") // heads if heads else 0
    length = _whole(header, "attention.key_length", shared)
    if not 0 <= length <= 1 << 16 or not 0 <= _whole(header, "attention.value_length", length) <= 1 << 16:
        raise damaged("the length of a key or a value")
    rotated = _whole(header, "rope.dimension_count", 0)
    if rotated % 2 or not 0 <= rotated <= max(length, rotated if not length else 0):
        raise damaged(f"{rotated} rotated dimensions")
    scaling = header.metadata.get(f"{header.architecture}.rope.scaling.type", "none")
    if scaling not in _ROPE_SCALINGS:
        raise damaged("the scaling of its positions")


def _check_experts(header: GgufHeader) -> None:
    experts, used = _whole(header, "expert_count", 0), _whole(header, "expert_used_count", 0)
    if not 0 <= experts <= _MAX_EXPERTS or not 0 <= used <= experts or (experts and not used):
        raise damaged(f"{used} of {experts} experts")


def _check_vocabulary(header: GgufHeader, arrays: Arrays) -> None:
    if header.metadata.get("tokenizer.ggml.model") == "none":
        return
    tokens = arrays.get("tokenizer.ggml.tokens", (_STRING, 0))[1]
    if not tokens:
        raise damaged("a vocabulary without tokens")
    for key, kind in _ITEM_KINDS.items():
        if key in header.metadata and (key not in arrays or arrays[key][0] != kind):
            raise damaged(key)
    for key in _AS_LONG_AS_TOKENS:
        if key in arrays and arrays[key][1] != tokens:
            raise damaged(f"{key} for {arrays[key][1]:,} of {tokens:,} tokens")


def _whole(header: GgufHeader, key: str, default: int) -> int:
    """A number of the architecture's section that must be a whole one if it is there."""
    value = header.metadata.get(f"{header.architecture}.{key}", default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise damaged(key)
    return value


def _numbers(header: GgufHeader, key: str) -> list[int]:
    """A number for all layers or one for each; empty where the file doesn't say."""
    value = header.metadata.get(f"{header.architecture}.{key}", [])
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, bool) or not isinstance(item, int) for item in items):
        raise damaged(key)
    if isinstance(value, list) and items and len(items) < header.number("block_count"):
        raise damaged(f"{key} for {len(items)} layers")
    return [item for item in items if isinstance(item, int)]

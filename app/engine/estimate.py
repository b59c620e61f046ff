"""How much memory a model takes with a plan, computed from its header: nothing is loaded.

An estimate is the engine process's peak resident memory once the context has been full. llama.cpp writes zeros over the
KV cache when it makes it, so all of that is resident from the start; mapped weights are too, as far as memory allows.
Coefficients were measured with llama-cpp-python 0.3.36 on Linux (see tests/bench/memory_plan.py).
"""

from __future__ import annotations

from app.engine.base import EnginePlan
from app.engine.cache import MAX_CHECKPOINTS
from app.engine.gguf_header import GgufHeader

Items = tuple[tuple[str, int], ...]

WEIGHTS = "weights"

_MIB = 1 << 20
# Python, our modules, llama.cpp and its CPU backend, with what a sampler and the allocator hold.
_PROGRAM = 52 * _MIB
# A token in llama.cpp's vocabulary and in our table of pieces; one more time in tiktoken, which only gpt-oss's needs; a
# merge of two tokens.
_TOKEN, _TIKTOKEN, _MERGE = 260, 270, 110
_F16, _F32 = 2, 4
# llama.cpp rounds the cells of a cache up to this.
_CELL_STEP = 256


def estimate(header: GgufHeader, plan: EnginePlan) -> Items:
    """Bytes by what takes them, largest kinds first. Repacking changes where weights lie, not how large they are."""
    return (
        (WEIGHTS, header.tensor_bytes),
        ("KV cache", _kv_cache(header, plan)),
        ("compute buffers", _compute_buffers(header, plan)),
        ("vocabulary", _vocabulary(header)),
        ("checkpoints", _checkpoints(header)),
        ("program", _PROGRAM),
    )


def total_of(items: Items) -> int:
    return sum(size for _, size in items)


def _cells(tokens: int) -> int:
    return -(-tokens // _CELL_STEP) * _CELL_STEP


def _window(header: GgufHeader) -> int:
    """Positions that sliding-window layers look back, 0 where all layers count as full.

    Which layers have a window is known for gpt-oss only; counting them as full elsewhere is an upper bound.
    """
    return header.number("attention.sliding_window") if header.architecture == "gpt-oss" else 0


def _layer_bytes(header: GgufHeader) -> list[int]:
    """What a token's keys and values take in each layer, as f16."""
    width, heads = header.number("embedding_length"), header.number("attention.head_count")
    # Without a key length the heads share the embedding; without even their number a row can't be longer than that.
    kv_heads = header.per_layer("attention.head_count_kv") or header.per_layer("attention.head_count")
    if not kv_heads:
        return [2 * width * _F16] * header.number("block_count")
    shared = width // heads if heads else width // max(1, *kv_heads)
    length = header.number("attention.key_length", shared) + header.number("attention.value_length", shared)
    return [count * length * _F16 for count in kv_heads]


def _kv_cache(header: GgufHeader, plan: EnginePlan) -> int:
    layers, window = _layer_bytes(header), _window(header)
    full = _cells(plan.context_size)
    if not window:
        return sum(layers) * full
    # gpt-oss alternates, and begins with a window layer.
    some = min(full, _cells(window + plan.batch_size))
    return sum(layers[0::2]) * some + sum(layers[1::2]) * full


def _compute_buffers(header: GgufHeader, plan: EnginePlan) -> int:
    """Intermediate results of a batch, its attention mask, and the logits of one token.

    Widest is the feed-forward part: four rows of its width, for each expert that takes part.
    """
    width = header.number("embedding_length")
    inner = max(
        [
            *header.per_layer("feed_forward_length"),
            *header.per_layer("expert_feed_forward_length"),
            width,
        ]
    )
    row = (4 * max(1, header.number("expert_used_count")) * inner + width) * _F32
    mask = _cells(plan.context_size) * _F16
    return plan.batch_size * (row + mask) + _tokens(header) * _F32


def _tokens(header: GgufHeader) -> int:
    return header.length("tokenizer.ggml.tokens")


def _vocabulary(header: GgufHeader) -> int:
    tiktoken = _TIKTOKEN if header.metadata.get("tokenizer.ggml.pre") == "gpt-4o" else 0
    return _tokens(header) * (_TOKEN + tiktoken) + header.length("tokenizer.ggml.merges") * _MERGE


def _checkpoints(header: GgufHeader) -> int:
    """What the window layers hold, kept at several places of a conversation to return to."""
    return MAX_CHECKPOINTS * _window(header) * sum(_layer_bytes(header)[0::2])

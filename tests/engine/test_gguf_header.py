"""Reading headers: what a sound file says, and a sentence for each way of being unsound."""

from __future__ import annotations

import random
import struct
from contextlib import suppress
from pathlib import Path

import pytest

from app.engine.gguf_header import read_header
from app.errors import ModelFileError
from tests.models import TINY, trial_model, with_block_count


def test_the_header_of_a_sound_file_is_read() -> None:
    header = read_header(TINY)
    assert header.architecture == "gpt-oss"
    assert header.name == "tiny gpt-oss for tests"
    assert header.number("block_count") == 4
    assert header.number("attention.sliding_window") == 128
    assert header.number("context_length") == 131072
    assert header.data_offset + header.tensor_bytes <= header.size
    assert header.size - header.data_offset - header.tensor_bytes < 4096, "the tensors reach to the end of the file"


def test_a_chat_template_is_found() -> None:
    assert "<|im_start|>" in (read_header(trial_model()).chat_template or "")


def test_the_fingerprint_changes_with_the_weights(tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    data = bytearray(TINY.read_bytes())
    for i in range(len(data) - 200_000, len(data)):
        data[i] ^= 1
    other.write_bytes(data)
    assert read_header(other).fingerprint != read_header(TINY).fingerprint
    assert read_header(TINY).fingerprint == read_header(TINY).fingerprint


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty", b"", "is empty"),
        ("short", b"GG", "not a GGUF"),
        ("page", b"<!doctype html><html><body>Not found</body></html>" * 40, "not a GGUF"),
        ("old", b"GGUF" + struct.pack("<IQQ", 1, 1, 1) + bytes(64), "version 1"),
        ("swapped", b"GGUF" + struct.pack(">IQQ", 3, 1, 1) + bytes(64), "byte order"),
        ("huge counts", b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60) + bytes(64), "damaged"),
        ("huge string", b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 62) + bytes(64), "damaged"),
        ("no architecture", b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + bytes(64), "architecture"),
    ],
)
def test_what_is_no_model_is_named_in_words(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / f"{name}.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as error:
        read_header(path)
    assert words in str(error.value)
    assert error.value.remedy


def test_a_folder_and_a_missing_file_are_named_in_words(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="is a folder"):
        read_header(tmp_path)
    with pytest.raises(ModelFileError, match="There is no file"):
        read_header(tmp_path / "nothing.gguf")


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.05, 0.5, 0.999999])
def test_a_truncated_file_is_called_incomplete(tmp_path: Path, share: float) -> None:
    data = TINY.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ModelFileError, match="incomplete"):
        read_header(path)


@pytest.mark.parametrize("count", [0, 1000, 4_000_000_000])
def test_an_impossible_number_of_layers_is_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(ModelFileError, match="layers"):
        read_header(with_block_count(count, tmp_path / "bad.gguf"))


def test_random_damage_to_the_header_ends_in_a_sentence_or_a_header(tmp_path: Path) -> None:
    data = TINY.read_bytes()
    size = read_header(TINY).data_offset
    rng = random.Random(3)
    path = tmp_path / "smashed.gguf"
    for _ in range(300):
        smashed = bytearray(data)
        for _ in range(rng.choice([1, 3, 30])):
            smashed[rng.randrange(size)] = rng.randrange(256)
        path.write_bytes(smashed)
        with suppress(ModelFileError):
            read_header(path)

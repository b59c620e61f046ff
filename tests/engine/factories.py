"""Engines that the engine process can be told to run, by name."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

from app.engine.base import Embedder, EmbedEvent, EmbedRequest, GenerateEvent, GenerateRequest, TextRole
from app.engine.scripted import Script, ScriptedEngine

WORDS = " ".join(f"word{i}" for i in range(2000))
LONG = f"<|channel|>final<|message|>{WORDS}<|return|>"


def slow(abort: Any) -> ScriptedEngine:
    """Takes its time in every phase, so that each can be stopped."""
    return ScriptedEngine(abort, Script((LONG,), load_seconds=20, prefill_seconds=20, token_seconds=0.005))


def quick_to_load(abort: Any) -> ScriptedEngine:
    return ScriptedEngine(abort, Script((LONG,), token_seconds=0.005))


def crashing(abort: Any) -> ScriptedEngine:
    return ScriptedEngine(abort, Script(("<|channel|>final<|message|>Half an !crash<|return|>",)))


class Raising(ScriptedEngine):
    """Has a fault of its own."""

    def generate(self, request: GenerateRequest) -> Iterator[GenerateEvent]:
        raise ZeroDivisionError


class Deaf(ScriptedEngine):
    """Does not react to stop, as native code stuck in the kernel would not."""

    def generate(self, request: GenerateRequest) -> Iterator[GenerateEvent]:
        signal.pause()
        yield from ()


class Aborting(ScriptedEngine):
    """Ends as a failed assertion in llama.cpp would."""

    def generate(self, request: GenerateRequest) -> Iterator[GenerateEvent]:
        os.write(2, b"ggml.c:123: GGML_ASSERT(tested) failed\n")
        os.kill(os.getpid(), signal.SIGABRT)
        yield from ()


def frail_embedder(abort: Any) -> Embedder:
    """The real embedder, which dies of one word."""

    from app.engine.llama_embedder import LlamaEmbedder

    class Frail(LlamaEmbedder):
        def embed(self, request: EmbedRequest) -> Iterator[EmbedEvent]:
            if request.role is TextRole.PASSAGE and any("poison" in text for text in request.texts):
                os.abort()
            yield from super().embed(request)

    return Frail(abort)

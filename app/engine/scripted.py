"""An engine that plays a script: for tests of everything above it, for screenshots and demonstrations.

It keeps the contract of the real one (see base.Engine), needs no model file and speaks harmony as text.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.domain.chat import FailureKind, Statistics
from app.domain.models import ModelInfo
from app.domain.prompt import Plain, Prompt, Special, Tokens, Trusted
from app.domain.stream import Token
from app.engine.base import (
    GO,
    STOP,
    Counted,
    CountEvent,
    CountRequest,
    Engine,
    Failed,
    Finished,
    FinishReason,
    Generated,
    GenerateEvent,
    GenerateRequest,
    Loaded,
    LoadEvent,
    LoadProgress,
    LoadRequest,
    Overflow,
    PrefillProgress,
    PrefillRequest,
    Stopped,
)

SPECIALS = ("<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|call|>", "<|return|>")
_CONTROL = re.compile("(" + "|".join(map(re.escape, SPECIALS)) + ")")
_FIRST_WORD_ID = 1000
_COMPLETION = (
    "<|channel|>analysis<|message|>A scripted thought.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>A scripted answer.<|return|>"
)


@dataclass(frozen=True, slots=True)
class Script:
    """What to say, a completion for each request in turn (the last one again and again), and how fast.

    A completion is harmony with its control tokens spelled out. ``!crash`` and ``!fail`` in one end the process and the
    request at that place.
    """

    completions: tuple[str, ...] = (_COMPLETION,)
    load_seconds: float = 0.0
    prefill_seconds: float = 0.0
    token_seconds: float = 0.0


class ScriptedEngine(Engine):
    """Plays a Script."""

    def __init__(self, abort: Any = None, script: Script | None = None) -> None:
        self._abort = abort
        self._halt = threading.Event()
        self.script = script or Script()
        self._model: ModelInfo | None = None
        self._requests = 0
        self._context: list[str] = []

    @property
    def model(self) -> ModelInfo | None:
        return self._model

    def load(self, request: LoadRequest) -> Iterator[LoadEvent]:
        self._halt.clear()
        self._model = None
        if not request.path.exists():
            yield Failed(f"There is no file {request.path}.", "Choose a GGUF file that exists.")
            return
        for i in range(11):
            if not self._wait(self.script.load_seconds / 11):
                yield Stopped()
                return
            yield LoadProgress(i / 10, self.script.load_seconds * (10 - i) / 11)
        self._context = []
        self._model = _model(request.path, request.plan.context_size)
        yield Loaded(self._model)

    def generate(self, request: GenerateRequest) -> Iterator[GenerateEvent]:
        self._halt.clear()
        if self._model is None:
            yield Failed("No model is loaded.", "Choose a model first.")
            return
        started = time.monotonic()
        prompt, reused = self._reuse(request.prompt)
        if len(prompt) > self._model.context_size:
            overflow = Overflow(len(prompt), self._model.context_size)
            yield Failed("The prompt is too long.", kind=FailureKind.CONTEXT, overflow=overflow)
            return
        reason = yield from self._prefill(prompt, reused)
        prefilled = time.monotonic()
        statistics = Statistics(len(prompt), reused, prefilled - started, context_size=self._model.context_size)
        if reason is FinishReason.END:
            completion = self.script.completions[min(self._requests, len(self.script.completions) - 1)]
            self._requests += 1
            yield from self._play(completion, request.max_tokens, statistics, started)
            return
        yield Finished(reason, statistics)

    def prefill(self, request: PrefillRequest) -> Iterator[GenerateEvent]:
        self._halt.clear()
        if self._model is None:
            yield Failed("No model is loaded.", "Choose a model first.")
            return
        prompt, reused = self._reuse(request.prompt)
        reason = yield from self._prefill(prompt, reused)
        yield Finished(reason, Statistics(len(prompt), reused, context_size=self._model.context_size))

    def count(self, request: CountRequest) -> Iterator[CountEvent]:
        yield Counted(tuple(len(_words(prompt)) for prompt in request.prompts))

    def stop(self) -> None:
        self._halt.set()
        if self._abort is not None:
            self._abort[0] = STOP

    def unload(self) -> None:
        self._model = None

    def close(self) -> None:
        self.unload()

    def _reuse(self, prompt: Prompt) -> tuple[list[str], int]:
        """The prompt's words, and how many of them are in the context already; the last one never counts."""
        words, reused = _words(prompt), 0
        while reused < min(len(words) - 1, len(self._context)) and words[reused] == self._context[reused]:
            reused += 1
        return words, reused

    def _prefill(self, prompt: list[str], reused: int) -> Generator[GenerateEvent, None, FinishReason]:
        yield PrefillProgress(reused, len(prompt), reused)
        for i in range(1, 5):
            if not self._wait(self.script.prefill_seconds / 4):
                return FinishReason.STOPPED
            done = reused + (len(prompt) - reused) * i // 4
            yield PrefillProgress(done, len(prompt), reused, self.script.prefill_seconds * (4 - i) / 4)
        self._context = prompt
        return FinishReason.END

    def _play(
        self, completion: str, limit: int | None, statistics: Statistics, started: float
    ) -> Iterator[GenerateEvent]:
        count, reason, first = 0, FinishReason.END, 0.0
        for token in tokens_of(completion):
            if limit is not None and count >= limit:
                reason = FinishReason.LENGTH
                break
            if not self._wait(self.script.token_seconds):
                reason = FinishReason.STOPPED
                break
            if token.data.strip() == b"!crash":
                os.kill(os.getpid(), signal.SIGKILL)
            if token.data.strip() == b"!fail":
                yield Failed("The script says that this fails.", "Change the script.")
                return
            count += 1
            first = first or time.monotonic()
            yield Generated((token,))
        spent = time.monotonic() - first
        yield Finished(
            reason,
            replace(
                statistics,
                generated_tokens=count,
                first_token_seconds=max(0.0, first - started),
                tokens_per_second=count / spent if spent > 0 else 0.0,
                context_tokens=statistics.prompt_tokens + count,
            ),
        )

    def _wait(self, seconds: float) -> bool:
        """Pass time, in steps short enough for stop(). False if it came."""
        until = time.monotonic() + seconds
        while not self._stopped():
            left = until - time.monotonic()
            if left <= 0:
                return True
            self._halt.wait(min(left, 0.02))
        return False

    def _stopped(self) -> bool:
        return self._halt.is_set() or (self._abort is not None and self._abort[0] != GO)


def tokens_of(text: str) -> Sequence[Token]:
    """A token for each control token and for each word with the space before it."""
    tokens: list[Token] = []
    for part in _CONTROL.split(text):
        if part in SPECIALS:
            tokens.append(Token(SPECIALS.index(part), b"", part))
        else:
            for word in re.findall(r"\s*\S+|\s+", part):
                tokens.append(Token(_FIRST_WORD_ID + len(tokens), word.encode()))
    return tokens


def _words(prompt: Prompt) -> list[str]:
    words: list[str] = []
    for piece in prompt:
        match piece:
            case Special(text):
                words.append(text)
            case Plain(text) | Trusted(text):
                words.extend(re.findall(r"\s*\S+|\s+", text))
            case Tokens(ids):
                words.extend(map(str, ids))
    return words or [""]


def _model(path: Path, context_size: int) -> ModelInfo:
    return ModelInfo(path, "Scripted model", "scripted", "scripted", context_size, context_size, frozenset(SPECIALS))

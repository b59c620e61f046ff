"""The real engine: llama.cpp in this process. The application runs it inside the engine process (see process.py)."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.domain.chat import FailureKind
from app.domain.models import ModelInfo
from app.engine import llama
from app.engine.base import (
    GO,
    STOP,
    Counted,
    CountEvent,
    CountRequest,
    Engine,
    EnginePlan,
    Failed,
    GenerateEvent,
    GenerateRequest,
    Loaded,
    LoadEvent,
    LoadProgress,
    LoadRequest,
    Overflow,
    PrefillRequest,
    StatePlan,
    Stopped,
)
from app.engine.cache import PrefixCache
from app.engine.generation import Generation
from app.engine.gguf_header import GgufHeader
from app.engine.gguf_parts import parts_of, read_model
from app.engine.machine import engine_threads, physical_cores
from app.engine.preload import preload
from app.engine.state_files import StateFolder
from app.engine.tuning import WORTH_THREADS, WORTH_TUNING, best_threads, candidates
from app.engine.vocabulary import LlamaTokenizer, O200kTokenizer, Tokenizer, Vocabulary
from app.errors import AppError, ContextFullError, EngineError

# Reading the file is nearly all of a load; the rest of the bar is for llama.cpp's own part.
_PRELOAD_SHARE = 0.9
_TRIAL_TOKENS = 4


def new_abort_flag() -> Any:
    """Two bytes, the second always 0: llama.cpp reads them through strlen."""
    return (ctypes.c_char * 2)()


@dataclass(slots=True)
class _Loaded:
    """Everything that belongs to one loaded model."""

    model: llama.Model
    context: llama.Context
    cache: PrefixCache
    tokenizer: Tokenizer
    plan: EnginePlan
    info: ModelInfo
    states: StateFolder | None

    def free(self) -> None:
        self.context.free()
        self.model.free()


class LlamaEngine(Engine):
    """Runs GGUF models with llama.cpp. Not for two threads at once, except for stop()."""

    def __init__(self, abort: Any = None) -> None:
        """abort: a shared flag of two bytes as made by new_abort_flag(), which stop() and other processes set."""
        self._abort = new_abort_flag() if abort is None else abort
        self._shared = abort is not None
        self._sink = llama.start_backends()
        self._current: _Loaded | None = None

    @property
    def model(self) -> ModelInfo | None:
        return self._current.info if self._current else None

    def load(self, request: LoadRequest) -> Iterator[LoadEvent]:
        self._start()
        self.unload()
        try:
            header = read_model(request.path)
            yield LoadProgress(0.0)
            for event in self._preload(request.path):
                if self._stopped():
                    yield Stopped()
                    return
                yield event
            self._current = self._open(request, header)
            if self._current is None:
                yield Stopped()
                return
            yield Loaded(self._current.info, self._choose_threads(self._current, header))
        except AppError as error:
            yield failed(error)
        except OSError as error:
            yield Failed(f"{request.path.name} can't be read.", "Check the disk it lies on.", str(error))

    def generate(self, request: GenerateRequest) -> Iterator[GenerateEvent]:
        return self._answer(lambda generation: generation.run(request))

    def prefill(self, request: PrefillRequest) -> Iterator[GenerateEvent]:
        return self._answer(lambda generation: generation.prefill(request))

    def count(self, request: CountRequest) -> Iterator[CountEvent]:
        if self._current is None:
            yield failed(_no_model())
            return
        encode = self._current.tokenizer.encode
        yield Counted(tuple(len(encode(prompt)) for prompt in request.prompts))

    def stop(self) -> None:
        self._abort[0] = STOP

    def unload(self) -> None:
        if self._current is not None:
            self._current.free()
            self._current = None

    def close(self) -> None:
        self.unload()

    def _start(self) -> None:
        # A flag shared with another process is cleared there, before the request is sent: cleared here, a stop that
        # came right after the request would be lost.
        if not self._shared:
            self._abort[0] = GO

    def _stopped(self) -> bool:
        stopped: bool = self._abort[0] != GO
        return stopped

    def _answer(self, run: Callable[[Generation], Iterator[GenerateEvent]]) -> Iterator[GenerateEvent]:
        """Run a request on the loaded model; what goes wrong becomes the last event."""
        self._start()
        now = self._current
        if now is None:
            yield failed(_no_model())
            return
        arguments = (now.context, now.cache, now.tokenizer, now.states, now.plan.batch_size, self._stopped)
        try:
            yield from run(Generation(*arguments))
        except AppError as error:
            yield failed(error)

    def _preload(self, path: Path) -> Iterator[LoadProgress]:
        parts = parts_of(path)
        sizes = [part.stat().st_size for part in parts]
        started, size = time.monotonic(), max(1, sum(sizes))
        for i, part in enumerate(parts):
            for done_of_part in preload(part):
                done = sum(sizes[:i]) + done_of_part
                spent = time.monotonic() - started
                left = spent / done * (size - done) if spent > 0.5 else None
                yield LoadProgress(_PRELOAD_SHARE * done / size, left)

    def _choose_threads(self, loaded: _Loaded, header: GgufHeader) -> int:
        """Those of the plan, else the fastest; all cores for batches, which are arithmetic. Gives the first."""
        cores = engine_threads() if header.tensor_bytes >= WORTH_THREADS else 1
        threads = loaded.plan.threads
        if not threads:
            large = header.tensor_bytes >= WORTH_TUNING
            trials = candidates(physical_cores()) if large else [cores]
            threads = best_threads(trials, lambda number: self._try(loaded, number)) if len(trials) > 1 else trials[0]
        loaded.context.use_threads(threads, max(threads, cores))
        return threads

    def _try(self, loaded: _Loaded, threads: int) -> float:
        """Seconds that a few tokens take with so many threads."""
        context = loaded.context
        context.use_threads(threads, threads)
        seconds = []
        for position in range(_TRIAL_TOKENS):
            started = time.monotonic()
            context.decode([position], position, want_logits=True)
            seconds.append(time.monotonic() - started)
        context.clear()
        # The fastest, because other programs can only make it slower.
        return min(seconds)

    def _open(self, request: LoadRequest, header: GgufHeader) -> _Loaded | None:
        """Load weights, context and vocabulary; None if that was stopped."""
        model = llama.Model(request.path, request.plan, self._sink, lambda _fraction: not self._stopped())
        if not model.loaded:
            return None
        context = None
        try:
            vocabulary = model.vocabulary()
            tokenizer = _tokenizer(model, vocabulary)
            threads = request.plan.threads or engine_threads()
            context = llama.Context(model, request.plan, threads, self._abort, self._sink)
            info = replace(_describe(request.path, header, model, vocabulary, context.size), variant=self._sink.variant)
        except AppError:
            if context is not None:
                context.free()
            model.free()
            raise
        cache = PrefixCache(context, model.window, rollback=not model.has_recurrent_state)
        states = _state_folder(request.states, header.fingerprint, model)
        return _Loaded(model, context, cache, tokenizer, request.plan, info, states)


def _state_folder(plan: StatePlan | None, fingerprint: str, model: llama.Model) -> StateFolder | None:
    """States depend on the model, the library that wrote them, and what a rollback needs to know of the cache."""
    if plan is None or model.has_recurrent_state:
        return None
    return StateFolder(plan.folder, plan.capacity, (fingerprint, llama.LIBRARY_VERSION, "f16", model.window))


def failed(error: AppError) -> Failed:
    if isinstance(error, ContextFullError):
        overflow = Overflow(error.tokens, error.room)
        return Failed(error.title, error.remedy, error.details, kind=FailureKind.CONTEXT, overflow=overflow)
    return Failed(error.title, error.remedy, error.details)


def _no_model() -> EngineError:
    return EngineError("No model is loaded.", "Choose a model first.")


def _tokenizer(model: llama.Model, vocabulary: Vocabulary) -> Tokenizer:
    if vocabulary.kind == "gpt2" and vocabulary.pre == "gpt-4o":
        return O200kTokenizer(vocabulary)
    return LlamaTokenizer(vocabulary, model.tokenize)


def _describe(
    path: Path, header: GgufHeader, model: llama.Model, vocabulary: Vocabulary, context_size: int
) -> ModelInfo:
    bos, eos, add_bos = model.marks()

    def name(token: int) -> str:
        return vocabulary.pieces[token].decode("utf-8", errors="replace") if token >= 0 else ""

    return ModelInfo(
        path=path,
        name=header.name,
        architecture=header.architecture,
        fingerprint=header.fingerprint,
        context_size=context_size,
        trained_context_size=header.number("context_length"),
        specials=frozenset(vocabulary.specials),
        chat_template=header.chat_template,
        bos=name(bos),
        eos=name(eos),
        add_bos=add_bos,
        temperature=header.recommended_temperature,
    )

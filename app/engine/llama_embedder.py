"""The real embedder: llama.cpp in this process. The application runs it in a process beside the engine's."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import hypot
from operator import mul
from statistics import fmean, stdev
from typing import Any

from app.engine import llama
from app.engine.base import (
    GO,
    STOP,
    Embedded,
    Embedder,
    EmbedderInfo,
    EmbedderLoaded,
    EmbedEvent,
    EmbedRequest,
    EnginePlan,
    Failed,
    LoadRequest,
    Stopped,
    TextRole,
)
from app.engine.embedding_models import (
    Convention,
    check_is_embedding_model,
    convention_of,
    longest_text,
    vectors_fingerprint,
)
from app.engine.gguf_header import GgufHeader, read_header
from app.engine.llama_engine import failed, new_abort_flag
from app.engine.machine import engine_threads
from app.engine.tuning import WORTH_THREADS
from app.errors import AppError

_CHARACTERS_PER_TOKEN = 12
_LONG_RUN = re.compile(r"(\S{200})(?=\S)")
"""Tokenizers take a time that grows with the square of such a run, and some overflow the stack."""
_SPREAD = 2.0

# Sentences that have nothing to do with each other. How alike a model thinks them tells what its cosines mean: for one
# model unrelated texts are at 0.1, for another at 0.7.
_UNRELATED = (
    "The invoice is due within thirty days of delivery.",
    "Penguins keep their eggs warm on their feet.",
    "Call the function with two arguments and check the result.",
    "The treaty ended a war of thirty years.",
    "Fry the onions in butter until they are golden.",
    "The patient was given antibiotics for a week.",
    "She won the second set after a long rally.",
    "Loose bolts on the front wheel must be tightened.",
    "Interest rates were raised by a quarter of a point.",
    "The violin enters after eight bars of rest.",
    "Plants turn light into sugar in their leaves.",
    "Passengers change trains at the next station.",
)


@dataclass(slots=True)
class _Loaded:
    model: llama.Model
    context: llama.EmbeddingContext
    convention: Convention
    tokens: int
    info: EmbedderInfo

    def free(self) -> None:
        self.context.free()
        self.model.free()


class LlamaEmbedder(Embedder):
    """Runs embedding models with llama.cpp. Not for two threads at once, except for stop()."""

    def __init__(self, abort: Any = None) -> None:
        """abort: a shared flag of two bytes as made by new_abort_flag(), which other processes set."""
        self._abort = new_abort_flag() if abort is None else abort
        self._shared = abort is not None
        self._sink = llama.start_backends()
        self._current: _Loaded | None = None

    @property
    def info(self) -> EmbedderInfo | None:
        return self._current.info if self._current else None

    def load(self, request: LoadRequest) -> Iterator[EmbedEvent]:
        self._begin()
        self.unload()
        try:
            header = read_header(request.path)
            check_is_embedding_model(header)
            self._current = self._open(header)
        except AppError as error:
            yield failed(error)
            return
        except OSError as error:
            yield Failed(f"{request.path.name} can’t be read.", "Check the disk it lies on.", str(error))
            return
        yield EmbedderLoaded(self._current.info) if self._current else Stopped()

    def embed(self, request: EmbedRequest) -> Iterator[EmbedEvent]:
        self._begin()
        if self._current is None:
            yield Failed("No embedding model is loaded.", "Choose one.")
            return
        try:
            vectors = self._vectors(self._current, request.texts, request.role)
        except AppError as error:
            yield failed(error)
            return
        yield Stopped() if vectors is None else Embedded(tuple(vector.tobytes() for vector in vectors))

    def stop(self) -> None:
        self._abort[0] = STOP

    def unload(self) -> None:
        if self._current is not None:
            self._current.free()
            self._current = None

    def close(self) -> None:
        self.unload()

    def _begin(self) -> None:
        # With a shared flag it is the other process that says when a request begins.
        if not self._shared:
            self._abort[0] = GO

    def _open(self, header: GgufHeader) -> _Loaded | None:
        model = llama.Model(header.path, EnginePlan(), self._sink, lambda _: self._abort[0] == GO)
        if not model.loaded:
            return None
        tokens = longest_text(header)
        # Half of the cores: nobody waits for it, and threads that find no core free keep the others waiting.
        threads = max(engine_threads() // 2, 1) if header.size >= WORTH_THREADS else 1
        context = llama.EmbeddingContext(model, tokens, threads, self._abort, self._sink)
        info = EmbedderInfo(header.path, header.name, vectors_fingerprint(header), model.dimensions, 0.0)
        loaded = _Loaded(model, context, convention_of(header), tokens, info)
        floor = self._floor(loaded)
        if floor is None:
            loaded.free()
            return None
        loaded.info = replace(info, floor=floor)
        return loaded

    def _floor(self, loaded: _Loaded) -> float | None:
        """The cosine that hardly any two unrelated texts reach; None if that was stopped."""
        vectors = self._vectors(loaded, _UNRELATED, TextRole.PASSAGE)
        if vectors is None:
            return None
        cosines: list[float] = [sum(map(mul, one, other)) for one, other in combinations(vectors, 2)]
        floor: float = round(fmean(cosines) + _SPREAD * stdev(cosines), 4)
        return floor

    def _vectors(self, loaded: _Loaded, texts: Sequence[str], role: TextRole) -> list[array[float]] | None:
        """Vectors of length 1; None if that was stopped."""
        found = []
        for text in texts:
            if self._abort[0] != GO:
                return None
            raw = loaded.context.embed(_ids(loaded, loaded.convention.applied(text, role)))
            if raw is None:
                return None
            vector = array("f", raw)
            length = hypot(*vector)
            found.append(array("f", (value / length for value in vector)) if length else vector)
        return found


def _ids(loaded: _Loaded, text: str) -> list[int]:
    """The tokens of a text, cut to what the model takes in; its last token, which may be an end mark, is kept."""
    short = _LONG_RUN.sub(r"\1 ", text[: loaded.tokens * _CHARACTERS_PER_TOKEN])
    ids = loaded.model.tokenize(short.encode("utf-8", errors="replace"), parse_special=False, whole=True)
    if len(ids) > loaded.tokens:
        ids = [*ids[: loaded.tokens - 1], ids[-1]]
    # Some vocabularies put nothing around a text, so that an empty one has no token.
    return ids or loaded.model.tokenize(b" .", parse_special=False)

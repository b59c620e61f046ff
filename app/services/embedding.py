"""Search by meaning: passages get vectors in the background, and a question is compared with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.chat import Failure
from app.engine.base import (
    Embedded,
    Embedder,
    EmbedderInfo,
    EmbedderLoaded,
    EmbedEvent,
    EmbedRequest,
    Failed,
    LoadRequest,
    TextRole,
)
from app.engine.embedding_models import check_is_embedding_model, vectors_fingerprint
from app.engine.gguf_header import read_header
from app.errors import AppError, EngineError
from app.jobs import Lane, Post, be_modest
from app.services.document_events import EmbeddingChanged, EmbeddingPhase, EmbeddingState
from app.store.index import ByMeaning, DocumentIndex

if TYPE_CHECKING:
    from app.store.vectors import Unembedded, Vectors, VectorSource

_BATCH = 8
"""Passages that are embedded at once: about half a second, for which a question may have to wait."""
_TOLD_SECONDS = 0.3
_MOST_FAILURES = 3
"""Single passages that may fail one after another before the model is given up."""
_IDLE_SECONDS = 120.0
"""After so long without use the embedding model gives its memory back."""


class Embeddings:
    """Keeps the vectors of passages up to date with one embedding model, and ranks passages for a question.

    Called on the main thread, except for by_meaning().
    """

    def __init__(
        self,
        embedder: Embedder,
        index: DocumentIndex,
        post: Post,
        notify: Callable[[EmbeddingChanged], None],
        chosen: Path | None,
        remember: Callable[..., None],
    ) -> None:
        """chosen is the model to begin with; remember keeps settings by their names."""
        self._remember = remember
        self._embedder = embedder
        self._index = index
        self._post = post
        self._notify = notify
        self._lane = Lane("embedding")
        self._lock = threading.Lock()
        self._vectors: Vectors | None = None
        self._held = self._closed = self._submitted = False
        self._path = chosen
        self.busy = False
        self._known: tuple[Path, VectorSource] | None = None
        self._idle: threading.Timer | None = None
        self.state = EmbeddingState(EmbeddingPhase.READY if chosen else EmbeddingPhase.OFF, chosen)

    def use(self, path: Path | None) -> None:
        """Find by meaning with this model from now on, or with none. Raises ModelFileError, SettingsError."""
        if path is not None:
            path = path.expanduser().absolute()
            check_is_embedding_model(read_header(path))
        self._remember(embedding_path=str(path) if path else None)
        self._path = path
        self._embedder.stop()
        self._lane.submit(self._unload)
        self._change(EmbeddingState(EmbeddingPhase.READY if path else EmbeddingPhase.OFF, path))
        self.work()

    def work(self) -> None:
        """Give vectors to passages that have none, in the background."""
        if self._path is None or self._held or self._closed or self._submitted:
            return
        self._submitted = self.busy = True
        self._lane.submit(self._run)

    def hold(self) -> None:
        """An answer is being made: stop after the batch that is at work."""
        self._held = True

    def release(self) -> None:
        self._held = False
        self.work()

    def close(self) -> None:
        """Stop, and end the embedder. What waits goes on at the next start."""
        self._closed = True
        self._embedder.stop()
        if self._idle is not None:
            self._idle.cancel()
        self._lane.close()
        self._embedder.close()

    def by_meaning(self, question: str) -> ByMeaning | None:
        """A ranking for DocumentIndex.search; None where there is no model, or it fails. On any thread."""
        if self._path is None or self._closed or not question.strip():
            return None
        from app.store.vectors import Meaning

        try:
            with self._lock:
                source = self._source(self._path)
                info = self._load(self._path)
                (vector,) = self._embed((question,), TextRole.QUERY)
        except AppError as error:
            self._tell_failure(error)
            return None
        if self.state.phase is EmbeddingPhase.FAILED:
            # What failed works again.
            self._post(self.work)
        return partial(self._stored().ranking, meaning=Meaning(source, vector, info.floor))

    def _run(self) -> None:
        """On the lane."""
        be_modest()
        self._submitted = False
        try:
            self._work()
        finally:
            self._post(self._rest)

    def _rest(self) -> None:
        self.busy = self._submitted

    def _work(self) -> None:
        """Batch after batch, until nothing waits or something else comes first."""
        path, failures, size, started, done = self._path, 0, _BATCH, time.monotonic(), 0
        told = 0.0
        batch: Unembedded | None = None
        while path is not None and path == self._path and not (self._held or self._closed):
            try:
                source = self._source(path)
                vectors = self._stored()
                vectors.begin(source)
                batch = vectors.next(size)
                if batch is not None:
                    with self._lock:
                        self._load(path)
                        self._store(source, batch)
            except EngineError as error:
                # One text of the batch may be the cause. Alone it is left without a meaning, and the others get theirs.
                failures += size == 1
                if self._closed or self._held or path != self._path:
                    continue
                if failures >= _MOST_FAILURES:
                    self._tell_failure(error)
                    return
                if size == 1 and batch is not None:
                    vectors.add(source, batch, [bytes(4 * source.dimensions)])
                size = 1
                continue
            except AppError as error:
                self._tell_failure(error)
                return
            if batch is None:
                self._tell(path, 0, None)
                return
            size, failures = min(size * 2, _BATCH), 0
            done += len(batch.passages)
            if time.monotonic() - told >= _TOLD_SECONDS:
                told = time.monotonic()
                waiting = vectors.waiting()
                self._tell(path, waiting, (told - started) / done * waiting)

    def _store(self, source: VectorSource, batch: Unembedded) -> None:
        texts = tuple(_text(batch.title, passage.headings, passage.text) for passage in batch.passages)
        self._stored().add(source, batch, self._embed(texts, TextRole.PASSAGE))

    def _stored(self) -> Vectors:
        if self._vectors is None:
            # NumPy is loaded by those only who have an embedding model.
            from app.store.vectors import Vectors

            self._vectors = Vectors(self._index)
        return self._vectors

    def _source(self, path: Path) -> VectorSource:
        """What vectors of this model are called; known without loading it. Raises ModelFileError."""
        from app.store.vectors import VectorSource

        if self._known is None or self._known[0] != path:
            header = read_header(path)
            self._known = path, VectorSource(vectors_fingerprint(header), header.number("embedding_length"))
        return self._known[1]

    def _load(self, path: Path) -> EmbedderInfo:
        """Have the model in memory. Raises ModelFileError, EngineError. The lock is held."""
        self._restart_idle_clock()
        info = self._embedder.info
        if info is not None and info.path == path:
            return info
        match _last(self._embedder.load(LoadRequest(path))):
            case EmbedderLoaded(info) if info.dimensions == self._source(path).dimensions:
                return info
            case EmbedderLoaded():
                raise AppError(f"{path.name} gives vectors of an unknown kind.", "Choose another embedding model.")
            case Failed(title, remedy, details):
                raise AppError(title, remedy, details)
        raise EngineError("The embedding model was not loaded.", "Try again.")

    def _embed(self, texts: Sequence[str], role: TextRole) -> tuple[bytes, ...]:
        """Raises EngineError. The lock is held."""
        match _last(self._embedder.embed(EmbedRequest(tuple(texts), role))):
            case Embedded(vectors):
                return vectors
            case Failed(title, remedy, details):
                raise EngineError(title, remedy, details)
        raise EngineError("The embedding model was stopped.", "Try again.")

    def _unload(self) -> None:
        with self._lock:
            self._embedder.unload()

    def _restart_idle_clock(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        if not self._closed:
            self._idle = threading.Timer(_IDLE_SECONDS, self._unload)
            self._idle.daemon = True
            self._idle.start()

    def _tell(self, path: Path, waiting: int, seconds_left: float | None) -> None:
        phase = EmbeddingPhase.WORKING if waiting else EmbeddingPhase.READY
        self._post(lambda: self._change(EmbeddingState(phase, path, waiting, seconds_left)))

    def _tell_failure(self, error: AppError) -> None:
        failure = Failure(error.title, error.remedy)
        self._post(
            lambda: self._change(replace(self.state, phase=EmbeddingPhase.FAILED, seconds_left=None, failure=failure))
        )

    def _change(self, state: EmbeddingState) -> None:
        # News of a model that is no longer the chosen one comes too late.
        if state.path == self._path and state != self.state:
            self.state = state
            self._notify(EmbeddingChanged(state))


def _text(title: str, headings: Sequence[str], text: str) -> str:
    """What a passage is about is often said above it only."""
    return "\n".join([*dict.fromkeys(filter(None, (title, *headings))), text])


def _last(events: Iterator[EmbedEvent]) -> EmbedEvent:
    """The event that ends a request."""
    *_, last = events
    return last

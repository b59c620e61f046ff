"""The embedder in a process of its own, for the same reasons as the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.engine.base import (
    Embedded,
    Embedder,
    EmbedderInfo,
    EmbedderLoaded,
    EmbedEvent,
    EmbedRequest,
    Failed,
    LoadRequest,
    Stopped,
)
from app.engine.spawned import SpawnedWorker

_TERMINAL = (EmbedderLoaded, Embedded, Stopped, Failed)


class EmbedderProcess(Embedder):
    """Runs an embedder in a spawned process, which it starts when needed and starts again after it died."""

    def __init__(self, factory: str, log: Path) -> None:
        """factory names the embedder to run (see worker.serve); log takes what native code prints."""
        self._worker = SpawnedWorker(factory, log, _TERMINAL, "embed")
        self._info: EmbedderInfo | None = None

    @property
    def info(self) -> EmbedderInfo | None:
        return self._info if self._worker.alive else None

    @property
    def pid(self) -> int | None:
        return self._worker.pid

    def load(self, request: LoadRequest) -> Iterator[EmbedEvent]:
        self._info = None
        for event in self._worker.exchange_anew(request):
            if isinstance(event, EmbedderLoaded):
                self._info = event.info
            yield event

    def embed(self, request: EmbedRequest) -> Iterator[EmbedEvent]:
        if not self._worker.alive:
            self._info = None
        yield from self._worker.exchange(request)

    def stop(self) -> None:
        self._worker.stop()

    def unload(self) -> None:
        """Ends the process: nothing else gives all memory back."""
        self._info = None
        self._worker.end()

    def close(self) -> None:
        self._info = None
        self._worker.close()

"""The engine in a process of its own: a crash, an abort or a memory kill there can't take the window with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.domain.models import ModelInfo
from app.engine.base import (
    Counted,
    CountEvent,
    CountRequest,
    Engine,
    Failed,
    Finished,
    GenerateEvent,
    GenerateRequest,
    Loaded,
    LoadEvent,
    LoadRequest,
    PrefillRequest,
    Stopped,
)
from app.engine.spawned import SpawnedWorker

_TERMINAL = (Loaded, Stopped, Finished, Counted, Failed)


class EngineProcess(Engine):
    """Runs an engine in a spawned process, which it starts when needed and starts again after it died."""

    def __init__(self, factory: str, log: Path, on_lost: Callable[[Failed], None] | None = None) -> None:
        """factory names the engine to run (see worker.serve); log takes what native code prints.

        on_lost hears of a death while no request ran, on a thread of its own.
        """
        self._worker = SpawnedWorker(factory, log, _TERMINAL, "engine", on_lost)
        self._model: ModelInfo | None = None

    @property
    def model(self) -> ModelInfo | None:
        return self._model if self._worker.alive else None

    @property
    def pid(self) -> int | None:
        """The process's id, for those who measure it."""
        return self._worker.pid

    def load(self, request: LoadRequest) -> Iterator[LoadEvent]:
        self._model = None
        for event in self._worker.exchange_anew(request):
            if isinstance(event, Loaded):
                self._model = event.model
            yield event

    def generate(self, request: GenerateRequest) -> Iterator[GenerateEvent]:
        yield from self._exchange(request)

    def prefill(self, request: PrefillRequest) -> Iterator[GenerateEvent]:
        yield from self._exchange(request)

    def count(self, request: CountRequest) -> Iterator[CountEvent]:
        yield from self._exchange(request)

    def stop(self) -> None:
        self._worker.stop()

    def unload(self) -> None:
        """Ask for the memory back by ending the process: nothing else returns all of it."""
        self._model = None
        self._worker.end()

    def close(self) -> None:
        self._model = None
        self._worker.close()

    def _exchange(self, request: LoadRequest | GenerateRequest | PrefillRequest | CountRequest) -> Iterator[Any]:
        if not self._worker.alive:
            # The process that comes next has no model yet.
            self._model = None
        for event in self._worker.exchange(request):
            if isinstance(event, Failed) and event.lost:
                self._model = None
            yield event

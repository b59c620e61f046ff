"""How a process that reads one document is started and ended, wherever one process can't be forked from another."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Protocol

from app.domain.documents import DocumentKind

Serve = Callable[[Connection, DocumentKind], None]
"""What the process does: it prepares for the kind of file that is likely to come, reads one, answers and ends."""

GRACE_SECONDS = 0.1
"""How long a process that has nothing more to say may take to end."""


class ReadingProcess(Protocol):
    """A process that reads one file."""

    @property
    def pid(self) -> int: ...

    @property
    def connection(self) -> Connection: ...

    def kill(self) -> None:
        """End it at once, if it has not ended. May be called on any thread."""

    def end(self) -> tuple[int, bool]:
        """See it end, or make it. Gives its exit code, and whether it had to be made."""


class Starter(Protocol):
    """Starts reading processes, one at a time. Lives on one thread."""

    def start(self, kind: DocumentKind) -> ReadingProcess:
        """A process for a file of this kind. Raises OSError."""

    def prepare(self, kind: DocumentKind) -> None:
        """See that the next start is a fast one, most likely for a file of this kind."""

    def close(self) -> None:
        """End what was prepared. Another start is possible."""


class Spawner:
    """Each process is a new interpreter, which loads all it needs. The next one does so while a file is read."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._context = multiprocessing.get_context("spawn")
        self._spare: _Spawned | None = None

    def start(self, kind: DocumentKind) -> ReadingProcess:
        spare, self._spare = self._spare, None
        if spare is None or spare.is_alive:
            return spare or self._spawn(kind)
        spare.end()
        return self._spawn(kind)

    def prepare(self, kind: DocumentKind) -> None:
        if self._spare is None:
            self._spare = self._spawn(kind)

    def close(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.end()

    def _spawn(self, kind: DocumentKind) -> _Spawned:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=self._serve, args=(theirs, kind), name="inglenook-reader", daemon=True)
        process.start()
        theirs.close()
        return _Spawned(process, ours)


class _Spawned:
    def __init__(self, process: SpawnProcess, connection: Connection) -> None:
        self._process = process
        self.connection = connection
        self.pid = process.pid or 0

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> tuple[int, bool]:
        self.connection.close()
        self._process.join(GRACE_SECONDS)
        forced = self._process.is_alive()
        if forced:
            self._process.kill()
            self._process.join()
        return self._process.exitcode or 0, forced

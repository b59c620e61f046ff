"""A process of its own for what could take the window with it: started when needed, and again after it died."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from app.domain.chat import FailureKind
from app.engine.base import GO, STOP, Failed, Heartbeat
from app.engine.worker import CloseRequest, serve

HEARTBEAT_SECONDS = 0.25
# A stop that the engine has not answered by then is enforced. One batch of a prefill can't be long: the abort flag is
# read after every node of the graph; only a system call on a dying disk is.
STOP_GRACE_SECONDS = 10.0
CLOSE_GRACE_SECONDS = 3.0

# Exit codes of a process that met an instruction which its processor lacks: the signal, and STATUS_ILLEGAL_INSTRUCTION.
_ILLEGAL_INSTRUCTION = (-getattr(signal, "SIGILL", 4), 0xC000001D)
_MOST_STEPS = 4

_AGAIN = "Send the message again; the engine starts by itself."


class SpawnedWorker:
    """Sends requests to a worker (see worker.serve) in a spawned process, one at a time, and gives its events."""

    def __init__(
        self,
        factory: str,
        log: Path,
        terminal: tuple[type, ...],
        role: str,
        on_lost: Callable[[Failed], None] | None = None,
    ) -> None:
        """factory names what is run in the process; log takes what native code prints; role names the
        process in the system's lists.

        An event of one of the terminal types is the last of its request. on_lost hears of a death while no request ran,
        on a thread of its own.
        """
        self._factory = factory
        self._log = log
        self._terminal = terminal
        self._role = role
        self._on_lost = on_lost
        self._context = multiprocessing.get_context("spawn")
        self._abort: Any = self._context.RawArray("c", 2)
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._watcher: threading.Thread | None = None
        self._busy = False
        self._closing = False
        self._steps_down = 0

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    @property
    def pid(self) -> int | None:
        """The process's id, for those who measure it."""
        return self._process.pid if self._process is not None else None

    def stop(self) -> None:
        self._abort[0] = STOP

    def close(self) -> None:
        self._closing = True
        self.end()

    def exchange(self, request: object) -> Iterator[Any]:
        """Send a request and give its events. Whoever stops iterating stops the request."""
        self._ensure_started()
        self._abort[0] = GO
        self._busy = True
        finished = False
        try:
            try:
                self._pipe.send(request)
            except (BrokenPipeError, ConnectionResetError):
                finished = True
                yield self._lost()
                return
            for event in self._events():
                finished = isinstance(event, self._terminal)
                yield event
        finally:
            if not finished:
                self.stop()
                for _ in self._events():
                    pass
            self._busy = False

    def exchange_anew(self, request: object) -> Iterator[Any]:
        """As exchange(), but what ends in an illegal instruction is sent again, to code that does without it."""
        while True:
            steps = self._steps_down
            for event in self.exchange(request):
                if steps == self._steps_down or steps >= _MOST_STEPS:
                    yield event
            if steps == self._steps_down or steps >= _MOST_STEPS:
                return

    def _events(self) -> Iterator[Any]:
        """Events up to the terminal one, which is Failed where the process is gone."""
        stop_seen: float | None = None
        while True:
            try:
                if self._pipe.poll(HEARTBEAT_SECONDS):
                    event = self._pipe.recv()
                    yield event
                    if isinstance(event, self._terminal):
                        return
                    continue
            except (EOFError, ConnectionResetError, BrokenPipeError):
                yield self._lost()
                return
            if self._abort[0] != GO:
                stop_seen = stop_seen or time.monotonic()
                if time.monotonic() - stop_seen > STOP_GRACE_SECONDS:
                    self.end(kill=True)
                    yield Failed("The engine did not react and was ended.", _AGAIN, lost=True)
                    return
            yield Heartbeat()

    @property
    def _pipe(self) -> Connection:
        if self._connection is None:
            raise EOFError
        return self._connection

    def _ensure_started(self) -> None:
        if self._process is not None and self._process.is_alive():
            return
        self.end()
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=serve,
            args=(theirs, self._abort, self._factory, self._log, self._role, self._steps_down),
            name=f"inglenook-{self._role}",
            daemon=True,
        )
        process.start()
        theirs.close()
        self._process, self._connection = process, ours
        self._watcher = threading.Thread(target=self._watch, args=(process,), name=f"{self._role}-watcher", daemon=True)
        self._watcher.start()

    def _watch(self, process: SpawnProcess) -> None:
        """Tell of a death that no request would notice."""
        multiprocessing.connection.wait([process.sentinel])
        if process is self._process and not self._busy and not self._closing:
            process.join()
            if self._on_lost is not None:
                self._on_lost(_death(process.exitcode, self._last_words()))

    def _lost(self) -> Failed:
        """The event for a process that died during a request."""
        process = self._process
        if process is None:
            return Failed("The engine was closed.", _AGAIN, lost=True)
        process.join(CLOSE_GRACE_SECONDS)
        if process.exitcode in _ILLEGAL_INSTRUCTION:
            # What claimed to fit this processor does not; virtual machines hide some instructions and forbid others.
            self._steps_down += 1
        return _death(process.exitcode, self._last_words())

    def _last_words(self) -> str:
        try:
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])
        except OSError:
            return ""

    def end(self, kill: bool = False) -> None:
        """End the process, which gives all its memory back: asked first, then killed."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if process is None or connection is None:
            return
        self._abort[0] = STOP
        if not kill and process.is_alive():
            try:
                connection.send(CloseRequest())
            except (BrokenPipeError, ConnectionResetError):
                kill = True
            process.join(0 if kill else CLOSE_GRACE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        connection.close()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()


def _death(exit_code: int | None, last_words: str) -> Failed:
    """The event for a process that is gone."""
    killed = exit_code == -getattr(signal, "SIGKILL", 9)
    remedy = "Close other programs or give the model a smaller context, then send the message again."
    return Failed(
        _cause(exit_code),
        remedy if killed else _AGAIN,
        last_words,
        lost=True,
        kind=FailureKind.MEMORY if killed else FailureKind.OTHER,
    )


def _cause(exit_code: int | None) -> str:
    """What an exit code says, in words for a person."""
    if exit_code is None or exit_code >= 0:
        return "The engine ended unexpectedly."
    causes = {
        "SIGKILL": "The engine was ended by the system, most likely because memory ran short.",
        "SIGABRT": "The engine gave up: the model file does not fit this version or is damaged.",
        "SIGSEGV": "The engine crashed.",
        "SIGBUS": "The engine crashed: the model file became unreadable.",
        "SIGILL": "The engine met an instruction that this processor lacks. It will do without it from now on.",
        "SIGTERM": "The engine was ended from outside.",
    }
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    return causes.get(name, f"The engine was ended ({name}).")

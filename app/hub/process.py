"""Runs a download in a spawned process, and ends it."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from app.hub.messages import END, DownloadRequest, Event, Failed, Stopped
from app.hub.worker import serve

STOP_GRACE_SECONDS = 2.0
_AGAIN = "Start it again: it goes on from where it was."


class DownloadProcess:
    """One download. ``run`` belongs to one thread; ``stop`` may be called from any."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._stopped = threading.Event()

    @property
    def pid(self) -> int | None:
        """The process's id, for those who list what has the network."""
        process = self._process
        return process.pid if process is not None else None

    def run(self, request: DownloadRequest, on_event: Callable[[Event], None]) -> Event:
        """Run it to its end and give that; on_event hears of everything before."""
        with self._lock:
            if self._stopped.is_set():
                return Stopped()
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=serve, args=(theirs,), name="inglenook-download", daemon=True)
            process.start()
            theirs.close()
            self._process, self._connection = process, ours
        try:
            ours.send(request)
            while True:
                event: Event = ours.recv()
                if isinstance(event, END):
                    return event
                on_event(event)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            if self._stopped.is_set():
                return Stopped()
            process.join()
            return Failed("The download ended unexpectedly.", _AGAIN, f"exit code {process.exitcode}")
        finally:
            self._end()

    def stop(self) -> None:
        """Have it stop soon, without waiting: asked first, then killed, which costs nothing that has arrived."""
        with self._lock:
            self._stopped.set()
            process, connection = self._process, self._connection
            if process is None or connection is None:
                return
            with suppress(OSError):
                connection.send(None)
        reaper = threading.Timer(STOP_GRACE_SECONDS, _kill, (process,))
        reaper.daemon = True
        reaper.start()

    def _end(self) -> None:
        with self._lock:
            process, connection = self._process, self._connection
            self._process = self._connection = None
        assert process is not None
        assert connection is not None
        connection.close()
        process.join(STOP_GRACE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _kill(process: SpawnProcess) -> None:
    # It may have been closed meanwhile.
    with suppress(ValueError):
        process.kill()

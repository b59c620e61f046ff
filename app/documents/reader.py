"""Reads files, each in a process of its own that can reach nothing; whatever happens there is a status here."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.reduction import send_handle
from pathlib import Path

import psutil

from app.documents import wire
from app.documents.formats import HEAD_BYTES, identify
from app.documents.limits import DEFAULT_LIMITS, MIB, Limits, UnreadableError
from app.documents.nursery import Nursery
from app.documents.reading_process import ReadingProcess, Spawner, Starter
from app.documents.worker import OUT_OF_MEMORY, PASSES_DESCRIPTORS, Request, serve
from app.domain.documents import DocumentKind, FileStatus, ReadResult

WATCH_SECONDS = 0.1
_OVERHEAD_BYTES = 64 * MIB
"""What an interpreter with its libraries takes before it reads anything."""


@dataclass(slots=True)
class _Reading:
    """A file that is being read. verdict says why its process was killed, if it was."""

    process: ReadingProcess
    verdict: tuple[FileStatus, str] | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def kill(self, status: FileStatus, reason: str) -> None:
        self.verdict = self.verdict or (status, reason)
        self.process.kill()

    def end(self) -> int:
        """End the process, which has answered or has nothing more to say, and give its exit code."""
        code, forced = self.process.end()
        if forced:
            self.verdict = self.verdict or (FileStatus.CRASHED, _NONSENSE)
        self.ended.set()
        return code


class DocumentReader:
    """Reads one file after another.

    ``read`` and ``close`` belong to one thread; ``stop`` may be called from any.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, starter: Starter | None = None) -> None:
        self._limits = limits
        self._starter = starter or (Nursery(serve) if sys.platform == "linux" else Spawner(serve))
        self._current: _Reading | None = None
        self._lock = threading.Lock()

    def read(
        self, path: Path, another_follows: bool = False, given_up: Callable[[], bool] = lambda: False
    ) -> ReadResult:
        """Read a file. Never raises for what the file, the system or the reading process does.

        another_follows prepares the next process while this file is read; without it no process is left in the end.
        given_up is asked once the process is there: a stop() before that has nothing to end.
        """
        started = time.monotonic()
        try:
            result = self._read(path, another_follows, given_up)
        except UnreadableError as error:
            result = ReadResult(error.status, error.reason)
        except OSError as error:
            result = ReadResult(FileStatus.UNREADABLE, _why_unreadable(error))
        if not another_follows:
            self.close()
        return replace(result, seconds=round(time.monotonic() - started, 3))

    def stop(self) -> None:
        """Give up the file that is being read; its result says STOPPED."""
        with self._lock:
            if self._current is not None:
                self._current.kill(*STOPPED)

    def close(self) -> None:
        """End what waits for the next file."""
        self._starter.close()

    def _read(self, path: Path, another_follows: bool, given_up: Callable[[], bool]) -> ReadResult:
        # O_NONBLOCK: a named pipe that nobody writes to would keep us waiting in open.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
        try:
            facts = os.fstat(descriptor)
            _refuse_by_facts(facts, self._limits)
            kind = identify(os.read(descriptor, HEAD_BYTES), path.name)
            os.lseek(descriptor, 0, os.SEEK_SET)
            reading = self._begin(kind)
            if given_up():
                reading.kill(*STOPPED)
            request = Request(kind, path.name, facts.st_size, self._limits, "" if PASSES_DESCRIPTORS else str(path))
            return self._exchange(reading, request, descriptor, another_follows)
        finally:
            os.close(descriptor)

    def _exchange(self, reading: _Reading, request: Request, descriptor: int, another_follows: bool) -> ReadResult:
        """Send the request, wait for the answer under guard, and judge what came of it."""
        watcher = threading.Thread(
            target=self._watch, args=(reading, request.size), name="document-watcher", daemon=True
        )
        watcher.start()
        connection, data = reading.process.connection, b""
        try:
            connection.send_bytes(request.to_json())
            if PASSES_DESCRIPTORS:
                send_handle(connection, descriptor, reading.process.pid)
            if another_follows:
                self._starter.prepare(request.kind)
            data = connection.recv_bytes(self._limits.reply_bytes)
        except (EOFError, OSError):
            # The process is gone, or announces more than any answer may be. Its end tells which.
            pass
        code = reading.end()
        watcher.join()
        with self._lock:
            self._current = None
        if data:
            return self._judge(data)
        if reading.verdict is not None:
            return ReadResult(*reading.verdict)
        return _after_death(code)

    def _judge(self, data: bytes) -> ReadResult:
        try:
            return wire.decode(data, self._limits)
        except wire.GarbageError:
            return ReadResult(FileStatus.CRASHED, _NONSENSE)

    def _watch(self, reading: _Reading, file_bytes: int) -> None:
        """Kill the process when its time or its memory is up. A thread of its own: a read may wait for ever."""
        deadline = time.monotonic() + self._limits.wall_seconds
        most = self._limits.memory_bytes + file_bytes + _OVERHEAD_BYTES
        try:
            process = psutil.Process(reading.process.pid)
            while not reading.ended.wait(WATCH_SECONDS):
                if time.monotonic() > deadline:
                    reading.kill(FileStatus.TIMED_OUT, _TIMED_OUT)
                elif process.memory_info().rss > most:
                    reading.kill(FileStatus.OUT_OF_MEMORY, OUT_OF_MEMORY)
        except psutil.Error:
            # It ended between two looks.
            return

    def _begin(self, kind: DocumentKind) -> _Reading:
        reading = _Reading(self._starter.start(kind))
        with self._lock:
            self._current = reading
        return reading


STOPPED = (FileStatus.STOPPED, "Reading was stopped.")
_NONSENSE = "Reading this file failed: what came of it makes no sense."
_TIMED_OUT = "Reading this file takes longer than it may."


def read_document(path: Path, limits: Limits = DEFAULT_LIMITS) -> ReadResult:
    """Read one file in a process of its own. Never raises for what is in the file."""
    reader = DocumentReader(limits)
    try:
        return reader.read(path)
    finally:
        reader.close()


def _refuse_by_facts(facts: os.stat_result, limits: Limits) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise UnreadableError(FileStatus.UNSUPPORTED, "This is no file that can be read.")
    if facts.st_size == 0:
        raise UnreadableError(FileStatus.EMPTY, "The file is empty.")
    if facts.st_size > limits.file_bytes:
        most = limits.file_bytes // MIB
        raise UnreadableError(FileStatus.TOO_LARGE, f"The file is larger than {most:,} MB, the most that is read.")


def _why_unreadable(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "The file is no longer there."
        case PermissionError():
            return "You may not read this file."
        case IsADirectoryError():
            return "This is a folder."
        case _:
            return f"The system can’t read the file: {error.strerror or 'unknown reason'}."


def _after_death(code: int) -> ReadResult:
    """What to say of a process that gave no answer."""
    names = {getattr(signal, name, None) for name in ("SIGXCPU",)}
    if code < 0 and -code in names:
        return ReadResult(FileStatus.TIMED_OUT, _TIMED_OUT)
    if code == -getattr(signal, "SIGABRT", 6):
        # What libraries in C++ do when they are given no more memory.
        return ReadResult(FileStatus.OUT_OF_MEMORY, OUT_OF_MEMORY)
    if code == -getattr(signal, "SIGKILL", 9):
        return ReadResult(
            FileStatus.OUT_OF_MEMORY, "The system ended the reading of this file, most likely because memory ran short."
        )
    return ReadResult(FileStatus.CRASHED, "Reading this file failed: it is damaged in a way that ends the reader.")

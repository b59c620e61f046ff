"""Reads files, each in a process of its own that can reach nothing; whatever happens there is a status here."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import threading
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import send_handle
from pathlib import Path

import psutil

from app.documents import wire
from app.documents.formats import HEAD_BYTES, identify
from app.documents.limits import DEFAULT_LIMITS, MIB, Limits, UnreadableError
from app.documents.worker import OUT_OF_MEMORY, PASSES_DESCRIPTORS, Request, serve
from app.domain.documents import DocumentKind, FileStatus, ReadResult

WATCH_SECONDS = 0.1
_OVERHEAD_BYTES = 64 * MIB
"""What an interpreter with its libraries takes before it reads anything."""
_START_SECONDS = 30.0


@dataclass(slots=True)
class _Child:
    """A reading process. verdict says why it was killed, if it was."""

    process: SpawnProcess
    connection: Connection
    verdict: tuple[FileStatus, str] | None = None

    def kill(self, status: FileStatus, reason: str) -> None:
        self.verdict = self.verdict or (status, reason)
        self.process.kill()

    def end(self) -> int | None:
        """End the process, which has answered or has nothing more to say, and give its exit code."""
        self.connection.close()
        self.process.join(WATCH_SECONDS)
        if self.process.is_alive():
            self.kill(FileStatus.CRASHED, _NONSENSE)
        self.process.join()
        return self.process.exitcode


class DocumentReader:
    """Reads one file after another. While one is read, the process for the next starts up.

    ``read`` belongs to one thread; ``stop`` may be called from any.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._context = multiprocessing.get_context("spawn")
        self._spare: _Child | None = None
        self._current: _Child | None = None
        self._lock = threading.Lock()

    def read(self, path: Path, another_follows: bool = False) -> ReadResult:
        """Read a file. Never raises for what the file, the system or the reading process does.

        another_follows starts the next process while this file is read.
        """
        started = time.monotonic()
        try:
            result = self._read(path, another_follows)
        except UnreadableError as error:
            result = ReadResult(error.status, error.reason)
        except OSError as error:
            result = ReadResult(FileStatus.UNREADABLE, _why_unreadable(error))
        return replace(result, seconds=round(time.monotonic() - started, 3))

    def stop(self) -> None:
        """Give up the file that is being read; its result says STOPPED."""
        with self._lock:
            if self._current is not None:
                self._current.kill(FileStatus.STOPPED, "Reading was stopped.")

    def close(self) -> None:
        """End the process that waits for the next file."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.end()

    def _read(self, path: Path, another_follows: bool) -> ReadResult:
        # O_NONBLOCK: a named pipe that nobody writes to would keep us waiting in open.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
        try:
            facts = os.fstat(descriptor)
            _refuse_by_facts(facts, self._limits)
            kind = identify(os.read(descriptor, HEAD_BYTES), path.name)
            os.lseek(descriptor, 0, os.SEEK_SET)
            child = self._take_child(kind)
            request = Request(kind, path.name, facts.st_size, self._limits, "" if PASSES_DESCRIPTORS else str(path))
            return self._exchange(child, request, descriptor, another_follows)
        finally:
            os.close(descriptor)

    def _exchange(self, child: _Child, request: Request, descriptor: int, another_follows: bool) -> ReadResult:
        """Send the request, wait for the answer under guard, and judge what came of it."""
        watcher = threading.Thread(target=self._watch, args=(child, request.size), name="document-watcher", daemon=True)
        watcher.start()
        data = b""
        try:
            child.connection.send_bytes(request.to_json())
            if PASSES_DESCRIPTORS:
                send_handle(child.connection, descriptor, child.process.pid)
            if another_follows:
                self._prepare(request.kind)
            data = child.connection.recv_bytes(self._limits.reply_bytes)
        except (EOFError, OSError):
            # The process is gone, or announces more than any answer may be. Its end tells which.
            pass
        code = child.end()
        watcher.join()
        with self._lock:
            self._current = None
            child.process.close()
        if data:
            return self._judge(data)
        if child.verdict is not None:
            return ReadResult(*child.verdict)
        return _after_death(code)

    def _judge(self, data: bytes) -> ReadResult:
        try:
            return wire.decode(data, self._limits)
        except wire.GarbageError:
            return ReadResult(FileStatus.CRASHED, _NONSENSE)

    def _watch(self, child: _Child, file_bytes: int) -> None:
        """Kill the process when its time or its memory is up. A thread of its own: a read may wait for ever."""
        deadline = time.monotonic() + self._limits.wall_seconds
        most = self._limits.memory_bytes + file_bytes + _OVERHEAD_BYTES
        try:
            process = psutil.Process(child.process.pid)
            while not wait([child.process.sentinel], WATCH_SECONDS):
                if time.monotonic() > deadline:
                    child.kill(FileStatus.TIMED_OUT, _TIMED_OUT)
                elif process.memory_info().rss > most:
                    child.kill(FileStatus.OUT_OF_MEMORY, OUT_OF_MEMORY)
        except psutil.Error:
            # It ended between two looks.
            return

    def _take_child(self, kind: DocumentKind) -> _Child:
        child, self._spare = self._spare, None
        if child is None or not child.process.is_alive():
            if child is not None:
                child.end()
            child = self._start(kind)
        with self._lock:
            self._current = child
        return child

    def _prepare(self, kind: DocumentKind) -> None:
        if self._spare is None:
            self._spare = self._start(kind)

    def _start(self, kind: DocumentKind) -> _Child:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs, kind), name="inglenook-reader", daemon=True)
        process.start()
        theirs.close()
        return _Child(process, ours)


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


def _after_death(code: int | None) -> ReadResult:
    """What to say of a process that gave no answer."""
    names = {getattr(signal, name, None) for name in ("SIGXCPU",)}
    if code is not None and code < 0 and -code in names:
        return ReadResult(FileStatus.TIMED_OUT, _TIMED_OUT)
    if code is not None and code == -getattr(signal, "SIGKILL", 9):
        return ReadResult(
            FileStatus.OUT_OF_MEMORY, "The system ended the reading of this file, most likely because memory ran short."
        )
    return ReadResult(FileStatus.CRASHED, "Reading this file failed: it is damaged in a way that ends the reader.")

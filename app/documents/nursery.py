"""Reading processes by fork: one process loads what reading needs, and each reader is a copy of it.

A new interpreter takes a quarter of a second of processor time before it can read, a copy some milliseconds. The
nursery has one thread and sees no document: a file is handed to the copy, over a connection of its own. For Linux;
elsewhere libraries of the system do not survive a fork.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import recv_handle, send_handle

from app.documents.forking import adopt_orphans, end_with_parent, reap
from app.documents.reading_process import GRACE_SECONDS, ReadingProcess, Serve
from app.documents.worker import load
from app.domain.documents import DocumentKind
from app.process_name import name_process

_BEGIN, _END = "begin", "end"
_ANSWER_SECONDS = 30.0
_LOOK_SECONDS = 0.002
_REAP_SECONDS = 1.0
_GONE = (EOFError, BrokenPipeError, ConnectionResetError)


class Nursery:
    """The process that is forked, and its readers."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._context = multiprocessing.get_context("spawn")
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

    def prepare(self, kind: DocumentKind) -> None:
        """It is prepared from the first start on."""

    def start(self, kind: DocumentKind) -> ReadingProcess:
        try:
            return self._begin(kind)
        except _GONE:
            # It was ended by the system, or by whoever tidies up; the next one may live.
            self.close()
        try:
            return self._begin(kind)
        except _GONE:
            self.close()
            raise OSError("the process that starts the readers has ended") from None

    def end(self, pid: int) -> tuple[int, bool]:
        """See a reader end; see ReadingProcess.end()."""
        try:
            code, forced = self._ask(f"{_END} {pid}").split()
        except _GONE:
            # Its readers end with it.
            return -signal.SIGKILL, False
        return int(code), forced == "True"

    def close(self) -> None:
        process, self._process = self._process, None
        connection, self._connection = self._connection, None
        if process is not None and connection is not None:
            connection.close()
            process.join(GRACE_SECONDS)
            process.kill()
            process.join()
            process.close()

    def _begin(self, kind: DocumentKind) -> ReadingProcess:
        connection = self._open()
        ours, theirs = self._context.Pipe()
        try:
            connection.send_bytes(f"{_BEGIN} {kind}".encode())
            send_handle(connection, theirs.fileno(), None)
            pid = int(self._answer(connection))
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return _Forked(self, pid, ours)

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection, theirs = self._context.Pipe()
            self._process = self._context.Process(
                target=tend, args=(theirs, self._serve), name="inglenook-nursery", daemon=True
            )
            self._process.start()
            theirs.close()
        return self._connection

    def _ask(self, words: str) -> str:
        if self._connection is None:
            raise EOFError
        self._connection.send_bytes(words.encode())
        return self._answer(self._connection)

    def _answer(self, connection: Connection) -> str:
        if not connection.poll(_ANSWER_SECONDS):
            raise EOFError
        return connection.recv_bytes().decode()


class _Forked:
    def __init__(self, nursery: Nursery, pid: int, connection: Connection) -> None:
        self._nursery = nursery
        self._ended = False
        self._lock = threading.Lock()
        self.pid = pid
        self.connection = connection

    def kill(self) -> None:
        with self._lock:
            # Once the nursery may have asked for its exit code, the number may be another process's.
            if not self._ended:
                with suppress(ProcessLookupError):
                    # With the nursery its readers are gone.
                    os.kill(self.pid, signal.SIGKILL)

    def end(self) -> tuple[int, bool]:
        self.connection.close()
        with self._lock:
            self._ended = True
        return self._nursery.end(self.pid)


def tend(connection: Connection, serve: Serve) -> None:
    """Main function of the process: fork a reader whenever one is asked for, and tell how each ended.

    Ends, and its readers with it, when the other end of the pipe is gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    name_process("nursery")
    # Readers may have a second process of their own; see app.documents.pdf_twin.
    adopt_orphans()
    gc.disable()
    reads = False
    try:
        while True:
            while not reads and not connection.poll(_REAP_SECONDS):
                reap()
            word, value = connection.recv_bytes().decode().split()
            reads = word == _BEGIN
            if reads:
                connection.send_bytes(str(_fork(connection, DocumentKind(value), serve)).encode())
            else:
                code, forced = _see_end(int(value))
                connection.send_bytes(f"{code} {forced}".encode())
    except _GONE:
        return
    finally:
        os._exit(0)


def _fork(connection: Connection, kind: DocumentKind, serve: Serve) -> int:
    descriptor = recv_handle(connection)
    load(kind)
    nursery = os.getpid()
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    try:
        end_with_parent(nursery)
        connection.close()
        serve(Connection(descriptor), kind)
    finally:
        os._exit(0)


def _see_end(pid: int) -> tuple[int, bool]:
    until = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), False
        time.sleep(_LOOK_SECONDS)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), True

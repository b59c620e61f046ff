"""Pictures of a PDF's pages, drawn in a process of its own that can reach nothing.

One process serves one file for as long as its pages are looked at. Whatever happens there is a failure with a sentence
here; what it answers is checked before it is believed.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pkgutil
import stat
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import send_handle
from pathlib import Path

import psutil

from app.documents.limits import MIB, Limits
from app.documents.page_wire import ANSWER, ASK, CHANNELS, MOST_PIXELS, NONE, PAGE, Opening
from app.documents.worker import PASSES_DESCRIPTORS

DRAWING_LIMITS = Limits(memory_bytes=384 * MIB, cpu_seconds=60, wall_seconds=20.0)
"""wall_seconds is for one page."""
_WATCH_SECONDS = 0.1
_OVERHEAD_BYTES = 64 * MIB
_CHUNK = 1 << 20


class FailureReason(StrEnum):
    GONE = "gone"
    """The file is no longer there, or can't be read."""
    CHANGED = "changed"
    """The file holds something else now."""
    FAILED = "failed"
    """It can't be drawn."""


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A page (numbered from 1) as a picture: width times height pixels, RGB, one byte each, row by row without gaps."""

    page: int
    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class RenderFailure:
    """Why there is no picture, as a sentence for a person."""

    reason: FailureReason
    sentence: str


_GONE = RenderFailure(FailureReason.GONE, "The file is no longer where it was.")
_CHANGED = RenderFailure(FailureReason.CHANGED, "The file has changed since it was read.")
_FAILED = RenderFailure(FailureReason.FAILED, "This page can’t be drawn.")
_TOO_LONG = RenderFailure(FailureReason.FAILED, "Drawing this page takes longer than it may.")
_TOO_LARGE = RenderFailure(FailureReason.FAILED, "Drawing this page takes more memory than it may.")


def check_file(path: Path, sha256: str, limits: Limits = DRAWING_LIMITS) -> RenderFailure | None:
    """Whether a file still has this content; None if it has."""
    opened = _open_as(path, sha256, limits)
    if isinstance(opened, RenderFailure):
        return opened
    os.close(opened)
    return None


class PageRenderer:
    """Draws pages of one file after another. Belongs to one thread, but for stop()."""

    def __init__(self, limits: Limits = DRAWING_LIMITS) -> None:
        self._limits = limits
        self._session: _Session | None = None
        self._stopped = threading.Event()

    def render(self, path: Path, sha256: str, page: int, width: int) -> RenderedPage | RenderFailure:
        """Draw a page of the file that has this content, so many pixels wide. Never raises for what is in the file.

        The picture is narrower than asked for where it would have more than MOST_PIXELS.
        """
        known = self._session is not None and self._session.serves(path, sha256)
        if not known:
            opened = self._open(path, sha256)
            if isinstance(opened, RenderFailure):
                return opened
        session = self._session
        if session is None:
            return _FAILED
        result = session.draw(page, width)
        if not session.alive:
            self._end()
            if known and isinstance(result, RenderFailure):
                # Its time is for all pages of a file. A page alone in a new process has all of it.
                return self.render(path, sha256, page, width)
        return result

    def stop(self) -> None:
        """Give up the page that is being drawn, for good. From any thread."""
        self._stopped.set()
        session = self._session
        if session is not None:
            session.kill(_FAILED)

    def close(self) -> None:
        """End the process."""
        self._end()

    def _open(self, path: Path, sha256: str) -> RenderFailure | None:
        self._end()
        if self._stopped.is_set():
            return _FAILED
        descriptor = _open_as(path, sha256, self._limits)
        if isinstance(descriptor, RenderFailure):
            return descriptor
        try:
            self._session = _Session(path, sha256, os.fstat(descriptor), self._limits, descriptor)
        finally:
            os.close(descriptor)
        return None

    def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.end()


class _Session:
    """A drawing process and the file it has open."""

    def __init__(self, path: Path, sha256: str, facts: os.stat_result, limits: Limits, descriptor: int) -> None:
        self._path, self._sha256, self._stamp = path, sha256, _stamp(facts)
        self._limits = limits
        self._most = limits.memory_bytes + facts.st_size + _OVERHEAD_BYTES
        context = multiprocessing.get_context("spawn")
        self._connection: Connection
        self._connection, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=_draw_pages, args=(theirs,), name="inglenook-pages", daemon=True
        )
        self._process.start()
        theirs.close()
        self._verdict: RenderFailure | None = None
        self._ended = False
        opening = Opening(facts.st_size, limits, "" if PASSES_DESCRIPTORS else str(path))
        try:
            self._connection.send_bytes(opening.to_json())
            if PASSES_DESCRIPTORS:
                send_handle(self._connection, descriptor, self._process.pid)
        except OSError:
            self.kill(_FAILED)

    @property
    def alive(self) -> bool:
        return not self._ended and self._verdict is None and self._process.is_alive()

    def serves(self, path: Path, sha256: str) -> bool:
        """Whether this is that file, and nobody has written to it since."""
        try:
            return self.alive and (path, sha256) == (self._path, self._sha256) and _stamp(path.stat()) == self._stamp
        except OSError:
            return False

    def draw(self, page: int, width: int) -> RenderedPage | RenderFailure:
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,), name="page-watcher", daemon=True)
        watcher.start()
        try:
            self._connection.send_bytes(ASK.pack(page, max(1, width)))
            data = self._connection.recv_bytes(ANSWER.size + MOST_PIXELS * CHANNELS)
        except (EOFError, OSError):
            # It died, was killed, or announces more than any page may have.
            self.kill(_FAILED)
            return self._verdict or _FAILED
        finally:
            done.set()
            watcher.join()
        if data == ANSWER.pack(NONE, 0, 0):
            return _FAILED
        picture = _decode(data, page, width)
        if picture is None:
            self.kill(_FAILED)
        return picture or _FAILED

    def end(self) -> None:
        self._ended = True
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._process.close()

    def _watch(self, done: threading.Event) -> None:
        """Kill the process when its time or its memory is up. A thread of its own: a read may wait for ever."""
        deadline = time.monotonic() + self._limits.wall_seconds
        try:
            process = psutil.Process(self._process.pid)
            while not done.wait(_WATCH_SECONDS):
                if time.monotonic() > deadline:
                    self.kill(_TOO_LONG)
                elif process.memory_info().rss > self._most:
                    self.kill(_TOO_LARGE)
        except (psutil.Error, ValueError):
            # It ended between two looks.
            return

    def kill(self, verdict: RenderFailure) -> None:
        self._verdict = self._verdict or verdict
        if not self._ended:
            self._process.kill()


def _draw_pages(connection: Connection) -> None:
    """By name: only the drawing process loads PDFium."""
    pkgutil.resolve_name("app.documents.page_worker:draw_pages")(connection)


def _decode(data: bytes, page: int, width: int) -> RenderedPage | None:
    """The answer as a page; None where it makes no sense."""
    if len(data) < ANSWER.size:
        return None
    kind, across, down = ANSWER.unpack_from(data)
    fits = 0 < across <= width and down > 0 and across * down <= MOST_PIXELS
    if kind != PAGE or not fits or len(data) != ANSWER.size + across * down * CHANNELS:
        return None
    return RenderedPage(page, across, down, data[ANSWER.size :])


def _open_as(path: Path, sha256: str, limits: Limits) -> int | RenderFailure:
    """The file's descriptor, at its beginning, if the file has this content."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _flag("O_NONBLOCK") | _flag("O_CLOEXEC") | _flag("O_BINARY"))
    except (OSError, ValueError):
        return _GONE
    try:
        facts = os.fstat(descriptor)
        plain = stat.S_ISREG(facts.st_mode) and facts.st_size <= limits.file_bytes
        if plain and _content_hash(descriptor) == sha256:
            os.lseek(descriptor, 0, os.SEEK_SET)
            return descriptor
        failure = _CHANGED
    except OSError:
        failure = _GONE
    os.close(descriptor)
    return failure


def _content_hash(descriptor: int) -> str:
    digest = hashlib.sha256()
    while chunk := os.read(descriptor, _CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _stamp(facts: os.stat_result) -> tuple[int, int, int, int]:
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


def _flag(name: str) -> int:
    return int(getattr(os, name, 0))

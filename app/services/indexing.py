"""Keeps libraries in step with their folders, one file at a time, on the lane and out of the way of answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.documents import FileStatus
from app.errors import AppError
from app.jobs import Lane, be_modest
from app.services.folder_scan import compare, scan
from app.services.reading import Ingest
from app.store.index_files import Counts, LibraryFiles

_PER_FILE_BYTES = 100_000
"""What a file costs whatever its size, expressed in bytes to be read."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Task:
    """A library that is being brought in step. scan: its folders are to be looked through first."""

    folders: tuple[Path, ...]
    scan: bool = True
    retry: bool = False
    missing: tuple[Path, ...] = ()
    seconds: float = 0.0
    bytes_done: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the work on a library is. busy: there is work on it, or it waits for its turn."""

    busy: bool = False
    missing: tuple[Path, ...] = ()
    current: Path | None = None
    seconds_left: float | None = None


@dataclass(slots=True)
class _State:
    """Shared between the main thread and the lane; guarded by a lock."""

    tasks: dict[str, _Task] = field(default_factory=dict)
    missing: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    current: tuple[str, Path] | None = None
    held: bool = False
    submitted: bool = False
    closed: bool = False


class Indexing:
    """The work on all libraries. Between two files the lane is free for others, so that nobody waits for long."""

    def __init__(
        self,
        lane: Lane,
        files: LibraryFiles,
        ingest: Ingest,
        progress: Callable[[str, bool], None],
        failed: Callable[[AppError], None],
        linked: Callable[[str], None] = lambda _: None,
    ) -> None:
        """progress is told the library, and whether the work on it is done; failed, why work had to stop.

        linked is told a library in which links lead to other places. All are called on the lane.
        """
        self._lane = lane
        self._files = files
        self._ingest = ingest
        self._progress = progress
        self._failed = failed
        self._linked = linked
        self._state = _State()
        self._lock = threading.Lock()

    def start(self, name: str, folders: tuple[Path, ...], retry: bool = False) -> None:
        """Bring a library in step with its folders, or begin to do so anew."""
        with self._lock:
            task = self._state.tasks.setdefault(name, _Task(folders))
            task.folders, task.scan, task.retry = folders, True, task.retry or retry
        self._submit()

    def stop(self, name: str, at_once: bool = False) -> None:
        """Leave a library as it is. at_once gives up the file of it that is being read."""
        with self._lock:
            self._state.tasks.pop(name, None)
            current = self._state.current
        if at_once and current is not None and current[0] == name:
            self._ingest.stop()

    def hold(self) -> None:
        """Do nothing after the file that is being read, until release."""
        with self._lock:
            self._state.held = True

    def release(self) -> None:
        with self._lock:
            self._state.held = False
        self._submit()

    def close(self) -> None:
        """Give up what is being read; the lane is to be closed after that."""
        with self._lock:
            self._state.closed = True
            self._state.tasks.clear()
        self._ingest.end()

    def standing(self, name: str, counts: Counts) -> Standing:
        with self._lock:
            task = self._state.tasks.get(name)
            current = self._state.current
            missing = self._state.missing.get(name, ())
        reading = current[1] if current is not None and current[0] == name else None
        return Standing(task is not None, missing, reading, _seconds_left(task, counts) if task else None)

    @property
    def idle(self) -> bool:
        with self._lock:
            return not self._state.tasks

    def _submit(self) -> None:
        with self._lock:
            state = self._state
            if state.submitted or state.held or state.closed or not state.tasks:
                return
            state.submitted = True
        self._lane.submit(self._step)

    def _step(self) -> None:
        """Look through one library's folders, or read one file; then give the lane to whoever waits."""
        be_modest()
        with self._lock:
            self._state.submitted = False
            scans = [(name, task) for name, task in self._state.tasks.items() if task.scan]
            name, task = next(iter(scans or self._state.tasks.items()), (None, None))
            held = self._state.held or self._state.closed
        if name is None or task is None or held:
            return
        try:
            if task.scan:
                self._scan(name, task)
            else:
                self._read_next(name, task)
        except AppError as error:
            _log.info("Indexing stopped: %s %s", error, error.details)
            # First the failure: whoever waits for the end of the work must hear of it before that end.
            self._failed(error)
            with self._lock:
                self._state.tasks.clear()
            self._rest()
            self._progress(name, True)
            return
        self._submit()

    def _scan(self, name: str, task: _Task) -> None:
        with self._lock:
            task.scan, retry, task.retry = False, task.retry, False
        found = scan(task.folders)
        changes = compare(self._files.facts(name), found)
        with self._lock:
            # The library may have been removed meanwhile; its files must not come back.
            if self._state.tasks.get(name) is not task:
                return
            self._state.missing[name] = tuple(found.missing)
        if found.linked:
            self._linked(name)
        self._files.update(name, changes.changed, changes.lost, retry)
        self._progress(name, False)

    def _read_next(self, name: str, task: _Task) -> None:
        file = self._files.waiting(name)
        if file is None:
            self._finish(name, task)
            return
        with self._lock:
            self._state.current = (name, file.path)
        self._progress(name, False)
        started = time.monotonic()
        try:
            outcome = self._ingest.take_file(name, file, True, lambda: not self._is_wanted(name, task))
        finally:
            with self._lock:
                self._state.current = None
        if outcome.status is not FileStatus.STOPPED:
            task.seconds += time.monotonic() - started
            task.bytes_done += file.facts.size + _PER_FILE_BYTES
        self._rest()
        self._progress(name, False)

    def _is_wanted(self, name: str, task: _Task) -> bool:
        with self._lock:
            return self._state.tasks.get(name) is task

    def _finish(self, name: str, task: _Task) -> None:
        with self._lock:
            # A scan may have been asked for in the meantime.
            if task.scan or self._state.tasks.get(name) is not task:
                return
            del self._state.tasks[name]
        self._rest()
        self._progress(name, True)

    def _rest(self) -> None:
        if self.idle:
            # Nothing follows, so the process that waits for the next file goes.
            self._ingest.close()


def _seconds_left(task: _Task, counts: Counts) -> float | None:
    if not task.bytes_done or task.scan:
        return None
    left = counts.waiting_bytes + counts.waiting * _PER_FILE_BYTES
    return round(task.seconds * left / task.bytes_done, 1)

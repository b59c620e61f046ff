"""Fetches the files of a model, however the line and the server behave."""

from __future__ import annotations

import errno
import hashlib
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from app.domain.catalogue import HubFile
from app.domain.sizes import file_size
from app.errors import DownloadError
from app.hub.messages import Asking, Checking, Downloaded, DownloadRequest, Event, Fetching, Patience, Waiting
from app.hub.network import Answer, Hub, RangeError, RemoteFile, RetryError
from app.hub.part import PartFile
from app.hub.sidecar import Sidecar, arrived

Tell = Callable[[Event], None]

_SECONDS_BETWEEN = 0.1
_DISK_RESERVE = 256 << 20
# Less than this while a stalled connection is waited for is as good as nothing.
_CRAWL_BYTES = 4096
_MOST_CHANGES = 3
_MOST_REFUSALS = 3
_BLOCK = 4 << 20


class StoppedError(Exception):
    """The download was asked to stop."""


def fetch(request: DownloadRequest, tell: Tell, stop: threading.Event) -> Downloaded:
    """Fetch all files. Raises DownloadError, StoppedError and OSError; what has arrived is kept."""
    hub = Hub(request.endpoint, request.token, request.patience.stall_seconds)
    try:
        attempts = _Attempts(request.patience, tell, stop)
        tell(Asking())
        remotes = [_look_up(hub, request, file, attempts) for file in request.files]
        have = sum(map(_present, (request.folder / _base(remote.name) for remote in remotes)))
        _check_room(request.folder, sum(remote.size for remote in remotes) - have)
        meter = _Meter(tell, stop, sum(remote.size for remote in remotes))
        for i, (remote, file) in enumerate(zip(remotes, request.files, strict=True)):
            remotes[i] = _FileTransfer(hub, request, file, attempts, meter).run(remote)
            meter.before += remotes[i].size
        return Downloaded(
            tuple(request.folder / _base(remote.name) for remote in remotes),
            tuple(remote.sha256 for remote in remotes),
        )
    except OSError as error:
        raise _disk_error(error, request.folder) from error
    finally:
        hub.close()


class _Meter:
    """Tells how far all is, a few times a second, and ends the work when asked to."""

    def __init__(self, tell: Tell, stop: threading.Event, total: int) -> None:
        self._tell = tell
        self._stop = stop
        self._total = total
        self._told = 0.0
        self.before = 0

    def fetched(self, done: int) -> None:
        self._check(Fetching(self.before + done, self._total))

    def checked(self, done: int, total: int) -> None:
        self._check(Checking(done, total))

    def _check(self, event: Event) -> None:
        if self._stop.is_set():
            raise StoppedError
        now = time.monotonic()
        if now - self._told >= _SECONDS_BETWEEN:
            self._told = now
            self._tell(event)


class _Attempts:
    """Counts the failures in a row, and waits longer after each."""

    def __init__(self, patience: Patience, tell: Tell, stop: threading.Event) -> None:
        self._patience = patience
        self._tell = tell
        self._stop = stop
        self._failures = 0
        self._reached = False

    def succeeded(self) -> None:
        self._failures, self._reached = 0, True

    def wait_after(self, problem: RetryError) -> None:
        """Raises DownloadError when patience is at its end, StoppedError."""
        self._failures += 1
        patience = self._patience
        if self._failures >= (patience.attempts if self._reached else patience.first_attempts):
            raise DownloadError(problem.reason, "Try again later: it goes on from where it was.", problem.details)
        pause = min(patience.longest_pause, patience.first_pause * 2 ** (self._failures - 1))
        if problem.wait is not None:
            if problem.wait > patience.longest_wait:
                minutes = problem.wait / 60
                raise DownloadError(
                    problem.reason, f"It asks to be left alone for {minutes:,.0f} minutes. Go on after that."
                )
            pause = max(pause, problem.wait)
        self._tell(Waiting(pause, problem.reason))
        if self._stop.wait(pause):
            raise StoppedError


class _FileTransfer:
    """Brings one file to its place."""

    def __init__(self, hub: Hub, request: DownloadRequest, file: HubFile, attempts: _Attempts, meter: _Meter) -> None:
        self._hub = hub
        self._request = request
        self._file = file
        self._attempts = attempts
        self._meter = meter
        self._changes = 0
        # How often in a row the server would not send a part of the file.
        self._refusals = 0

    def run(self, remote: RemoteFile) -> RemoteFile:
        """Give the file as it was in the end: it may have been exchanged meanwhile."""
        final = self._request.folder / _base(remote.name)
        if final.exists():
            self._check_present(final, remote)
            return remote
        with PartFile(final) as part:
            if final.exists():
                # Another process brought it while this one came to the lock.
                return remote
            part.begin(self._sidecar(remote), self._meter.checked)
            while part.length < remote.size:
                before = part.length
                try:
                    self._attempt(part, remote)
                except RangeError:
                    self._refusals += 1
                    remote = self._asked_again(part, remote, RetryError("The server can’t send a part of a file."))
                except _ChangedError as change:
                    remote = self._asked_again(part, remote, RetryError(change.reason))
                except RetryError as problem:
                    self._refusals = min(self._refusals, _MOST_REFUSALS - 1)
                    if part.length > before:
                        self._attempts.succeeded()
                    self._attempts.wait_after(problem)
            self._attempts.succeeded()
            part.finish()
        return remote

    def _attempt(self, part: PartFile, remote: RemoteFile) -> None:
        # All of it is the last resort: what is here already would come again.
        offset = part.length if self._refusals < _MOST_REFUSALS else 0
        with self._hub.open(remote, offset, part.etag) as answer:
            if answer.total is not None and answer.total != remote.size:
                raise _ChangedError("The server’s file has another length than the hub says.")
            if part.etag and answer.etag and answer.etag != part.etag:
                # Not asked for again under a condition: servers that take turns may each have their own.
                part.etag = ""
                raise _ChangedError("The file on the server changed.")
            if answer.start > part.length:
                raise RangeError
            part.etag = part.etag or answer.etag
            self._take(answer, part, remote)

    def _take(self, answer: Answer, part: PartFile, remote: RemoteFile) -> None:
        """Append what is new of a body. What the server sends again is passed over."""
        position = answer.start
        crawl = _Crawl(self._request.patience.stall_seconds)
        for piece in answer.pieces():
            new = piece[max(0, part.length - position) :][: remote.size - part.length]
            position += len(piece)
            if new:
                part.write(new)
            self._meter.fetched(part.length)
            crawl.add(len(piece))
            if part.length == remote.size:
                return
        raise RetryError("The connection ended before the file did.")

    def _asked_again(self, part: PartFile, remote: RemoteFile, problem: RetryError) -> RemoteFile:
        """Ask the hub anew what the file is. If it is another one now, what has arrived is of no use."""
        self._changes += 1
        if self._changes > _MOST_CHANGES * self._request.patience.attempts:
            raise DownloadError(problem.reason, "Try again later, or choose another endpoint.")
        if self._changes > _MOST_CHANGES:
            self._attempts.wait_after(problem)
        now = _look_up(self._hub, self._request, self._file, self._attempts)
        if (now.size, now.sha256) != (remote.size, remote.sha256):
            part.restart(self._sidecar(now))
        return now

    def _check_present(self, final: Path, remote: RemoteFile) -> None:
        if final.stat().st_size != remote.size or _sha256(final, self._meter) != remote.sha256:
            raise DownloadError(
                f"There is another {final.name} in the folder of models.",
                f"Remove it, or move it elsewhere: {final}.",
            )

    def _sidecar(self, remote: RemoteFile) -> Sidecar:
        return Sidecar(self._request.entry, remote.name, remote.url, remote.size, remote.sha256)


class _ChangedError(Exception):
    """What the server has is not what the hub said; the hub is to be asked again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Crawl:
    """Gives up a connection that brings a few bytes now and then."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since = time.monotonic()
        self._bytes = 0

    def add(self, count: int) -> None:
        self._bytes += count
        now = time.monotonic()
        if now - self._since < self._seconds:
            return
        if self._bytes < _CRAWL_BYTES:
            raise RetryError("The server brings next to nothing.")
        self._since, self._bytes = now, 0


def _look_up(hub: Hub, request: DownloadRequest, file: HubFile, attempts: _Attempts) -> RemoteFile:
    while True:
        try:
            remote = hub.look_up(request.repository, request.revision, file)
        except RetryError as problem:
            attempts.wait_after(problem)
        else:
            attempts.succeeded()
            return remote


def _present(final: Path) -> int:
    return final.stat().st_size if final.exists() else arrived(final)


def _check_room(folder: Path, missing: int) -> None:
    free = shutil.disk_usage(folder).free
    if missing > 0 and free < missing + _DISK_RESERVE:
        raise DownloadError(
            f"The disk has too little room: {file_size(missing)} are to come, and {file_size(free)} are free.",
            "Delete what you no longer need, or move the data folder to another disk with --data-dir.",
        )


def _sha256(path: Path, meter: _Meter) -> str:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            done += len(block)
            meter.checked(done, total)
    return digest.hexdigest()


def _disk_error(error: OSError, folder: Path) -> DownloadError:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return DownloadError(
            "The disk is full.", "Delete what you no longer need, then go on: what has arrived is kept.", str(error)
        )
    if error.errno == errno.EFBIG:
        return DownloadError(
            f"The disk of {folder} takes no files as large as this one.",
            "FAT ends at 4 GB: move the data folder to a disk with another file system with --data-dir.",
            str(error),
        )
    return DownloadError(
        f"The folder {folder} can’t be written to ({error.strerror or error}).",
        "See that your user may write there and that the disk is sound, then go on.",
        str(error),
    )


def _base(name: str) -> str:
    """The file's own name, whatever folder of the repository it lies in."""
    return Path(name).name

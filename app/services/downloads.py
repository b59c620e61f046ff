"""Downloads of models: started, paused, gone on with another day. The network is in a process of its own."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.domain.catalogue import CatalogueEntry
from app.domain.chat import Failure
from app.errors import DownloadError, NotFoundError
from app.hub.messages import (
    Asking,
    Checking,
    Downloaded,
    DownloadRequest,
    Event,
    Failed,
    Fetching,
    Patience,
    Stopped,
    Waiting,
)
from app.hub.process import DownloadProcess
from app.hub.sidecar import arrived, discard, unfinished
from app.jobs import Lane, Post
from app.services.catalogue import entry_named
from app.services.download_events import Download, DownloadChanged, DownloadPhase

_IN_LINE = "Another model is fetched first."
_PACE_SECONDS = 8.0


class DownloadService:
    """Fetches models one after another. Methods are for the main thread."""

    def __init__(
        self,
        catalogue: Sequence[CatalogueEntry],
        folder: Path,
        lane: Lane,
        post: Post,
        notify: Callable[[DownloadChanged], None],
        endpoint: Callable[[], str],
        token: Callable[[], str],
        offline: Callable[[], bool],
        on_downloaded: Callable[[tuple[Path, ...], tuple[str, ...]], None],
        patience: Patience | None = None,
    ) -> None:
        """folder takes the models; downloads in it that were not finished are offered as paused.

        endpoint, its token and offline give the settings that hold now. on_downloaded is told the files and their
        checksums.
        """
        self._folder = folder
        self._lane = lane
        self._post = post
        self._notify = notify
        self._endpoint = endpoint
        self._token = token
        self._offline = offline
        self._on_downloaded = on_downloaded
        self._patience = patience or Patience()
        self._processes: dict[str, DownloadProcess] = {}
        self._cancelled: set[str] = set()
        self._paces: dict[str, _Pace] = {}
        self._downloads = _left_behind(folder, catalogue)

    def downloads(self) -> tuple[Download, ...]:
        """Those that run, wait, are paused, failed or were finished since the start of the application."""
        return tuple(self._downloads.values())

    def download(self, identity: str) -> Download | None:
        """The download of the model with this id."""
        return self._downloads.get(identity)

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The processes that may use the network now."""
        return tuple(process.pid for process in self._processes.values() if process.pid is not None)

    def start(self, entry: CatalogueEntry, token: str | None = None) -> None:
        """Fetch a model, or go on with it. Raises DownloadError while the offline lock is on.

        A token that is given is used instead of the one in the settings.
        """
        if self._offline():
            raise DownloadError(
                "The offline lock is on, so nothing is downloaded.", "Switch it off in the settings to fetch a model."
            )
        if entry.id in self._processes:
            return
        process = self._processes[entry.id] = DownloadProcess()
        self._paces[entry.id] = _Pace()
        request = DownloadRequest(
            entry.id,
            entry.repository,
            entry.revision,
            entry.files,
            self._folder,
            self._endpoint(),
            token or self._token() or None,
            self._patience,
        )
        done = _present_bytes(self._folder, entry)
        waits = _IN_LINE if len(self._processes) > 1 else ""
        total = self._downloads[entry.id].total if entry.id in self._downloads else entry.size
        self._set(Download(entry, DownloadPhase.WAITING, done, total, reason=waits))
        self._lane.submit(lambda: self._run(entry, process, request))

    def pause(self, identity: str) -> None:
        """Stop a download; what has arrived is kept. It is paused once an event says so."""
        if identity in self._processes:
            self._processes[identity].stop()

    def cancel(self, identity: str) -> None:
        """Stop a download and delete what has arrived."""
        if identity in self._processes:
            self._cancelled.add(identity)
            self._processes[identity].stop()
        elif identity in self._downloads:
            self._forget(self._downloads[identity])

    def lock(self) -> None:
        """End every download because the offline lock was put on."""
        for process in list(self._processes.values()):
            process.stop()

    def close(self) -> None:
        """Pause everything and wait for it."""
        self.lock()
        self._lane.close()

    def _run(self, entry: CatalogueEntry, process: DownloadProcess, request: DownloadRequest) -> None:
        """On the lane."""
        end = process.run(request, lambda event: self._post(lambda: self._on_event(entry, process, event)))
        self._post(lambda: self._on_end(entry, process, end))

    def _on_event(self, entry: CatalogueEntry, process: DownloadProcess, event: Event) -> None:
        if self._processes.get(entry.id) is not process:
            return
        now = self._downloads[entry.id]
        match event:
            case Asking():
                self._set(replace(now, phase=DownloadPhase.ASKING, reason=""))
            case Waiting(seconds, reason):
                self._paces[entry.id] = _Pace()
                self._set(replace(now, phase=DownloadPhase.WAITING, reason=reason, seconds_left=seconds, speed=None))
            case Checking(done, total):
                checked = done / total if total else 1.0
                self._set(replace(now, phase=DownloadPhase.CHECKING, reason="", speed=None, checked=checked))
            case Fetching(done, total):
                speed, left = self._paces[entry.id].add(done, total)
                phase = DownloadPhase.FETCHING
                self._set(Download(entry, phase, done, total, speed, left))

    def _on_end(self, entry: CatalogueEntry, process: DownloadProcess, end: Event) -> None:
        if self._processes.get(entry.id) is not process:
            return
        del self._processes[entry.id]
        self._paces.pop(entry.id, None)
        done, total = _present_bytes(self._folder, entry), self._downloads[entry.id].total
        if entry.id in self._cancelled:
            self._cancelled.discard(entry.id)
            self._forget(self._downloads[entry.id])
            return
        match end:
            case Downloaded(files, sha256):
                self._on_downloaded(files, sha256)
                self._set(Download(entry, DownloadPhase.DONE, done, done, files=files))
            case Stopped():
                self._set(Download(entry, DownloadPhase.PAUSED, done, total))
            case Failed(title, remedy):
                failure = Failure(title, remedy)
                self._set(Download(entry, DownloadPhase.FAILED, done, total, failure=failure))

    def _forget(self, download: Download) -> None:
        for file in download.entry.files:
            # Whatever can't be deleted is offered again at the next start.
            with suppress(OSError):
                discard(self._folder / Path(file.name).name)
        self._downloads.pop(download.entry.id, None)
        self._notify(DownloadChanged(download, cancelled=True))

    def _set(self, download: Download) -> None:
        self._downloads[download.entry.id] = download
        self._notify(DownloadChanged(download))


class _Pace:
    """Speed and time left, from the last few seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, done: int, total: int) -> tuple[float | None, float | None]:
        """Bytes a second and seconds left; None for what nobody can know yet."""
        now = time.monotonic()
        self._seen.append((now, done))
        while now - self._seen[0][0] > _PACE_SECONDS:
            self._seen.popleft()
        since, before = self._seen[0]
        if now - since < 0.5 or done <= before:
            return None, None
        speed = (done - before) / (now - since)
        return speed, (total - done) / speed


def _left_behind(folder: Path, catalogue: Sequence[CatalogueEntry]) -> dict[str, Download]:
    """Downloads that were not finished, as paused ones."""
    sizes: dict[str, int] = {}
    for sidecar in unfinished(folder):
        sizes[sidecar.entry] = sizes.get(sidecar.entry, 0) + sidecar.size
    for entry in catalogue:
        there = [(folder / Path(file.name).name).exists() for file in entry.files]
        if any(there) and not all(there):
            sizes.setdefault(entry.id, 0)
    found: dict[str, Download] = {}
    for identity, size in sizes.items():
        # What an older version began and this one doesn't know can't be gone on with.
        with suppress(NotFoundError):
            entry = entry_named(catalogue, identity)
            done = _present_bytes(folder, entry)
            found[identity] = Download(entry, DownloadPhase.PAUSED, done, max(entry.size, size, done))
    return found


def _present_bytes(folder: Path, entry: CatalogueEntry) -> int:
    """Bytes of a model that are on the disk."""
    total = 0
    for file in entry.files:
        final = folder / Path(file.name).name
        try:
            total += final.stat().st_size
        except OSError:
            total += arrived(final)
    return total

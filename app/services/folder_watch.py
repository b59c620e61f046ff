"""Tells when something changes in folders: by the system's events, and by a look now and then where there are none."""

from __future__ import annotations

import logging
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from watchdog.events import (
    EVENT_TYPE_CLOSED_NO_WRITE,
    EVENT_TYPE_OPENED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

_QUIET_SECONDS = 2.0
"""A change is told once nothing more has changed for so long: files come in many steps, and rarely alone."""
_LONGEST_SECONDS = 20.0
_TICK_SECONDS = 0.5
_POLL_SECONDS = 60.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Watched:
    """A library under watch. places has the device and number of each folder that is watched, by which it is known
    when another has taken its name. polled: the system gives no events for some folder of it; linked: for what links
    lead to.
    """

    folders: tuple[Path, ...]
    watches: dict[Path, ObservedWatch] = field(default_factory=dict)
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    polled: bool = False
    linked: bool = False
    next_poll: float = 0.0
    first_change: float = 0.0
    last_change: float = 0.0


class FolderWatch:
    """Watches the folders of libraries. changed is told a library's name, on a thread of the watch's own.

    A folder that is not there is looked for; when it comes back, that is a change. So is the moment from which a folder
    is watched, for nobody knows what changed just before.
    """

    def __init__(
        self, changed: Callable[[str], None], quiet: float = _QUIET_SECONDS, poll: float = _POLL_SECONDS
    ) -> None:
        """quiet and poll are in seconds."""
        self._changed = changed
        self._quiet = quiet
        self._poll = poll
        self._watched: dict[str, _Watched] = {}
        self._lock = threading.Lock()
        self._observer: BaseObserver | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="folder-watch", daemon=True)

    def watch(self, name: str, folders: tuple[Path, ...]) -> None:
        """Watch these folders from now on, for a library."""
        self.unwatch(name)
        with self._lock:
            self._watched[name] = _Watched(folders, next_poll=time.monotonic() + self._poll)
        if not self._thread.is_alive() and not self._ended.is_set():
            self._thread.start()

    def unwatch(self, name: str) -> None:
        with self._lock:
            watched = self._watched.pop(name, None)
        for watch in watched.watches.values() if watched else ():
            self._unschedule(watch)

    def look(self, name: str) -> None:
        """Have a library looked at now and then besides, because there are links in it."""
        with self._lock:
            watched = self._watched.get(name)
            if watched is not None:
                watched.linked = True

    def close(self) -> None:
        """End the threads."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()

    def noticed(self, name: str) -> None:
        """Something changed in a library. Called by the observer's thread."""
        now = time.monotonic()
        with self._lock:
            watched = self._watched.get(name)
            if watched is not None:
                watched.first_change = watched.first_change or now
                watched.last_change = now

    def _schedule(self, name: str, watched: _Watched, folder: Path) -> None:
        """Ask the system for events. On the thread of the watch: all folders below are gone through."""
        try:
            if self._observer is None:
                observer = Observer()
                observer.start()
                self._observer = observer
            watched.watches[folder] = self._observer.schedule(_Handler(self, name), str(folder), recursive=True)
        except OSError as error:
            # The system has no watches left (inotify), or its file system none at all.
            _log.info("No events for %s, it is looked at every %.0f s: %s", folder, self._poll, error)
            watched.polled = True
            return
        with self._lock:
            current = self._watched.get(name) is watched
        if not current:
            # It was taken back in the meantime.
            self._unschedule(watched.watches.pop(folder))

    def _unschedule(self, watch: ObservedWatch) -> None:
        # A watch that another library shares stays; one whose folder is gone may be gone as well.
        with self._lock:
            shared = any(watch in watched.watches.values() for watched in self._watched.values())
        if self._observer is not None and not shared:
            try:
                self._observer.unschedule(watch)
            except (KeyError, OSError) as error:
                _log.info("A watch was gone before it was taken back: %s", error)

    def _run(self) -> None:
        while not self._ended.wait(min(_TICK_SECONDS, self._quiet, self._poll)):
            now = time.monotonic()
            with self._lock:
                libraries = list(self._watched.items())
            for name, watched in libraries:
                self._look_after_folders(name, watched)
                if self._is_due(watched, now):
                    self._changed(name)

    def _look_after_folders(self, name: str, watched: _Watched) -> None:
        """Take note of folders that went or came back: a watch does not outlive its folder."""
        for folder in watched.folders:
            place = _place(folder)
            if folder in watched.watches and place != watched.places.get(folder):
                self._forget(watched.watches[folder])
                self.noticed(name)
            if place is not None and folder not in watched.watches and not watched.polled:
                watched.places[folder] = place
                self._schedule(name, watched, folder)
                self.noticed(name)

    def _forget(self, watch: ObservedWatch) -> None:
        """Take back a watch whose folder is gone, for every library that shares it."""
        with self._lock:
            for watched in self._watched.values():
                for folder in [folder for folder, one in watched.watches.items() if one == watch]:
                    del watched.watches[folder]
        self._unschedule(watch)

    def _is_due(self, watched: _Watched, now: float) -> bool:
        with self._lock:
            if watched.first_change:
                quiet = now - watched.last_change >= self._quiet or now - watched.first_change >= _LONGEST_SECONDS
                if quiet:
                    watched.first_change = 0.0
                return quiet
            if (watched.polled or watched.linked) and now >= watched.next_poll:
                watched.next_poll = now + self._poll
                return True
            return False


def _place(folder: Path) -> tuple[int, int] | None:
    """What a folder is, whatever its name; None if it is not there."""
    try:
        facts = folder.stat()
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino) if stat.S_ISDIR(facts.st_mode) else None


class _Handler(FileSystemEventHandler):
    def __init__(self, watch: FolderWatch, name: str) -> None:
        self._watch = watch
        self._name = name

    def on_any_event(self, event: FileSystemEvent) -> None:
        # Reading a file is none of our business; we do it ourselves.
        if event.event_type not in {EVENT_TYPE_OPENED, EVENT_TYPE_CLOSED_NO_WRITE}:
            self._watch.noticed(self._name)

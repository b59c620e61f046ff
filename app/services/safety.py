"""Sees to it that conversations are not lost, and that deleted ones are: checks, backups and the trash.

What takes long runs on a thread of its own, with connections of its own; what it has to say comes as events.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.domain.chat import ConversationId, Failure
from app.errors import AppError, StoreError
from app.jobs import Post
from app.paths import Paths
from app.services.safety_events import (
    TRASH_DAYS,
    BackupCounted,
    BackupMade,
    DamageFound,
    Purged,
    Restored,
    SafetyEvent,
    SafetyFailed,
)
from app.store.backups import INTERVAL, Backup, BackupFolder, Cancelled, Kind, contents
from app.store.changes import ChangeWatch
from app.store.conversations import ConversationStore
from app.store.database import check_database
from app.store.errors import DamagedDatabaseError
from app.store.purging import Purge
from app.store.restoring import restore

# The first look comes soon, for the sake of those who only ask one thing, but leaves the start alone.
_FIRST_LOOK_SECONDS = 10.0
_LOOK_SECONDS = 60.0
_RETRY = timedelta(minutes=5)

_log = logging.getLogger(__name__)


class SafetyService:
    """Guards one open database. Called on the main thread only; close() before the store is closed."""

    def __init__(
        self,
        paths: Paths,
        store: ConversationStore,
        post: Post,
        forget: Callable[[ConversationId], None],
        busy: Callable[[], bool],
    ) -> None:
        """forget removes what else is kept of a conversation, as its caches; busy: an answer is being written."""
        self._path = paths.database
        self._store = store
        self._post = post
        self._forget = forget
        self._busy = busy
        self._backups = BackupFolder.beside(paths.database)
        self._purge = Purge(paths.database)
        self._listeners: list[Callable[[SafetyEvent], None]] = []
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._routine = _Routine(self._path, self._backups, self._tell, self._goes_on)

    def subscribe(self, listener: Callable[[SafetyEvent], None]) -> None:
        self._listeners.append(listener)

    def start(self) -> None:
        """Empty the trash of what is too old, then watch over the database until close(). For the window alone.

        A database that can only be read is left in peace.
        """
        if self._store.read_only is not None:
            return
        try:
            self.delete_forever(self._store.trashed_before(datetime.now(UTC) - timedelta(days=TRASH_DAYS)))
            # A process that was killed had been told to, and got no further than to make a note of it.
            begun = self._purge.pending()
            self.delete_forever([talk.id for talk in self._store.conversations(trashed=True) if talk.id in begun])
        except StoreError as error:
            self._tell_failure(error)
        self._submit(self._backups.remove_unfinished)
        if not self._store.checked_now:
            self._submit(self._check)
        if self._purge.pending():
            # What a process that was killed had begun to delete.
            self._submit(self._run_purge)

    def close(self) -> None:
        """Give up what is not finished, leaving nothing half, and end the thread."""
        self._closing.set()
        self._jobs.put(lambda: None)
        if self._thread is not None:
            self._thread.join()

    def backups(self) -> list[Backup]:
        """What there is to go back to, the newest first."""
        return self._backups.backups()

    def back_up_now(self) -> None:
        """Make a backup that stays until the user deletes it."""
        self._submit(lambda: self._routine.make(Kind.MANUAL))

    def count(self, backups: Sequence[Backup]) -> None:
        """Look into backups in the background; BackupCounted tells of each."""
        for backup in backups:
            self._submit(lambda backup=backup: self._count(backup))  # type: ignore[misc]

    def restore(self, backup: Backup) -> None:
        """Go back to a backup; the present state is backed up first. Restored tells when it is done.

        Nothing may be written before that. Raises AppError while an answer is, and where nothing can be changed.
        """
        if self._busy():
            raise AppError("An answer is still being written.", "Wait for its end, or stop it first.")
        if self._store.read_only is not None:
            raise self._store.read_only

        def job() -> None:
            restore(self._path, backup, self._purge.pending())
            self._tell(Restored(backup))

        self._submit(job)

    def delete_forever(self, ids: Sequence[ConversationId]) -> None:
        """Delete conversations in the trash, with their caches, and in the background from the backups too.

        Raises StoreError if one of them can't be deleted here; Purged tells when the backups are done.
        """
        if not ids:
            return
        self._purge.add(ids)
        self._store.delete_forever(*ids)
        for conversation_id in ids:
            self._forget(conversation_id)
        self._submit(self._run_purge)

    def _submit(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="safety")
            self._thread.start()

    def _work(self) -> None:
        """The thread: jobs as they come, and a look at what changed every minute."""
        next_look = time.monotonic() + _FIRST_LOOK_SECONDS
        try:
            while self._goes_on():
                try:
                    job = self._jobs.get(timeout=max(next_look - time.monotonic(), 0))
                except queue.Empty:
                    job = self._routine.look
                    next_look = time.monotonic() + _LOOK_SECONDS
                self._run(job)
        finally:
            self._routine.close()

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Cancelled:
            return
        except AppError as error:
            self._tell_failure(error)

    def _check(self) -> None:
        try:
            check_database(self._path)
        except DamagedDatabaseError as error:
            failure = Failure(error.title, error.remedy)
            self._post(lambda: self._on_damage_found(failure))

    def _on_damage_found(self, failure: Failure) -> None:
        # The next start must find it before the window opens: that is where it can be rescued.
        self._store.distrust()
        self._notify(DamageFound(failure))

    def _count(self, backup: Backup) -> None:
        try:
            found = contents(backup)
        except StoreError as error:
            _log.info("The backup %s could not be read: %s", backup.name, error.details)
            self._tell(BackupCounted(backup, None))
            return
        self._tell(BackupCounted(backup, found))

    def _run_purge(self) -> None:
        self._tell(Purged(tuple(self._purge.run(self._goes_on))))

    def _goes_on(self) -> bool:
        return not self._closing.is_set()

    def _tell_failure(self, error: AppError) -> None:
        _log.warning("%s %s", error.title, error.details)
        self._tell(SafetyFailed(Failure(error.title, error.remedy)))

    def _tell(self, event: SafetyEvent) -> None:
        self._post(lambda: self._notify(event))

    def _notify(self, event: SafetyEvent) -> None:
        for listener in self._listeners:
            listener(event)


class _Routine:
    """Automatic backups, on the thread of the service. A trouble that lasts is told once."""

    def __init__(
        self,
        path: Path,
        backups: BackupFolder,
        tell: Callable[[SafetyEvent], None],
        go_on: Callable[[], bool],
    ) -> None:
        self._path = path
        self._backups = backups
        self._tell = tell
        self._go_on = go_on
        self._watch = ChangeWatch(path, backups)
        self._tried_at: datetime | None = None
        self._told = ""

    def look(self) -> None:
        """Back up if something changed and the last backup is old enough."""
        moment = datetime.now(UTC)
        recent = self._tried_at is not None and moment - self._tried_at < _RETRY
        if recent or not self._watch.backup_due(moment, INTERVAL):
            return
        self._tried_at = moment
        try:
            self.make(Kind.AUTOMATIC)
            self._told = ""
        except StoreError as error:
            if error.title == self._told:
                return
            self._told = error.title
            raise

    def make(self, kind: Kind) -> None:
        """Back up now. Raises StoreError, Cancelled."""
        seen = self._watch.version()
        backup = self._backups.make(self._path, kind, self._go_on)
        self._watch.backed_up(seen)
        self._backups.thin()
        self._tell(BackupMade(backup))

    def close(self) -> None:
        self._watch.close()

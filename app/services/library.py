"""Documents as a person has them: files attached to a message, and folders that are kept as libraries."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.domain.chat import Attachment, ConversationId, Failure
from app.domain.documents import FileStatus
from app.errors import AppError, DocumentError
from app.jobs import Lane, Post
from app.services.attaching import Attaching
from app.services.conversation_documents import Consultation
from app.services.document_events import (
    AttachmentChanged,
    AttachmentId,
    Library,
    LibraryChanged,
    LibraryFile,
    PendingAttachment,
)
from app.services.embedding import Embeddings
from app.services.events import Event, StorageFailed
from app.services.folder_watch import FolderWatch
from app.services.indexing import Indexing
from app.services.reading import Ingest
from app.store.attached import AttachedStore, LibraryEntry
from app.store.index import DocumentIndex
from app.store.index_files import LibraryFiles

_EVENT_SECONDS = 0.3
"""The progress of a library is told no more often; it would cost more than the work."""


class LibraryService(Consultation):
    """Attachments and libraries. Called on the main thread; the work is done in a lane of its own."""

    def __init__(
        self,
        index: DocumentIndex,
        store: AttachedStore,
        post: Post,
        notify: Callable[[Event], None],
        watch: bool,
        embeddings: Embeddings | None = None,
    ) -> None:
        """watch: libraries are brought in step now and whenever their folders change; else only when that is asked for.

        notify is called on the main thread. embeddings are ended by close().
        """
        super().__init__(index, LibraryFiles(index), store, embeddings)
        self._post = post
        self._notify = notify
        self._lane = Lane("documents")
        self._ingest = Ingest(index, self._files)
        self._attaching = Attaching(self._lane, post, index, self._ingest, store, self._on_attached)
        self._indexing = Indexing(
            self._lane, self._files, self._ingest, self._on_progress, self._on_failure, self._on_linked
        )
        self._told = 0.0
        self._prune_later = False
        self._watch = (
            FolderWatch(lambda name: post(lambda: self._guarded(lambda: self._on_folder_changed(name))))
            if watch
            else None
        )
        self._restore_attached()
        if watch:
            self._keep_in_step()

    def attach(self, path: Path) -> PendingAttachment:
        """Begin to read a file; AttachmentChanged tells what becomes of it."""
        return self._attaching.attach(path)

    def discard(self, attachment_id: AttachmentId) -> None:
        """Forget a file that was to be attached; one that is being read is given up."""
        self._attaching.discard(attachment_id)
        self._prune_if_put_off()

    def pending(self) -> list[PendingAttachment]:
        return self._attaching.pending()

    def parts(self, ids: Sequence[AttachmentId]) -> tuple[Attachment, ...]:
        """What files that are ready would be as parts of a message. Raises DocumentError, StoreError."""
        return self._attaching.parts(ids)

    def take(self, ids: Sequence[AttachmentId], conversation_id: ConversationId) -> tuple[Attachment, ...]:
        """Bind files that are ready to a stored conversation. Raises DocumentError where one is not, StoreError."""
        return self._attaching.take(ids, conversation_id)

    def create(self, name: str, folders: Sequence[Path]) -> Library:
        """Keep folders as a library and begin to read them. Raises DocumentError, StoreError."""
        name = _checked_name(name)
        places = tuple(dict.fromkeys(folder.expanduser().absolute() for folder in folders))
        for place in places:
            if not place.is_dir():
                raise DocumentError(f"“{place}” is no folder that can be read.", "Choose a folder that is there.")
        if not places:
            raise DocumentError("A library needs a folder.", "Name at least one.")
        entry = self._store.create_library(name, places)
        self._begin(entry)
        return self._library(entry)

    def rename(self, name: str, new: str) -> None:
        """Raises DocumentError, NotFoundError, StoreError."""
        new = _checked_name(new)
        if new == name:
            return
        self._store.rename_library(name, new)
        self._leave(name)
        # On the lane, so that a file which is being read is noted under the old name first.
        self._lane.submit(lambda: self._guarded(lambda: self._files.rename(name, new)))
        self._notify(LibraryChanged(Library(name, ())))
        entry = self._store.library(new)
        if not entry.paused:
            self._begin(entry)

    def remove(self, name: str) -> None:
        """Forget a library. Its files stay where they are. Raises NotFoundError, StoreError."""
        self._store.remove_library(name)
        self._leave(name)
        self._lane.submit(lambda: self._guarded(lambda: self._files.remove(name)))
        self._prune()
        self._notify(LibraryChanged(Library(name, ())))

    def rescan(self, name: str) -> None:
        """Bring a library in step with its folders, and try again what failed. Raises NotFoundError, StoreError."""
        entry = self._store.library(name)
        self._indexing.start(name, entry.folders, retry=True)
        self._tell(name)

    def pause(self, name: str) -> None:
        """Leave a library as it is until it is resumed. Raises NotFoundError, StoreError."""
        self._store.pause_library(name, True)
        self._leave(name)
        self._tell(name)

    def resume(self, name: str) -> None:
        """Raises NotFoundError, StoreError."""
        self._store.pause_library(name, False)
        self._begin(self._store.library(name))
        self._tell(name)

    def libraries(self) -> list[Library]:
        """All libraries and how they stand, by name. Raises StoreError."""
        return [self._library(entry) for entry in self._store.libraries()]

    def files(self, name: str) -> list[LibraryFile]:
        """How each file of a library stands, by path. Raises NotFoundError, StoreError."""
        entry = self._store.library(name)
        current = self._library_standing(entry.name)
        return [
            LibraryFile(
                file.path,
                file.facts.size,
                FileStatus.READING if file.path == current else file.status,
                file.reason,
                file.pages,
                file.passages,
            )
            for file in self._files.all(name)
        ]

    def hold(self) -> None:
        """An answer is being made: libraries wait. Files that are being attached do not."""
        self._indexing.hold()
        if self.embeddings is not None:
            self.embeddings.hold()

    def release(self) -> None:
        """The answer is done."""
        self._indexing.release()
        if self.embeddings is not None:
            self.embeddings.release()

    def tidy(self) -> None:
        """Conversations were deleted: what came with them and nobody else has goes from the index, too."""
        self._index.remember_to_forget()
        self._prune(recent=True)

    def close(self) -> None:
        """Give up what is being read and end the threads. What waits goes on at the next start."""
        if self._watch is not None:
            self._watch.close()
        self._indexing.close()
        self._lane.close()
        self._ingest.close()
        if self.embeddings is not None:
            self.embeddings.close()
        self._index.close()

    def _keep_in_step(self) -> None:
        for entry in self._store.libraries():
            if not entry.paused:
                self._begin(entry)
        self._prune(recent=self._index.must_forget)
        self._embed()

    def _restore_attached(self) -> None:
        """Read attached files again that the index lost."""
        known = {document.sha256 for document in self._index.documents([a.sha256 for a in self._store.attached()])}
        for lost in {a.sha256: a.path for a in self._store.attached() if a.sha256 not in known}.values():
            self._lane.submit(lambda path=lost: self._guarded(lambda: self._ingest.attach(path)))  # type: ignore[misc]

    def _begin(self, entry: LibraryEntry) -> None:
        if self._watch is not None:
            self._watch.watch(entry.name, entry.folders)
        self._indexing.start(entry.name, entry.folders)

    def _leave(self, name: str) -> None:
        if self._watch is not None:
            self._watch.unwatch(name)
        self._indexing.stop(name, at_once=True)

    def _library(self, entry: LibraryEntry) -> Library:
        counts = self._files.counts(entry.name)
        standing = self._indexing.standing(entry.name, counts)
        return Library(
            entry.name,
            entry.folders,
            counts.files,
            counts.indexed,
            counts.failed,
            counts.waiting,
            counts.passages,
            entry.paused,
            standing.seconds_left,
            standing.busy,
            standing.missing,
        )

    def _library_standing(self, name: str) -> Path | None:
        return self._indexing.standing(name, self._files.counts(name)).current

    def _tell(self, name: str) -> None:
        for entry in self._store.libraries():
            if entry.name == name:
                self._notify(LibraryChanged(self._library(entry)))

    def _on_folder_changed(self, name: str) -> None:
        for entry in self._store.libraries():
            if entry.name == name and not entry.paused:
                self._indexing.start(name, entry.folders)

    def _on_progress(self, name: str, done: bool) -> None:
        """On the lane."""
        now = time.monotonic()
        if done or now - self._told >= _EVENT_SECONDS:
            self._told = now
            self._post(lambda: self._guarded(lambda: self._tell(name)))
        if done:
            self._post(lambda: self._guarded(lambda: self._prune(recent=self._index.must_forget)))
            self._post(self._embed)

    def _on_linked(self, name: str) -> None:
        """On the lane."""
        if self._watch is not None:
            self._watch.look(name)

    def _on_attached(self, event: AttachmentChanged) -> None:
        self._notify(event)
        if event.attachment.ready and not event.attachment.whole:
            self._embed()
        self._prune_if_put_off()

    def _prune_if_put_off(self) -> None:
        if self._prune_later and not self._attaching.reading:
            self._prune_later = False
            self._prune(recent=True)

    def _embed(self) -> None:
        if self.embeddings is not None:
            self.embeddings.work()

    def _on_failure(self, error: AppError) -> None:
        """On any thread."""
        self._post(lambda: self._notify(StorageFailed(Failure(error.title, error.remedy))))

    def _prune(self, recent: bool = False) -> None:
        """Remove what nobody has any more, in small steps. Not while files are read: one may only have moved.

        recent: even what was attached a moment ago, perhaps by another process.
        """
        if not self._indexing.idle:
            return
        if self._attaching.reading:
            # What is being read is not known by its hash yet, and would be removed as nobody's.
            self._prune_later |= recent
            return
        kept = {document.sha256 for document in self._store.attached()}
        kept |= {pending.sha256 for pending in self._attaching.pending()}

        def remove() -> None:
            if self._indexing.idle and (self._index.prune(kept, recent) or self._index.forget()):
                self._post(lambda: self._guarded(lambda: self._prune(recent)))

        self._lane.submit(lambda: self._guarded(remove))

    def _guarded(self, job: Callable[[], object]) -> None:
        """Run a job that nobody waits for; what goes wrong is told."""
        try:
            job()
        except AppError as error:
            self._on_failure(error)


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100:
        raise DocumentError("A library needs a name of at most 100 characters.", "Choose another name.")
    return name

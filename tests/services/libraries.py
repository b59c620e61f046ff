"""Drives a LibraryService as the window does: a queue in the place of Qt's event loop."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path

from app.domain.chat import ConversationId
from app.domain.documents import FileStatus
from app.engine.embedder_process import EmbedderProcess
from app.services.document_events import (
    AttachmentChanged,
    EmbeddingState,
    Library,
    LibraryChanged,
    PendingAttachment,
)
from app.services.embedding import Embeddings
from app.services.events import Event
from app.services.library import LibraryService
from app.store.attached import AttachedStore
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.index import DocumentIndex

EMBEDDER = "app.engine.llama_embedder:LlamaEmbedder"


class Shelf:
    """A LibraryService on a data folder, what it told, and a main loop that runs until something is true."""

    def __init__(
        self, data: Path, watch: bool = False, embedding: Path | None = None, embedder: str = EMBEDDER
    ) -> None:
        """embedding is the model that finds by meaning; embedder names what runs it."""
        data.mkdir(exist_ok=True)
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._database = open_database(data / "chat.db")
        self.conversations = ConversationStore(self._database)
        self.store = AttachedStore(self._database)
        self.events: list[Event] = []
        self.index = DocumentIndex(data / "index.db")
        self.remembered: dict[str, object] = {}
        self.embedder = EmbedderProcess(embedder, data / "embedder.log")
        self.embeddings = Embeddings(
            self.embedder,
            self.index,
            self._tasks.put,
            self.events.append,
            embedding,
            lambda **changes: self.remembered.update(changes),
        )
        self.service = LibraryService(
            self.index, self.store, self._tasks.put, self.events.append, watch, self.embeddings
        )

    def close(self) -> None:
        """May be called twice."""
        self.service.close()
        self._database.close()

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s in vain; the last events: {self.events[-5:]}"
            try:
                self._tasks.get(timeout=0.05)()
            except queue.Empty:
                continue

    def run_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self._tasks.get(timeout=0.02)()
            except queue.Empty:
                continue

    def library(self, name: str) -> Library:
        return next(library for library in self.service.libraries() if library.name == name)

    def settled(self, name: str) -> Library:
        """A library once all of it is read."""
        self.until(lambda: not self.library(name).busy)
        return self.library(name)

    def create(self, name: str, *folders: Path) -> Library:
        self.service.create(name, folders)
        return self.settled(name)

    def rescan(self, name: str) -> Library:
        self.service.rescan(name)
        return self.settled(name)

    def statuses(self, name: str) -> dict[str, FileStatus]:
        return {file.path.name: file.status for file in self.service.files(name)}

    def attached(self, path: Path) -> PendingAttachment:
        """A file once it is read."""
        pending = self.service.attach(path)
        self.until(lambda: self.standing(pending).status not in {FileStatus.WAITING, FileStatus.READING})
        return self.standing(pending)

    def standing(self, pending: PendingAttachment) -> PendingAttachment:
        return next(file for file in self.service.pending() if file.id == pending.id)

    def embedded(self) -> EmbeddingState:
        """How search by meaning stands once all that can be done for it is done."""
        self.embeddings.work()
        self.until(lambda: not self.embeddings.busy)
        return self.embeddings.state

    def talk(self) -> ConversationId:
        return self.conversations.create_conversation().id

    def heard(self, kind: type[AttachmentChanged] | type[LibraryChanged]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

"""The object graph, without Qt: the only place that names the concrete classes.

Window, command line and tests are three front ends on it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.documents.render import PageRenderer
from app.domain.catalogue import Prospect, Purpose
from app.domain.chat import ConversationId, Failure
from app.domain.documents import Hit
from app.domain.sizes import FILE_MB
from app.engine.base import Engine, Failed, StatePlan
from app.engine.embedder_process import EmbedderProcess
from app.engine.machine import Machine
from app.engine.process import EngineProcess
from app.engine.state_files import clear, forget, size_of
from app.errors import StoreError
from app.jobs import Lane, Post
from app.paths import Paths
from app.services.catalogue import load_catalogue, prospects
from app.services.chat import ChatService, TurnSettings
from app.services.download_events import Download, DownloadChanged, DownloadPhase, InstalledChanged
from app.services.downloads import DownloadService
from app.services.embedding import Embeddings
from app.services.events import ConversationsChanged, Event, QueueChanged, TurnEnded, TurnStarted
from app.services.idle import IdleWatch
from app.services.installed import InstalledModels
from app.services.library import LibraryService
from app.services.model_shelf import ModelShelf
from app.services.models import ModelService
from app.services.notes import Notes
from app.services.outbox import Outbox
from app.services.page_pictures import PagePictures
from app.services.safety import SafetyService
from app.services.safety_events import Restored, SafetyEvent
from app.services.search import SearchService
from app.services.sources import DocumentSource
from app.services.transfer import TransferService
from app.services.versions import Versions
from app.settings import Settings, load_settings, save_settings
from app.store.attached import AttachedStore
from app.store.branches import BranchStore
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.folder import prepare
from app.store.index import DocumentIndex
from app.store.index_files import LibraryFiles
from app.store.notes import NoteStore
from app.store.search import SearchStore
from app.store.unsent import UnsentStore

# By name: only the engine's own process loads llama.cpp.
_ENGINE = "app.engine.llama_engine:LlamaEngine"
_EMBEDDER = "app.engine.llama_embedder:LlamaEmbedder"


@contextmanager
def open_libraries(paths: Paths, post: Post, notify: Callable[[Event], None]) -> Iterator[LibraryService]:
    """The documents without chat and model, for commands that need no more. Raises AppError."""
    prepare(paths)
    with closing(open_database(paths.database)) as database:
        index = DocumentIndex(paths.index)
        kept = _KeptSettings(paths)
        embeddings = _embeddings(paths, kept.value, index, post, notify, kept.update)
        with closing(LibraryService(index, AttachedStore(database), post, notify, False, embeddings)) as service:
            yield service


def search_library(paths: Paths, name: str, query: str, limit: int) -> list[tuple[Hit, Path]]:
    """The best passages of a library, each with a file that has it. Raises NotFoundError, StoreError."""
    prepare(paths)
    with closing(open_database(paths.database)) as database, closing(DocumentIndex(paths.index)) as index:
        AttachedStore(database).library(name)
        places = LibraryFiles(index).contents(name)
        settings = load_settings(paths.settings)[0]
        with closing(
            _embeddings(paths, settings, index, lambda _: None, lambda _: None, lambda **_: None)
        ) as embeddings:
            found = index.search(query, limit, places.keys(), embeddings.by_meaning(query))
        return [(hit, places[hit.document]) for hit in found]


class _KeptSettings:
    """The settings of a data folder, for commands that need no Core to change them."""

    def __init__(self, paths: Paths) -> None:
        self._path = paths.settings
        self.value = load_settings(self._path)[0]

    def update(self, **changes: Any) -> None:
        """Change settings by name and keep them. Raises SettingsError."""
        self.value = replace(self.value, **changes)
        save_settings(self._path, self.value)


def _embeddings(
    paths: Paths,
    settings: Settings,
    index: DocumentIndex,
    post: Post,
    notify: Callable[[Event], None],
    remember: Callable[..., None],
) -> Embeddings:
    chosen = Path(settings.embedding_path) if settings.embedding_path else None
    return Embeddings(EmbedderProcess(_EMBEDDER, paths.logs / "embedder.log"), index, post, notify, chosen, remember)


class ModelStore:
    """The catalogue, the models that are here, and those on their way: without chat, for commands that need no more.

    update_settings changes settings by name and keeps them.
    """

    def __init__(
        self,
        paths: Paths,
        post: Post,
        notify: Callable[[Event], None],
        settings: Callable[[], Settings],
        update_settings: Callable[..., None],
        on_removed: Callable[[Path], None],
    ) -> None:
        self._folder = paths.models
        self._settings = settings
        self.catalogue = load_catalogue()
        self.installed = InstalledModels(
            paths.models,
            self.catalogue,
            lambda: settings().model_files,
            lambda files: update_settings(model_files=files),
        )
        self.shelf = ModelShelf(
            self.installed, self.catalogue, Lane("models"), post, lambda: notify(InstalledChanged()), on_removed
        )
        self.downloads = DownloadService(
            self.catalogue,
            paths.models,
            Lane("downloads"),
            post,
            notify,
            lambda: settings().hub_endpoint,
            lambda: settings().hub_token,
            lambda: settings().offline,
            self.shelf.note_downloaded,
        )

    def prospects(self) -> tuple[Prospect, ...]:
        """How each model of the catalogue would run on this computer as it is now."""
        free = shutil.disk_usage(self._folder).free
        return prospects(self.catalogue, Machine.this(), self._settings().context_size, free)

    def close(self) -> None:
        self.downloads.close()
        self.shelf.close()


@contextmanager
def open_models(paths: Paths, post: Post, notify: Callable[[Event], None], **overrides: Any) -> Iterator[ModelStore]:
    """The models without chat and engine. overrides are settings for this run only. Raises AppError."""
    prepare(paths)
    kept = _KeptSettings(paths)

    def forget(path: Path) -> None:
        if kept.value.model_path == str(path):
            kept.update(model_path=None)

    with closing(
        ModelStore(paths, post, notify, lambda: replace(kept.value, **overrides), kept.update, forget)
    ) as store:
        yield store


class Core:
    """Everything the application is, for one data folder. close() ends it all."""

    def __init__(self, paths: Paths, post: Post, engine: Engine | None = None, guarded: bool = False) -> None:
        """post runs closures on the main thread, which is the one that makes this. Raises AppError.

        guarded starts what runs by itself: backups, checks, the end of what is long in the trash, and keeping libraries
        in step with their folders.
        """
        prepare(paths)
        self.paths = paths
        self._post = post
        self.settings, self.repairs = load_settings(paths.settings)
        self._kept = self.settings
        if not self.settings.states_mb:
            # What an engine still wrote before a crash, or before somebody changed the file.
            with suppress(OSError):
                clear(paths.states)
        database = open_database(paths.database)
        self._store = ConversationStore(database)
        try:
            self._store.recover_interrupted()
        except StoreError:
            # Nobody may have a file open that is rescued next.
            self._store.close()
            raise
        self.engine = engine or EngineProcess(
            _ENGINE, paths.logs / "engine.log", lambda lost: post(lambda: self._on_engine_lost(lost))
        )
        self._lane = Lane("inference")
        self.models = ModelService(
            self.engine,
            self._lane,
            post,
            self._notify,
            self.settings.model_path,
            self.update_settings,
            lambda: self.settings.context_size,
            lambda: self.settings.tuned_threads,
            self._state_plan,
        )
        self.model_store = ModelStore(
            paths, post, self._notify, lambda: self.settings, self.update_settings, self.models.forget
        )
        self.documents = self._open_documents(AttachedStore(database), watch=guarded)
        self.chat = ChatService(
            self._store,
            self.engine,
            self._lane,
            post,
            self.models,
            self._turn_options,
            self._forget,
            self._source_for,
        )
        self.outbox = Outbox(self.chat, self._store, UnsentStore(database), post)
        self.versions = Versions(self.chat, self._store, BranchStore(database))
        self.chat.subscribe(self._give_way)
        self.chat.subscribe(self._use_for_documents)
        self.pages = PagePictures(PageRenderer(), post)
        self.notes = Notes(self.chat, NoteStore(database))
        self.search = SearchService(
            SearchStore(paths.database, database.unchanging), Lane("search"), post, database.remake_indexes
        )
        self.idle = IdleWatch(self.chat, self.models, lambda: self.settings.idle_minutes)
        self.transfer = TransferService(
            lambda: ConversationStore(open_database(paths.database)),
            Lane("transfer"),
            post,
            lambda: self._notify(ConversationsChanged()),
            paths.outgoing,
        )
        self.safety = SafetyService(
            paths, self._store, post, self._forget_for_good, lambda: self.chat.running is not None
        )
        self.safety.subscribe(self._on_safety)
        if guarded:
            self.safety.start()

    def _open_documents(self, store: AttachedStore, watch: bool) -> LibraryService | None:
        """The documents; None where their index can't be written, as in a folder that can only be read.

        Conversations must not be out of reach for that.
        """
        try:
            index = DocumentIndex(self.paths.index)
        except StoreError as error:
            self.repairs.append(str(error))
            return None
        embeddings = _embeddings(self.paths, self.settings, index, self._post, self._notify, self.update_settings)
        return LibraryService(index, store, self._post, self._notify, watch, embeddings)

    def update_settings(self, **changes: Any) -> None:
        """Change settings by name and keep them. Raises SettingsError."""
        self._kept = replace(self._kept, **changes)
        self.settings = replace(self.settings, **changes)
        save_settings(self.paths.settings, self._kept)
        if changes.get("offline"):
            self.model_store.downloads.lock()

    def override_settings(self, **changes: Any) -> None:
        """Change settings for this run only; those that are None stay as they are."""
        self.settings = replace(self.settings, **{name: value for name, value in changes.items() if value is not None})

    @property
    def states_size(self) -> int:
        """Bytes that the caches of conversations take on disk."""
        return size_of(self.paths.states)

    def clear_states(self) -> None:
        """Delete the caches of conversations. Raises StoreError."""
        try:
            clear(self.paths.states)
        except OSError as error:
            raise StoreError(
                "Not all caches could be deleted.", f"Close the application and delete {self.paths.states}.", str(error)
            ) from error

    def keep_states(self, megabytes: int) -> None:
        """Let the caches take so much room on disk. With 0 they are deleted now. Raises SettingsError, StoreError."""
        self.update_settings(states_mb=megabytes)
        if not megabytes:
            # A loaded engine was told to keep states: it must not write any more.
            self._lane.submit(self._unload_and_clear)
            self.clear_states()

    def close(self) -> None:
        """End the turn, the engine and its lane, then save and close the database."""
        self.chat.stop()
        self.model_store.close()
        self.transfer.close()
        self.search.close()
        self.chat.leave()
        self.models.stop_loading()
        self.pages.close()
        self._lane.close()
        self.engine.close()
        # After the turn, which may be searching in it.
        if self.documents is not None:
            self.documents.close()
        self.chat.close()
        self.safety.close()
        self._store.close()

    def _on_safety(self, event: SafetyEvent) -> None:
        if isinstance(event, Restored):
            self.search.reopen()
            self.chat.reread()
            self._notify(QueueChanged())

    def _notify(self, event: Event) -> None:
        self.chat.notify(event)

    def _forget(self, conversation_id: ConversationId) -> None:
        """What is kept of a conversation beside the database goes with it."""
        forget(self.paths.states, conversation_id)
        if self.documents is not None:
            self.documents.tidy()

    def _forget_for_good(self, conversation_id: ConversationId) -> None:
        self._forget(conversation_id)
        self.transfer.forget_handed_out()

    def _give_way(self, event: Event) -> None:
        """Libraries are not read while an answer is made: both want the whole processor."""
        match event:
            case TurnStarted() if self.documents is not None:
                self.documents.hold()
            case TurnEnded() if self.documents is not None:
                self.documents.release()

    def _use_for_documents(self, event: Event) -> None:
        """An embedding model that was asked for is there: nobody should have to choose it a second time."""
        match event:
            case DownloadChanged(Download(entry=entry, phase=DownloadPhase.DONE, files=files)) if (
                entry.purpose is Purpose.DOCUMENTS
                and files
                and self.documents is not None
                and self.documents.embeddings is not None
            ):
                self.documents.embeddings.use(files[0])

    def _turn_options(self) -> TurnSettings:
        settings = self.settings
        return TurnSettings(
            settings.temperature, settings.instructions, settings.thinking_budget, settings.effort, settings.titles
        )

    def _source_for(self, conversation_id: ConversationId) -> DocumentSource | None:
        return self.documents.source_for(conversation_id) if self.documents is not None else None

    def _state_plan(self) -> StatePlan | None:
        room = self.settings.states_mb
        return StatePlan(self.paths.states, room * FILE_MB) if room else None

    def _on_engine_lost(self, lost: Failed) -> None:
        self.models.engine_lost(Failure(lost.title, lost.remedy))

    def _unload_and_clear(self) -> None:
        """On the engine's lane, behind what runs there and may have saved a state meanwhile."""
        self.engine.unload()
        self._post(self.models.engine_lost)
        self.clear_states()

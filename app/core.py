"""The object graph, without Qt: the only place that names the concrete classes.

Window, command line and tests are three front ends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.domain.chat import ConversationId, Failure
from app.domain.documents import Hit
from app.engine.base import Engine, Failed, StatePlan
from app.engine.process import EngineProcess
from app.engine.state_files import forget
from app.errors import StoreError
from app.jobs import Lane, Post
from app.paths import Paths
from app.services.chat import ChatService, TurnSettings
from app.services.events import Event, TurnEnded, TurnStarted
from app.services.idle import IdleWatch
from app.services.library import LibraryService
from app.services.models import ModelService
from app.services.outbox import Outbox
from app.settings import load_settings, save_settings
from app.store.attached import AttachedStore
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.index import DocumentIndex
from app.store.index_files import LibraryFiles
from app.store.unsent import UnsentStore

# By name: only the engine's own process loads llama.cpp.
_ENGINE = "app.engine.llama_engine:LlamaEngine"


def prepare(paths: Paths) -> None:
    """Make the folders. Raises StoreError."""
    try:
        paths.create()
    except OSError as error:
        raise StoreError(
            f"The data folder {paths.data} can't be used ({error.strerror or error}).",
            "Choose another one with --data-dir, or give your user the right to write there.",
        ) from error


@contextmanager
def open_libraries(paths: Paths, post: Post, notify: Callable[[Event], None]) -> Iterator[LibraryService]:
    """The documents without chat and model, for commands that need no more. Raises AppError."""
    prepare(paths)
    database = open_database(paths.database)
    try:
        service = LibraryService(DocumentIndex(paths.index), AttachedStore(database), post, notify, watch=False)
        try:
            yield service
        finally:
            service.close()
    finally:
        database.close()


def search_library(paths: Paths, name: str, query: str, limit: int) -> list[tuple[Hit, Path]]:
    """The best passages of a library, each with a file that has it. Raises NotFoundError, StoreError."""
    prepare(paths)
    with closing(open_database(paths.database)) as database, closing(DocumentIndex(paths.index)) as index:
        AttachedStore(database).library(name)
        places = LibraryFiles(index).contents(name)
        return [(hit, places[hit.document]) for hit in index.search(query, limit, places.keys())]


class Core:
    """Everything the application is, for one data folder. close() ends it all."""

    def __init__(self, paths: Paths, post: Post, engine: Engine | None = None, watch: bool = False) -> None:
        """post runs closures on the main thread, which is the one that makes this. Raises AppError.

        watch: the folders of libraries are kept in step as long as this lives.
        """
        prepare(paths)
        self.paths = paths
        self.settings, self.repairs = load_settings(paths.settings)
        self._kept = self.settings
        database = open_database(paths.database)
        self._store = ConversationStore(database)
        self._store.recover_interrupted()
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
        self.chat = ChatService(
            self._store,
            self.engine,
            self._lane,
            post,
            self.models,
            self._turn_options,
            self._forget,
        )
        self.outbox = Outbox(self.chat, self._store, UnsentStore(database), post)
        self.library = LibraryService(
            DocumentIndex(paths.index), AttachedStore(database), post, self._notify, watch=watch
        )
        self.chat.subscribe(self._give_way)
        self.idle = IdleWatch(self.chat, self.models, lambda: self.settings.idle_minutes)

    def update_settings(self, **changes: Any) -> None:
        """Change settings by name and keep them. Raises SettingsError."""
        self._kept = replace(self._kept, **changes)
        self.settings = replace(self.settings, **changes)
        save_settings(self.paths.settings, self._kept)

    def override_settings(self, **changes: Any) -> None:
        """Change settings for this run only; those that are None stay as they are."""
        self.settings = replace(self.settings, **{name: value for name, value in changes.items() if value is not None})

    def close(self) -> None:
        """End the turn, the engine and its lane, then save and close the database."""
        self.chat.stop()
        self.chat.leave()
        self.library.close()
        self.models.stop_loading()
        self._lane.close()
        self.engine.close()
        self.chat.close()
        self._store.close()

    def _notify(self, event: Event) -> None:
        self.chat.notify(event)

    def _forget(self, conversation_id: ConversationId) -> None:
        """What is kept of a conversation beside the database goes with it."""
        forget(self.paths.states, conversation_id)
        self.library.tidy()

    def _give_way(self, event: Event) -> None:
        """Libraries are not read while an answer is made: both want the whole processor."""
        match event:
            case TurnStarted():
                self.library.hold()
            case TurnEnded():
                self.library.release()

    def _turn_options(self) -> TurnSettings:
        settings = self.settings
        return TurnSettings(settings.temperature, settings.instructions, settings.thinking_budget, settings.effort)

    def _state_plan(self) -> StatePlan | None:
        room = self.settings.states_mib
        return StatePlan(self.paths.states, room << 20) if room else None

    def _on_engine_lost(self, lost: Failed) -> None:
        self.models.engine_lost(Failure(lost.title, lost.remedy))

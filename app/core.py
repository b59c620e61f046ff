"""The object graph, without Qt: the only place that names the concrete classes.

Window, command line and tests are three front ends on it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.documents.render import PageRenderer
from app.domain.chat import Failure
from app.engine.base import Engine, Failed, StatePlan
from app.engine.process import EngineProcess
from app.engine.state_files import forget
from app.errors import StoreError
from app.jobs import Lane, Post
from app.paths import Paths
from app.services.chat import ChatService, TurnSettings
from app.services.events import Event
from app.services.idle import IdleWatch
from app.services.models import ModelService
from app.services.outbox import Outbox
from app.services.page_pictures import PagePictures
from app.settings import load_settings, save_settings
from app.store.conversations import ConversationStore
from app.store.database import open_database
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


class Core:
    """Everything the application is, for one data folder. close() ends it all."""

    def __init__(self, paths: Paths, post: Post, engine: Engine | None = None) -> None:
        """post runs closures on the main thread, which is the one that makes this. Raises AppError."""
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
            lambda conversation_id: forget(paths.states, conversation_id),
        )
        self.outbox = Outbox(self.chat, self._store, UnsentStore(database), post)
        self.documents = None
        self.pages = PagePictures(PageRenderer(), post)
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
        self.models.stop_loading()
        self.pages.close()
        self._lane.close()
        self.engine.close()
        self.chat.close()
        self._store.close()

    def _notify(self, event: Event) -> None:
        self.chat.notify(event)

    def _turn_options(self) -> TurnSettings:
        settings = self.settings
        return TurnSettings(settings.temperature, settings.instructions, settings.thinking_budget, settings.effort)

    def _state_plan(self) -> StatePlan | None:
        room = self.settings.states_mib
        return StatePlan(self.paths.states, room << 20) if room else None

    def _on_engine_lost(self, lost: Failed) -> None:
        self.models.engine_lost(Failure(lost.title, lost.remedy))

"""Gives the model's memory back when nobody has used it for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.services.chat import ChatService
from app.services.document_events import EmbeddingChanged, LibraryChanged
from app.services.events import ConversationsChanged, Event, ModelPhase, Saved, StorageFailed
from app.services.models import ModelService


class IdleWatch:
    """Unloads the model after so many minutes without anything that needs it. Called on the main thread only."""

    def __init__(
        self,
        chat: ChatService,
        models: ModelService,
        minutes: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """minutes gives the setting that holds now; 0 is never. clock counts seconds, without those of a suspension."""
        self._chat = chat
        self._models = models
        self._minutes = minutes
        self._clock = clock
        self._used_at = clock()
        chat.subscribe(self._on_event)

    def tick(self) -> None:
        """See whether it is time; called every now and then."""
        minutes = self._minutes()
        busy = self._chat.running is not None or self._models.state.phase is not ModelPhase.READY
        if busy or not minutes:
            return
        if self._clock() - self._used_at >= 60 * minutes:
            self._models.unload()

    def _on_event(self, event: Event) -> None:
        # A list that changed, a folder that is read or a disk that is full says nothing about the model.
        if not isinstance(event, ConversationsChanged | LibraryChanged | EmbeddingChanged | StorageFailed | Saved):
            self._used_at = self._clock()

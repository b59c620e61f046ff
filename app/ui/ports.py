"""What the window needs of the core, so that a test can stand in for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from app.domain.chat import Conversation, ConversationId, Effort, MessageId, Unsent
from app.domain.models import ModelFile
from app.services.events import Event, ModelState
from app.services.offers import Offer
from app.settings import Settings

Post = Callable[[Callable[[], None]], None]
"""Runs a closure on the main thread, from any thread."""


class ChatPort(Protocol):
    """Conversations, and the one turn that may run."""

    @property
    def running(self) -> MessageId | None: ...

    def subscribe(self, listener: Callable[[Event], None]) -> object: ...

    def conversations(self) -> Sequence[Conversation]: ...

    def conversation(self, conversation_id: ConversationId) -> Conversation: ...

    def answer_again(self, message_id: MessageId) -> None: ...

    def accept(self, message_id: MessageId, offer: Offer) -> None: ...

    def show_from(self, conversation_id: ConversationId, first: MessageId | None) -> None: ...

    def prepare(self, conversation_id: ConversationId | None) -> None: ...

    def set_effort(self, conversation_id: ConversationId, effort: Effort) -> None: ...

    def stop(self) -> None: ...

    def answer_now(self) -> None: ...

    def rename(self, conversation_id: ConversationId, title: str) -> None: ...

    def move_to_trash(self, conversation_id: ConversationId) -> None: ...

    def restore(self, conversation_id: ConversationId) -> None: ...


class OutboxPort(Protocol):
    """Messages on their way."""

    def submit(
        self, conversation_id: ConversationId | None, text: str, effort: Effort | None = None
    ) -> ConversationId: ...

    def waiting(self) -> Sequence[Unsent]: ...

    def take_back(self, unsent_id: MessageId) -> Unsent | None: ...

    def send_now(self, unsent_id: MessageId) -> None: ...


class IdlePort(Protocol):
    """What is done when nobody is there."""

    def tick(self) -> None: ...


class ModelPort(Protocol):
    """The chosen model."""

    @property
    def state(self) -> ModelState: ...

    def choose(self, path: Path) -> None: ...

    def load(self) -> None: ...

    def unload(self) -> None: ...

    def trial_model(self) -> ModelFile | None: ...


class CorePort(Protocol):
    """The object graph below the window."""

    @property
    def chat(self) -> ChatPort: ...

    @property
    def outbox(self) -> OutboxPort: ...

    @property
    def models(self) -> ModelPort: ...

    @property
    def idle(self) -> IdlePort: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def repairs(self) -> Sequence[str]: ...

    def update_settings(self, **changes: Any) -> None: ...

    def close(self) -> None: ...

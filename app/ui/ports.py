"""What the window needs of the core, so that a test can stand in for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from app.documents.render import RenderedPage, RenderFailure
from app.domain.chat import Attachment, Conversation, ConversationId, Effort, MessageId, Unsent
from app.domain.documents import Mark, StoredDocument
from app.domain.models import ModelFile
from app.services.document_events import AttachmentId, Library, LibraryFile, PendingAttachment
from app.services.events import Event, ModelState
from app.services.offers import Offer
from app.settings import Settings

Post = Callable[[Callable[[], None]], None]
"""Runs a closure on the main thread, from any thread."""


Attached = Callable[[ConversationId], Sequence[Attachment]]
"""Called with a message's conversation before its turn begins: binds documents to it, and gives the message's files."""


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
        self,
        conversation_id: ConversationId | None,
        text: str,
        effort: Effort | None = None,
        attached: Attached | None = None,
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


class DocumentsPort(Protocol):
    """Files that come with messages, and libraries of files that are kept in step. See LibraryService."""

    def attach(self, path: Path) -> PendingAttachment: ...

    def discard(self, attachment_id: AttachmentId) -> None: ...

    def pending(self) -> Sequence[PendingAttachment]: ...

    def take(self, ids: Sequence[AttachmentId], conversation_id: ConversationId) -> Sequence[Attachment]: ...

    def create(self, name: str, folders: Sequence[Path]) -> Library: ...

    def remove(self, name: str) -> None: ...

    def rescan(self, name: str) -> None: ...

    def pause(self, name: str) -> None: ...

    def resume(self, name: str) -> None: ...

    def libraries(self) -> Sequence[Library]: ...

    def files(self, name: str) -> Sequence[LibraryFile]: ...

    def use(self, conversation_id: ConversationId, name: str | None) -> None: ...

    def used_by(self, conversation_id: ConversationId) -> str | None: ...

    def stored(self, sha256: str) -> StoredDocument | None: ...

    def marks(self, sha256: str, start: int, end: int) -> Sequence[Mark]: ...


class PagesPort(Protocol):
    """Pictures of a PDF's pages, and whether a file is still what it was. Answers come on the main thread."""

    def request(
        self, path: Path, sha256: str, page: int, width: int, done: Callable[[RenderedPage | RenderFailure], None]
    ) -> None: ...

    def check(self, path: Path, sha256: str, done: Callable[[RenderFailure | None], None]) -> None: ...

    def forget_waiting(self) -> None: ...


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
    def documents(self) -> DocumentsPort | None:
        """None where there is no index to keep them in."""
        ...

    @property
    def pages(self) -> PagesPort: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def repairs(self) -> Sequence[str]: ...

    def update_settings(self, **changes: Any) -> None: ...

    def close(self) -> None: ...

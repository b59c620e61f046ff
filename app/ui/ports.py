"""What the window needs of the core, so that a test can stand in for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from app.documents.render import RenderedPage, RenderFailure
from app.domain.chat import Attachment, Conversation, ConversationId, Effort, Failure, MessageId, Unsent
from app.domain.documents import Mark, StoredDocument
from app.domain.models import ContextPrice, ModelFile
from app.domain.search import SearchQuery
from app.errors import AppError
from app.export.formats import Writer
from app.paths import Paths
from app.services.chat import Ahead
from app.services.document_events import AttachmentId, Library, LibraryFile, PendingAttachment
from app.services.events import Event, ModelState
from app.services.offers import Offer
from app.services.safety import SafetyEvent
from app.services.search import OnFound
from app.services.transfer import ExportRequest, ImportReport, Progress
from app.settings import Settings
from app.store.backups import Backup, Contents
from app.store.rescue import Rescue

Post = Callable[[Callable[[], None]], None]
"""Runs a closure on the main thread, from any thread."""


Attached = Callable[[ConversationId], Sequence[Attachment]]
"""Called with a message's conversation before its turn begins: binds documents to it, and gives the message's files."""


class ChatPort(Protocol):
    """Conversations, and the one turn that may run."""

    @property
    def running(self) -> MessageId | None: ...

    def subscribe(self, listener: Callable[[Event], None]) -> object: ...

    @property
    def read_only(self) -> Failure | None: ...

    def save_again(self) -> None: ...

    def conversations(self, trashed: bool = False) -> Sequence[Conversation]: ...

    def conversation(self, conversation_id: ConversationId) -> Conversation: ...

    def answer_again(self, message_id: MessageId, *, resume: bool = False) -> None: ...

    def accept(self, message_id: MessageId, offer: Offer) -> None: ...

    def show_from(self, conversation_id: ConversationId, first: MessageId | None) -> None: ...

    def prepare(self, conversation_id: ConversationId | None, ahead: Ahead = ...) -> None: ...

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


class SafetyPort(Protocol):
    """Backups, the trash, and what is found wrong."""

    def subscribe(self, listener: Callable[[SafetyEvent], None]) -> object: ...

    def backups(self) -> Sequence[Backup]: ...

    def count(self, backups: Sequence[Backup]) -> None: ...

    def back_up_now(self) -> None: ...

    def restore(self, backup: Backup) -> None: ...

    def delete_forever(self, ids: Sequence[ConversationId]) -> None: ...


class RescuerPort(Protocol):
    """The ways out where the conversations can't be opened. For any thread."""

    def newest_backup(self) -> Backup | None: ...

    def contents(self, backup: Backup) -> Contents: ...

    def rescue(self, progress: Callable[[float], None] = ...) -> Rescue: ...

    def go_back_to(self, backup: Backup) -> None: ...

    def begin_anew(self) -> Path: ...


class IdlePort(Protocol):
    """What is done when nobody is there."""

    def tick(self) -> None: ...


class VersionsPort(Protocol):
    """The versions of messages, and copies of conversations."""

    def of(self, conversation_id: ConversationId) -> Mapping[MessageId, Sequence[MessageId]]: ...

    def show(self, message_id: MessageId) -> Conversation: ...

    def edit(self, message_id: MessageId, text: str) -> None: ...

    def branch_off(self, message_id: MessageId) -> ConversationId: ...

    def duplicate(self, conversation_id: ConversationId) -> ConversationId: ...


class NotesPort(Protocol):
    """Pins and drafts."""

    def pin(self, conversation_id: ConversationId, pinned: bool) -> None: ...

    def draft(self, conversation_id: ConversationId | None) -> str: ...

    def save_draft(self, conversation_id: ConversationId | None, text: str) -> bool: ...


class SearchPort(Protocol):
    """Finding in all conversations."""

    def search(self, query: SearchQuery, on_found: OnFound) -> None: ...

    def forget(self) -> None: ...


class TransferPort(Protocol):
    """Exports and imports, one after another."""

    def export(
        self,
        request: ExportRequest,
        write_pdf: Writer,
        on_progress: Progress,
        on_end: Callable[[tuple[Path, ...] | AppError | None], None],
    ) -> None: ...

    def import_file(
        self, path: Path, on_progress: Progress, on_end: Callable[[ImportReport | AppError | None], None]
    ) -> None: ...

    def stop(self) -> None: ...


class ModelPort(Protocol):
    """The chosen model."""

    @property
    def state(self) -> ModelState: ...

    def choose(self, path: Path) -> None: ...

    def load(self) -> None: ...

    def unload(self) -> None: ...

    def use_context(self, context_size: int) -> None: ...

    def context_prices(self) -> Sequence[ContextPrice]: ...

    def trial_model(self) -> ModelFile | None: ...


class DocumentsPort(Protocol):
    """Files that come with messages, and libraries of files that are kept in step. See LibraryService."""

    def attach(self, path: Path) -> PendingAttachment: ...

    def discard(self, attachment_id: AttachmentId) -> None: ...

    def pending(self) -> Sequence[PendingAttachment]: ...

    def parts(self, ids: Sequence[AttachmentId]) -> tuple[Attachment, ...]: ...

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
    def versions(self) -> VersionsPort: ...

    @property
    def notes(self) -> NotesPort: ...

    @property
    def search(self) -> SearchPort: ...

    @property
    def transfer(self) -> TransferPort: ...

    @property
    def idle(self) -> IdlePort: ...

    @property
    def safety(self) -> SafetyPort: ...

    @property
    def paths(self) -> Paths: ...

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

    @property
    def states_size(self) -> int: ...

    def clear_states(self) -> None: ...

    def keep_states(self, mib: int) -> None: ...

    def close(self) -> None: ...

"""Where a turn's documents come from, as the tools of the model and the viewer need them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from app.domain.chat import Attachment, ConversationId
from app.domain.documents import Hit, StoredDocument
from app.services.document_events import AttachmentId, Library, PendingAttachment


class DocumentSource(Protocol):
    """The documents of one conversation. Called on the inference thread; raises StoreError where the index fails."""

    def documents(self) -> Sequence[StoredDocument]:
        """All of them, by name. Texts may be left out (empty) here."""
        ...

    def search(self, query: str, limit: int) -> Sequence[Hit]:
        """The best passages for a query in words, best first, without near duplicates; empty if nothing fits."""
        ...

    def document(self, sha256: str) -> StoredDocument | None:
        """One of them with its text; None if it is none of them or gone from the index."""
        ...


class Documents(Protocol):
    """What brings documents into conversations, as far as sending a message needs it. Called on the main thread.

    Its events (AttachmentChanged, LibraryChanged) reach the listeners of the chat service.
    """

    def attach(self, path: Path) -> PendingAttachment:
        """Begin to read a file. Raises AppError where it can't be taken at all."""
        ...

    def pending(self) -> list[PendingAttachment]:
        """The files that are to go with a message, each as far as it is."""
        ...

    def take(self, ids: Sequence[AttachmentId], conversation_id: ConversationId) -> tuple[Attachment, ...]:
        """Bind these files to a conversation; gives the parts of the message that they go with."""
        ...

    def libraries(self) -> Sequence[Library]: ...

    def use(self, conversation_id: ConversationId, library: str | None) -> None:
        """Have a conversation draw on a library. Raises AppError where there is none of that name."""
        ...

    def source_for(self, conversation_id: ConversationId) -> DocumentSource | None:
        """The documents of a conversation; None where it has none."""
        ...

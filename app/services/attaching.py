"""Files that are to go along with the next message: read in the background, kept until it is sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from app.domain.chat import Attachment, ConversationId
from app.domain.documents import FileStatus
from app.errors import AppError, DocumentError
from app.jobs import Lane, Post
from app.services.document_events import AttachmentChanged, AttachmentId, PendingAttachment
from app.services.reading import Ingest, Outcome
from app.store.attached import Attached, AttachedStore
from app.store.index import DocumentIndex

_WHOLE_TOKENS = 2_000
"""A text of at most so many tokens goes in whole: reading it costs no more than a search or two."""


class Attaching:
    """The files that are being attached. Called on the main thread."""

    def __init__(
        self,
        lane: Lane,
        post: Post,
        index: DocumentIndex,
        ingest: Ingest,
        store: AttachedStore,
        notify: Callable[[AttachmentChanged], None],
    ) -> None:
        self._lane = lane
        self._post = post
        self._index = index
        self._ingest = ingest
        self._store = store
        self._notify = notify
        self._pending: dict[AttachmentId, PendingAttachment] = {}
        self._reading: AttachmentId | None = None

    def attach(self, path: Path) -> PendingAttachment:
        """Begin to read a file; what becomes of it is told by events."""
        path = path.expanduser().absolute()
        try:
            size = path.stat().st_size
        except OSError:
            # The reader says in words what is wrong with it.
            size = 0
        pending = PendingAttachment(AttachmentId(uuid.uuid4().hex), path, path.name, size, FileStatus.WAITING)
        self._pending[pending.id] = pending
        self._lane.submit(lambda: self._read(pending))
        return pending

    def discard(self, attachment_id: AttachmentId) -> None:
        """Forget a file; one that is being read is given up."""
        self._pending.pop(attachment_id, None)
        if self._reading == attachment_id:
            self._ingest.stop()

    def pending(self) -> list[PendingAttachment]:
        return list(self._pending.values())

    @property
    def reading(self) -> bool:
        """Whether a file is being read, or waits for that."""
        return any(file.status in (FileStatus.WAITING, FileStatus.READING) for file in self._pending.values())

    def parts(self, ids: Sequence[AttachmentId]) -> tuple[Attachment, ...]:
        """What these files would be as parts of a message. Raises DocumentError, StoreError."""
        files = [self._ready(attachment_id) for attachment_id in dict.fromkeys(ids)]
        return tuple(Attachment(file.name, file.sha256, file.size, self._text(file)) for file in files)

    def take(self, ids: Sequence[AttachmentId], conversation_id: ConversationId) -> tuple[Attachment, ...]:
        """Bind files to a stored conversation and give the parts of the message. Raises DocumentError, StoreError."""
        parts = self.parts(ids)
        taken = [self._ready(attachment_id) for attachment_id in dict.fromkeys(ids)]
        self._store.attach(conversation_id, [Attached(file.sha256, file.name, file.path, file.whole) for file in taken])
        for file in taken:
            self._pending.pop(file.id, None)
        return parts

    def _ready(self, attachment_id: AttachmentId) -> PendingAttachment:
        file = self._pending.get(attachment_id)
        if file is None:
            raise DocumentError("A file that was to be attached is gone.", "Attach it again.")
        if not file.ready:
            why = file.reason or "It is still being read."
            raise DocumentError(f"“{file.name}” can’t be sent. {why}", "Wait until it is read, or take it away.")
        return file

    def _text(self, file: PendingAttachment) -> str:
        if not file.whole:
            return ""
        document = self._index.document(file.sha256)
        if document is None:
            raise DocumentError(f"What was read of “{file.name}” is gone.", "Attach it again.")
        return document.text

    def _read(self, pending: PendingAttachment) -> None:
        """On the lane."""
        if pending.id not in self._pending:
            return
        self._post(lambda: self._change(replace(pending, status=FileStatus.READING)))
        self._reading = pending.id
        try:
            outcome = self._ingest.attach(pending.path, lambda: pending.id not in self._pending)
        except AppError as error:
            outcome = Outcome(FileStatus.UNREADABLE, str(error))
        finally:
            self._reading = None
        self._post(lambda: self._change(_settled(pending, outcome)))

    def _change(self, pending: PendingAttachment) -> None:
        # One that was discarded meanwhile is told of no more.
        if pending.id in self._pending:
            self._pending[pending.id] = pending
            self._notify(AttachmentChanged(pending))


def _settled(pending: PendingAttachment, outcome: Outcome) -> PendingAttachment:
    facts = outcome.facts
    if facts is None:
        return replace(pending, status=outcome.status, reason=outcome.reason, sha256=outcome.sha256)
    whole = facts.tokens <= _WHOLE_TOKENS
    return replace(
        pending,
        status=FileStatus.READ if whole else FileStatus.INDEXED,
        reason=outcome.reason,
        size=outcome.size,
        sha256=outcome.sha256,
        pages=facts.pages,
        passages=facts.passages,
        tokens=facts.tokens,
        whole=whole,
    )

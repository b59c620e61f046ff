"""``--attach`` and ``--library``: documents that a question on the command line brings along."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.core import Core
from app.domain.chat import Attachment, ConversationId
from app.domain.documents import FileStatus
from app.errors import AppError, NotFoundError
from app.services.document_events import AttachmentId, PendingAttachment
from app.services.sources import Documents

_UNFINISHED = frozenset({FileStatus.WAITING, FileStatus.READING})


@dataclass(frozen=True, slots=True)
class Brought:
    """Files that were read, and the library that is to be used; both go to a conversation once there is one."""

    documents: Documents
    ids: tuple[AttachmentId, ...]
    library: str | None

    def give_to(self, conversation_id: ConversationId) -> tuple[Attachment, ...]:
        """Bind everything to a conversation; gives the files as parts of its next message."""
        if self.library is not None:
            self.documents.use(conversation_id, self.library)
        return self.documents.take(self.ids, conversation_id) if self.ids else ()


def bring(
    core: Core, tasks: queue.SimpleQueue[Callable[[], None]], files: Sequence[Path], library: str | None
) -> Brought:
    """Read the files, running what is posted meanwhile. Raises AppError where one of them or the library is no use."""
    documents = core.documents
    if documents is None:
        raise AppError("Documents can't be used.", " ".join(core.repairs))
    if library is not None and all(known.name != library for known in documents.libraries()):
        raise NotFoundError(
            f"There is no library “{library}”.", f"Make it with: inglenook library create {library} FOLDER…"
        )
    ids = [documents.attach(path).id for path in files]
    while any(one.status in _UNFINISHED for one in _of(documents, ids)):
        tasks.get()()
    for one in _of(documents, ids):
        if not one.ready:
            raise AppError(f"{one.name} can't be attached.", one.reason)
    return Brought(documents, tuple(ids), library)


def _of(documents: Documents, ids: Sequence[AttachmentId]) -> list[PendingAttachment]:
    return [one for one in documents.pending() if one.id in ids]

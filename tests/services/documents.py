"""Documents in memory, for tests of what is done with them: the passages are the real ones, the search is plain."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.core import Core
from app.documents.passages import passages
from app.domain.chat import Attachment, ConversationId
from app.domain.documents import (
    Block,
    BlockKind,
    Document,
    DocumentKind,
    FileStatus,
    Hit,
    StoredDocument,
    Unit,
    UnitKind,
)
from app.services.document_events import AttachmentId, Library, PendingAttachment
from app.services.sources import DocumentSource


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def document(text: str, title: str = "") -> Document:
    """A document of paragraphs; a form feed ends a page."""
    pages = text.split("\f")
    whole = "\n".join(pages)
    units, blocks, position = [], [], 0
    for number, page in enumerate(pages, start=1):
        units.append(Unit(number, "", position, position + len(page)))
        for match in re.finditer(r"[^\n]+", page):
            start = position + match.start()
            blocks.append(
                Block(BlockKind.PARAGRAPH, start, start + len(match[0]), (), number if len(pages) > 1 else None)
            )
        position += len(page) + 1
    has_pages = len(pages) > 1
    kind = DocumentKind.PDF if has_pages else DocumentKind.TEXT
    return Document(
        kind, title, whole, tuple(blocks), UnitKind.PAGE if has_pages else None, tuple(units) if has_pages else ()
    )


class MemorySource:
    """Documents by name; a passage fits a query if it has one of its words."""

    def __init__(self, texts: Mapping[str, str], titles: Mapping[str, str] | None = None) -> None:
        self._passages = []
        self._stored: dict[str, StoredDocument] = {}
        self.searches: list[str] = []
        for name, text in texts.items():
            read = document(text, (titles or {}).get(name, ""))
            stored = StoredDocument(
                sha256_of(text),
                name,
                f"/documents/{name}",
                len(text),
                read.kind,
                read.title,
                read.text,
                read.unit_kind,
                read.units,
            )
            self._stored[stored.sha256] = stored
            self._passages += [(stored, passage) for passage in passages(read)]

    def documents(self) -> Sequence[StoredDocument]:
        return sorted(self._stored.values(), key=lambda stored: stored.name)

    def search(self, query: str, limit: int) -> Sequence[Hit]:
        self.searches.append(query)
        words = set(re.findall(r"\w+", query.casefold()))
        hits = [
            Hit(
                stored.sha256,
                stored.name,
                passage,
                float(len(words & set(re.findall(r"\w+", passage.text.casefold())))),
            )
            for stored, passage in self._passages
        ]
        return sorted((hit for hit in hits if hit.score), key=lambda hit: -hit.score)[:limit]

    def document(self, sha256: str) -> StoredDocument | None:
        return self._stored.get(sha256)

    def forget(self, name: str) -> None:
        """The file is gone, and what was indexed of it."""
        for sha256 in [sha256 for sha256, stored in self._stored.items() if stored.name == name]:
            del self._stored[sha256]


class MemoryDocuments:
    """Files that are read at once, and conversations that have them; files with so many characters go in whole."""

    whole_limit = 20

    def __init__(self, source: MemorySource | None = None) -> None:
        self.libraries_by_name: dict[str, MemorySource] = {}
        self.sources: dict[ConversationId, MemorySource] = {}
        self._default = source
        self._pending: dict[AttachmentId, PendingAttachment] = {}

    def attach(self, path: Path) -> PendingAttachment:
        text = path.read_text(encoding="utf-8")
        pending = PendingAttachment(
            AttachmentId(path.name),
            path,
            path.name,
            len(text),
            FileStatus.READ if text else FileStatus.EMPTY,
            "" if text else "This file is empty.",
            sha256_of(text),
            whole=len(text) <= self.whole_limit,
        )
        self._pending[pending.id] = pending
        return pending

    def pending(self) -> list[PendingAttachment]:
        return list(self._pending.values())

    def take(self, ids: Sequence[AttachmentId], conversation_id: ConversationId) -> tuple[Attachment, ...]:
        taken = [self._pending.pop(attachment_id) for attachment_id in ids]
        texts = {one.name: one.path.read_text(encoding="utf-8") for one in taken}
        self.sources[conversation_id] = MemorySource(texts)
        return tuple(Attachment(one.name, one.sha256, one.size, texts[one.name] if one.whole else "") for one in taken)

    def libraries(self) -> Sequence[Library]:
        return [Library(name, ()) for name in self.libraries_by_name]

    def use(self, conversation_id: ConversationId, library: str | None) -> None:
        if library is not None:
            self.sources[conversation_id] = self.libraries_by_name[library]

    def hold(self) -> None: ...

    def release(self) -> None: ...

    def close(self) -> None: ...

    def source_for(self, conversation_id: ConversationId) -> DocumentSource | None:
        return self.sources.get(conversation_id, self._default)


def give(core: Core, documents: MemoryDocuments) -> None:
    """Have the core work with documents that are in memory only."""
    assert core.documents is not None
    core.documents.close()
    core.documents = documents  # type: ignore[assignment]

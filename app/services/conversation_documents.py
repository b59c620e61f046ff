"""The documents of one conversation, as the model's tools are given them: a library, and what was attached."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.domain.chat import ConversationId
from app.domain.documents import Hit, Mark, StoredDocument
from app.services.embedding import Embeddings
from app.services.sources import DocumentSource
from app.store.attached import Attached, AttachedStore
from app.store.index import DocumentIndex
from app.store.index_files import LibraryFiles


class ConversationDocuments:
    """A DocumentSource. A document bears the name that it has here; equal files elsewhere may have others."""

    def __init__(
        self,
        index: DocumentIndex,
        files: LibraryFiles,
        attached: Sequence[Attached],
        library: str | None,
        embeddings: Embeddings | None,
    ) -> None:
        self._embeddings = embeddings
        self._index = index
        self._files = files
        self._attached = {document.sha256: document.path.with_name(document.name) for document in attached}
        self._library = library

    def documents(self) -> Sequence[StoredDocument]:
        paths = self._paths()
        named = [_named(document, paths) for document in self._index.documents(paths.keys())]
        return sorted(named, key=lambda document: (document.name, document.sha256))

    def search(self, query: str, limit: int) -> Sequence[Hit]:
        paths = self._paths()
        by_meaning = self._embeddings.by_meaning(query) if self._embeddings is not None else None
        hits = self._index.search(query, limit, paths.keys(), by_meaning)
        return [replace(hit, name=paths[hit.document].name) for hit in hits]

    def document(self, sha256: str) -> StoredDocument | None:
        paths = self._paths()
        document = self._index.document(sha256) if sha256 in paths else None
        return _named(document, paths) if document else None

    def _paths(self) -> dict[str, Path]:
        """Where each document was seen, by content."""
        library = self._files.contents(self._library) if self._library is not None else {}
        return {**library, **self._attached}


def _printable(name: str) -> str:
    """Bytes of a name that are no text are replaced."""
    return os.fsencode(name).decode(errors="replace")


def _named(document: StoredDocument, paths: dict[str, Path]) -> StoredDocument:
    path = paths[document.sha256]
    return replace(document, name=path.name, path=str(path))


class Consultation:
    """Which documents a conversation draws on, and a look into any of them. Called on the main thread."""

    def __init__(
        self, index: DocumentIndex, files: LibraryFiles, store: AttachedStore, embeddings: Embeddings | None
    ) -> None:
        self._index = index
        self._files = files
        self._store = store
        self.embeddings = embeddings

    def use(self, conversation_id: ConversationId, library: str | None) -> None:
        """Have a conversation draw on a library, or on none. Raises NotFoundError, StoreError."""
        self._store.use(conversation_id, library)

    def used_by(self, conversation_id: ConversationId) -> str | None:
        return self._store.used_by(conversation_id)

    def source_for(self, conversation_id: ConversationId) -> DocumentSource | None:
        """What the model may search in this conversation; None if there is nothing that is not in its messages."""
        attached = self._store.attached(conversation_id)
        library = self._store.used_by(conversation_id)
        if library is None and all(document.whole for document in attached):
            return None
        return ConversationDocuments(self._index, self._files, attached, library, self.embeddings)

    def stored(self, sha256: str) -> StoredDocument | None:
        """A document with its text, for the viewer; None if it is not in the index any more. Raises StoreError.

        Its place is where it is now: it may have been renamed or moved since it was read.
        """
        document = self._index.document(sha256)
        places = self._files.places(sha256) if document is not None else []
        if document is None or document.path in map(str, places):
            return document
        place = next((one for one in places if one.exists()), None)
        return document if place is None else replace(document, name=_printable(place.name), path=str(place))

    def marks(self, sha256: str, start: int, end: int) -> tuple[Mark, ...]:
        """Where these characters of a document stand on its pages. Raises StoreError."""
        return self._index.marks(sha256, start, end)

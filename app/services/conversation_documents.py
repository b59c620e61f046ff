"""The documents of one conversation, as the model's tools are given them: a library, and what was attached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.domain.documents import Hit, StoredDocument
from app.store.attached import Attached
from app.store.index import DocumentIndex
from app.store.index_files import LibraryFiles


class ConversationDocuments:
    """A DocumentSource. A document bears the name that it has here; equal files elsewhere may have others."""

    def __init__(
        self, index: DocumentIndex, files: LibraryFiles, attached: Sequence[Attached], library: str | None
    ) -> None:
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
        hits = self._index.search(query, limit, paths.keys())
        return [replace(hit, name=paths[hit.document].name) for hit in hits]

    def document(self, sha256: str) -> StoredDocument | None:
        paths = self._paths()
        document = self._index.document(sha256) if sha256 in paths else None
        return _named(document, paths) if document else None

    def _paths(self) -> dict[str, Path]:
        """Where each document was seen, by content."""
        library = self._files.contents(self._library) if self._library is not None else {}
        return {**library, **self._attached}


def _named(document: StoredDocument, paths: dict[str, Path]) -> StoredDocument:
    path = paths[document.sha256]
    return replace(document, name=path.name, path=str(path))

"""Where a turn's documents come from, as the tools of the model and the viewer need them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.domain.documents import Hit, StoredDocument


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

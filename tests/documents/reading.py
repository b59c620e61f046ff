"""How the tests read a file's bytes: in this process, to see what an extractor does, or as the application does."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from app.documents.builder import DocumentBuilder, LimitReachedError
from app.documents.formats import EXTRACTORS, HEAD_BYTES, identify
from app.documents.limits import DEFAULT_LIMITS, Limits
from app.documents.source import Source
from app.documents.worker import load
from app.domain.documents import Document

KINDS = tuple(EXTRACTORS)


def extracted(content: bytes, path: Path, limits: Limits = DEFAULT_LIMITS) -> Document:
    """What the file at this path says once it has this content, by its extractor alone."""
    path.write_bytes(content)
    kind = identify(content[:HEAD_BYTES], path.name)
    builder = DocumentBuilder(limits)
    with path.open("rb") as file:
        with suppress(LimitReachedError):
            load(kind)(Source.of(file, len(content), path.name), builder)
        return builder.build(kind)


def outline(document: Document) -> list[tuple[str, str]]:
    """The kind and text of each block."""
    return [(block.kind.value, document.text[block.start : block.end]) for block in document.blocks]

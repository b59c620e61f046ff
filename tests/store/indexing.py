"""Fills an index with made documents."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from app.documents.passages import passages
from app.domain.documents import Block, BlockKind, Document, DocumentKind, Mark, Unit, UnitKind
from app.store.index import DocumentIndex, Facts, Origin


def document(*paragraphs: str, title: str = "", headings: Sequence[str] = (), pages: bool = False) -> Document:
    """A text of paragraphs under headings; each is a page of its own if there are pages."""
    text = "\n\n".join(paragraphs)
    blocks, units, start = [], [], 0
    for number, paragraph in enumerate(paragraphs, 1):
        end = start + len(paragraph)
        blocks.append(Block(BlockKind.PARAGRAPH, start, end, tuple(headings), number if pages else None))
        units.append(Unit(number, "", start, end))
        start = end + 2
    if not pages:
        return Document(DocumentKind.TEXT, title, text, tuple(blocks))
    return Document(DocumentKind.PDF, title, text, tuple(blocks), UnitKind.PAGE, tuple(units))


def add(index: DocumentIndex, name: str, made: Document, marks: Sequence[Mark] = ()) -> str:
    """Index a document; gives its hash."""
    sha256 = hashlib.sha256(f"{name}{made.text}".encode("utf-8", "replace")).hexdigest()
    add_as(index, sha256, name, made)
    return sha256


def add_as(index: DocumentIndex, sha256: str, name: str, made: Document) -> Facts:
    with index.writing() as connection:
        return index.add(connection, Origin(sha256, Path("/papers") / name, len(made.text)), made, [*passages(made)])

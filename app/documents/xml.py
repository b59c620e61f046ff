"""XML without its dangers: no external entity, no network, no DTD, no endless nesting, and in small steps.

One way in for every format, so that there is one place to be right. libxml2's own limits (huge_tree off) stay on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from app.documents.limits import damaged

Element = Any
"""An lxml element; lxml has no types."""


class _RefuseDoctype:
    """A file-like object that stops at a document type: no Office format has one, and all entity attacks need it."""

    def __init__(self, stream: IO[bytes], refused: tuple[bytes, ...]) -> None:
        self._stream = stream
        self._refused = refused
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        # Encodings of two bytes a character are caught by leaving the zeros out.
        seen = (self._tail + data).replace(b"\0", b"")
        if any(declaration in seen for declaration in self._refused):
            raise damaged("The file holds a document type declaration, which such a file must not have.")
        self._tail = data[-32:]
        return data


def events(stream: IO[bytes], *tags: str, start: bool = False, doctype: bool = False) -> Iterator[tuple[str, Element]]:
    """Elements with these tags as they end (and begin, if asked). Whoever is done with one calls ``release``.

    doctype allows a document type without entities: e-books have one by their standard.
    """
    refused = (b"<!ENTITY",) if doctype else (b"<!DOCTYPE", b"<!ENTITY")
    kinds = ("start", "end") if start else ("end",)
    try:
        yield from etree.iterparse(
            _RefuseDoctype(stream, refused),
            events=kinds,
            tag=tags or None,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
    except etree.XMLSyntaxError:
        raise damaged("The file is damaged: a part of it is no valid XML.") from None


def release(element: Element) -> None:
    """Give an element's memory back, and that of the siblings before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def parse(stream: IO[bytes], doctype: bool = False) -> Element:
    """The root of a small part (relations, styles, metadata)."""
    root = None
    for _, element in events(stream, doctype=doctype):
        root = element
    if root is None:
        raise damaged("The file is damaged: a part of it is empty.")
    return root


def local(element: Element) -> str:
    """The name of an element without its namespace; empty for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """The attribute with this name in whatever namespace; empty if there is none."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return ""


def child(element: Element | None, name: str) -> Element | None:
    """The first child with this name in whatever namespace."""
    if element is None:
        return None
    return next((one for one in element if local(one) == name), None)

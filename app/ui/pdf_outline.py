"""Bookmarks for a PDF that Qt wrote, which knows none: they are appended as an incremental update.

ISO 32000-1 (PDF 1.7): 7.5.6 on incremental updates, 12.3.3 on outlines. It reads no more of a file than what Qt's own
writer makes: a classic cross-reference table, objects that begin on a line of their own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TRAILER = re.compile(rb"trailer\s*<<(?P<entries>.*)>>\s*startxref\s+(?P<xref>\d+)\s+%%EOF\s*$", re.DOTALL)
_ROOT = re.compile(rb"/Root\s+(\d+)\s+0\s+R")
_SIZE = re.compile(rb"/Size\s+(\d+)")
_PAGES = re.compile(rb"/Kids\s*\[(.*?)\]", re.DOTALL)
_REFERENCE = re.compile(rb"(\d+)\s+0\s+R")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A heading: level counts from 1, page from 0."""

    title: str
    level: int
    page: int


def with_outline(pdf: bytes, bookmarks: Sequence[Bookmark]) -> bytes:
    """Add bookmarks. A file of another form than Qt's is given back as it is: it is whole without them."""
    trailer = _TRAILER.search(pdf, max(0, len(pdf) - 4096))
    root = _ROOT.search(trailer["entries"]) if trailer else None
    size = _SIZE.search(trailer["entries"]) if trailer else None
    pages = _PAGES.search(pdf)
    if trailer is None or root is None or size is None or pages is None or not bookmarks:
        return pdf
    catalog = re.search(rb"(?<=\n)" + root[1] + rb" 0 obj\s*<<(.*?)>>\s*endobj", pdf, re.DOTALL)
    page_objects = [int(number) for number in _REFERENCE.findall(pages[1])]
    if catalog is None or max(bookmark.page for bookmark in bookmarks) >= len(page_objects):
        return pdf
    outline = int(size[1])
    new = {int(root[1]): b"<<%s/Outlines %d 0 R\n>>" % (catalog[1], outline)}
    new |= _outline(bookmarks, outline, page_objects)
    return _appended(pdf, new, trailer["entries"], int(trailer["xref"]))


def _outline(bookmarks: Sequence[Bookmark], first: int, pages: Sequence[int]) -> dict[int, bytes]:
    """Make the objects of the outline; the root has the number first, the bookmarks those after it."""
    parents = _parents(bookmarks)
    children: dict[int, list[int]] = {}
    for index, parent in enumerate(parents):
        children.setdefault(parent, []).append(index)
    objects = {first: b"<< /Type /Outlines %s/Count %d >>" % (_ends(children[-1], first), len(bookmarks))}
    for index, bookmark in enumerate(bookmarks):
        siblings = children[parents[index]]
        place = siblings.index(index)
        entries = [b"/Title %s" % _string(bookmark.title), b"/Parent %d 0 R" % (first + 1 + parents[index])]
        entries.append(b"/Dest [%d 0 R /Fit]" % pages[bookmark.page])
        if place:
            entries.append(b"/Prev %d 0 R" % (first + 1 + siblings[place - 1]))
        if place + 1 < len(siblings):
            entries.append(b"/Next %d 0 R" % (first + 1 + siblings[place + 1]))
        if index in children:
            entries.append(_ends(children[index], first) + b"/Count %d" % len(children[index]))
        objects[first + 1 + index] = b"<< %s >>" % b" ".join(entries)
    return objects


def _parents(bookmarks: Sequence[Bookmark]) -> list[int]:
    """Give the index of each bookmark's parent, -1 being the outline itself."""
    parents: list[int] = []
    path: list[int] = []
    for index, bookmark in enumerate(bookmarks):
        while path and bookmarks[path[-1]].level >= bookmark.level:
            path.pop()
        parents.append(path[-1] if path else -1)
        path.append(index)
    return parents


def _ends(children: Sequence[int], first: int) -> bytes:
    return b"/First %d 0 R /Last %d 0 R " % (first + 1 + children[0], first + 1 + children[-1])


def _string(text: str) -> bytes:
    return b"<FEFF%s>" % text.encode("utf-16-be", "replace").hex().upper().encode()


def _appended(pdf: bytes, objects: dict[int, bytes], entries: bytes, previous: int) -> bytes:
    out = bytearray(pdf if pdf.endswith(b"\n") else pdf + b"\n")
    table = [b"xref\n"]
    for number, content in sorted(objects.items()):
        table.append(b"%d 1\n%010d 00000 n \n" % (number, len(out)))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    entries = _SIZE.sub(b"/Size %d" % (max(objects) + 1), entries)
    out += b"".join(table)
    out += b"trailer\n<<%s/Prev %d\n>>\nstartxref\n%d\n%%%%EOF\n" % (entries, previous, start)
    return bytes(out)

"""Every other page of a long PDF, read by a second process beside the reader: PDFium works on one thread only.

The twin is forked from the reader before either has seen a byte of the document, closes itself as the reader does, and
sends its pages through a pipe. The reader needs no trust in them: it is closed itself, and what it answers is checked.
Where the twin fails, the reader reads those pages and fails in its own way. Linux only; see app.documents.nursery.
"""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO

from app.documents import sandbox
from app.documents.forking import end_with_parent
from app.documents.limits import Limits
from app.documents.pdf_file import PageReader
from app.documents.pdf_pages import Line, PageText
from app.documents.source import Source
from app.domain.documents import Rectangle

try:
    import fcntl
except ImportError:  # On Windows, where nothing is forked.
    fcntl = None  # type: ignore[assignment]

STRETCH = 8
"""So many pages go from the one to the other at a time."""
_LEAST_BYTES = 256 << 10
"""A smaller file is read before a second process has opened it."""
_SHARE = 4
"""The twin may have the fourth part of a reader's memory: it keeps no pages, and ends before the reader needs most."""
_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
_MOST_DESCRIPTORS = 1 << 10


class Twin:
    """The pages that the second process reads, in their order."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def pages(self, indices: Sequence[int]) -> list[PageText] | None:
        """Its next stretch, None if the process has ended. The order of calls is that of its work; see is_twins()."""
        try:
            rows: list[Any] = marshal.load(self._pipe)  # noqa: S302 - from a copy of this process, which is closed too
            found = [_page(row) for row in rows]
        except (EOFError, ValueError, TypeError, OSError):
            return None
        return found if len(found) == len(indices) else None


def is_twins(first: int) -> bool:
    """Whether the stretch that begins with this page is the twin's."""
    return first // STRETCH % 2 == 1


def start_twin(source: Source, limits: Limits) -> Source:
    """Fork the process; gives the source with it, or as it was where a twin would not help."""
    if sys.platform != "linux" or source.size < _LEAST_BYTES:
        return source
    reader = os.getpid()
    ours, theirs = os.pipe()
    with suppress(OSError):
        # With room for several stretches neither waits for the other.
        fcntl.fcntl(theirs, _F_SETPIPE_SZ, _PIPE_BYTES)
    try:
        pid = os.fork()
    except OSError:
        os.close(ours)
        os.close(theirs)
        return source
    if pid:
        os.close(theirs)
        return replace(source, twin=Twin(os.fdopen(ours, "rb")))
    try:
        end_with_parent(reader)
        _serve(source, limits, theirs)
    finally:
        os._exit(0)


def _serve(source: Source, limits: Limits, pipe: int) -> None:
    """Read every other stretch of pages to the end."""
    # Above all the connection to the application: only the reader has a word to say there.
    os.closerange(3, pipe)
    os.closerange(pipe + 1, _MOST_DESCRIPTORS)
    mine = replace(limits, memory_bytes=limits.memory_bytes // _SHARE, cpu_seconds=limits.cpu_seconds // 2)
    sandbox.close(mine, source.size)
    reader = PageReader(source)
    count = min(reader.count, limits.units)
    with os.fdopen(pipe, "wb") as out:
        for first in range(STRETCH, count, 2 * STRETCH):
            pages = [reader.read(index) for index in range(first, min(first + STRETCH, count))]
            marshal.dump([_row(page) for page in pages], out)


def _row(page: PageText) -> tuple[Any, ...]:
    lines = [
        (line.text, line.box.left, line.box.top, line.box.right, line.box.bottom, line.broken) for line in page.lines
    ]
    return page.width, page.height, lines, page.drawn


def _page(row: Any) -> PageText:
    width, height, lines, drawn = row
    return PageText(width, height, tuple(Line(text, Rectangle(*box), broken) for text, *box, broken in lines), drawn)

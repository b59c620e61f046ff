"""A database file read page by page, without SQLite: what is still legible in one that SQLite refuses.

Only what rows are made of is decoded: the cells of table leaves and of index pages, records, and overflow chains.
Nothing here raises for damaged content; what can't be read is None or left out.
Format: https://www.sqlite.org/fileformat2.html, sections 1.2 to 2.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

Value = int | float | str | bytes | None

TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR = 0x0D, 0x0A, 0x02
_TABLE_INTERIOR = 0x05
_KINDS = (TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR, _TABLE_INTERIOR)
_MAGIC = b"SQLite format 3\0"
_DEFAULT_PAGE_SIZE = 4096
_LARGEST_RECORD_HEADER = 200
_WIDTHS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


@dataclass(frozen=True, slots=True)
class Record:
    """A row, or an entry of an index. whole is False if its end could not be read: the last value is cut."""

    values: tuple[Value, ...]
    whole: bool = True


class Pages:
    """The pages of a file, numbered from 1, with newer contents of some laid over them. Close after use."""

    def __init__(self, path: Path, newer: Mapping[int, bytes], page_size: int | None = None) -> None:
        """newer comes from the log, which also knows the page size. Raises OSError."""
        self._stream = path.open("rb") if path.exists() else None
        head = self._stream.read(100) if self._stream else b""
        self.page_size = page_size or _page_size(head)
        self._newer = newer
        size = path.stat().st_size if self._stream else 0
        self.count = max(-(-size // self.page_size), *newer, 0)
        self.followed: set[int] = set()
        """Pages that were read as parts of overflow chains."""

    def __enter__(self) -> Pages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream:
            self._stream.close()

    def page(self, number: int) -> bytes:
        """The content of a page, filled up with zeros where the file ends too early."""
        content = self._newer.get(number)
        if content is None and self._stream is not None:
            self._stream.seek((number - 1) * self.page_size)
            content = self._stream.read(self.page_size)
        return (content or b"").ljust(self.page_size, b"\0")

    def overflow(self, number: int, length: int) -> bytes:
        """What a chain of overflow pages holds, shorter than length if the chain is broken."""
        chain, read = bytearray(), set[int]()
        while len(chain) < length and 0 < number <= self.count and number not in read:
            read.add(number)
            content = self.page(number)
            chain += content[4:]
            number = int.from_bytes(content[:4], "big")
        self.followed |= read
        return bytes(chain[:length])


def kind_of(page: bytes, number: int) -> int | None:
    """The type of a b-tree page whose header makes sense, else None."""
    start = _header_at(number)
    kind = page[start]
    count, content = struct.unpack_from(">HH", page, start + 3)
    end = start + (8 if kind in (TABLE_LEAF, INDEX_LEAF) else 12) + 2 * count
    if kind not in _KINDS or end > len(page) or (count and not end <= (content or 65536) <= len(page)):
        return None
    return kind


def cell_offsets(page: bytes, number: int) -> tuple[int, ...]:
    """Where the cells begin, as the page's own directory says."""
    start = _header_at(number)
    (count,) = struct.unpack_from(">H", page, start + 3)
    first = start + (8 if page[start] in (TABLE_LEAF, INDEX_LEAF) else 12)
    return struct.unpack_from(f">{count}H", page, first)


def table_record(pages: Pages, page: bytes, offset: int) -> Record | None:
    """The row in the cell of a table leaf that begins here, if there is one."""
    payload, position = _varint(page, offset)
    _, position = _varint(page, position)
    largest = pages.page_size - 35
    return _record(pages, page, position, payload, largest)


def index_record(pages: Pages, page: bytes, offset: int, interior: bool) -> Record | None:
    """The entry in the cell of an index page that begins here, if there is one."""
    payload, position = _varint(page, offset + (4 if interior else 0))
    largest = (pages.page_size - 12) * 64 // 255 - 23
    return _record(pages, page, position, payload, largest)


def _record(pages: Pages, page: bytes, position: int, payload: int, largest: int) -> Record | None:
    """The record of so many bytes, of which at most the largest part is on this page (section 1.6)."""
    if payload < 2 or payload > pages.count * pages.page_size:
        return None
    here = payload
    if payload > largest:
        smallest = (pages.page_size - 12) * 32 // 255 - 23
        here = smallest + (payload - smallest) % (pages.page_size - 4)
        here = here if here <= largest else smallest
    if position + here > len(page):
        return None
    kinds = _record_kinds(page, position, position + here)
    if kinds is None or sum(map(_length, kinds[1])) + kinds[0] != payload:
        return None
    data = page[position : position + here]
    if payload > here:
        data += pages.overflow(int.from_bytes(page[position + here : position + here + 4], "big"), payload - here)
    return Record(tuple(_values(data, *kinds)), len(data) == payload)


def _record_kinds(page: bytes, start: int, end: int) -> tuple[int, list[int]] | None:
    """The length of a record's header and the serial types in it, if it makes sense (section 2.1)."""
    length, position = _varint(page, start)
    stop = start + length
    if not 2 <= length <= _LARGEST_RECORD_HEADER or stop > end:
        return None
    kinds = []
    while position < stop:
        kind, position = _varint(page, position)
        if kind in (10, 11):
            return None
        kinds.append(kind)
    return (length, kinds) if position == stop else None


def _values(data: bytes, position: int, kinds: list[int]) -> Iterator[Value]:
    for kind in kinds:
        length = _length(kind)
        content = data[position : position + length]
        position += length
        yield _value(kind, content)


def _value(kind: int, content: bytes) -> Value:
    match kind:
        case 0:
            return None
        case 8 | 9:
            return kind - 8
        case 7:
            return float(struct.unpack(">d", content)[0]) if len(content) == 8 else None
        case _ if kind < 7:
            return int.from_bytes(content, "big", signed=True)
        case _ if kind % 2:
            # The bytes of a character may be the ones that were smashed.
            return content.decode("utf-8", "replace")
    return content


def _length(kind: int) -> int:
    return (kind - 12) // 2 if kind >= 12 else _WIDTHS.get(kind, 8 if kind == 7 else 0)


def _varint(page: bytes, position: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends. Past the end of the page there are zeros."""
    value = 0
    for byte in page[position : position + 8]:
        position += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position
    if position >= len(page):
        return 0, position
    return value << 8 | page[position], position + 1


def _header_at(number: int) -> int:
    return 100 if number == 1 else 0


def _page_size(head: bytes) -> int:
    """What the file's header says, or what we always write where the header is smashed."""
    if head[:16] != _MAGIC:
        return _DEFAULT_PAGE_SIZE
    (size,) = struct.unpack_from(">H", head, 16)
    size = 65536 if size == 1 else size
    return size if 512 <= size <= 65536 and size & (size - 1) == 0 else _DEFAULT_PAGE_SIZE

"""What the reading process answers, as bytes, and the check of every part of them.

The process that wrote the answer has read a file that somebody sent: it may say anything. Nothing of it is executed
(pickle would be), nothing grows when it is decoded (JSON of brackets would), every value is checked for its bounds, and
what does not fit refuses the whole.

An answer is the lengths of its sections, then the sections: a header in JSON, the text, and tables of 32-bit integers,
little endian, with the names they refer to one a line. Lengths on paper are in tenths of a point.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from app.documents.builder import DEEPEST_HEADING
from app.documents.clean import clean
from app.documents.limits import Limits
from app.domain.documents import (
    Block,
    BlockKind,
    Document,
    DocumentKind,
    FileStatus,
    Mark,
    ReadResult,
    Rectangle,
    Unit,
    UnitKind,
)

_LONGEST_HEADER = 16_384
_LONGEST_REASON = 500
_LONGEST_NAME = 400
_MOST_UNGUARDED = 8
_FARTHEST = 1_000_000_0
_REFUSALS = frozenset(
    {
        FileStatus.NO_TEXT,
        FileStatus.TOO_LARGE,
        FileStatus.ENCRYPTED,
        FileStatus.DAMAGED,
        FileStatus.UNSUPPORTED,
        FileStatus.OUT_OF_MEMORY,
    }
)
_BLOCK_KINDS = tuple(BlockKind)
_NONE = -1

_LENGTHS = struct.Struct("<8I")
_HEADING = struct.Struct("<i")
"""The heading above it; headings are a tree, each path one of its nodes."""
_BLOCK = struct.Struct("<5i")
"""Kind, start, end, heading, unit."""
_UNIT = struct.Struct("<5i")
"""Number, start, end, width, height."""
_MARK = struct.Struct("<7i")
"""Start, end, page, left, top, right, bottom."""

Value = TypeVar("Value", Block, Unit, Mark)


class GarbageError(ValueError):
    """An answer that no honest reader gives."""


def encode(result: ReadResult) -> bytes:
    """An answer as bytes."""
    document = result.document
    header: dict[str, Any] = {"status": result.status, "reason": result.reason, "unguarded": result.unguarded}
    if document is None:
        return _framed([json.dumps(header).encode(), *[b""] * 7])
    header |= {"kind": document.kind, "title": document.title, "unit_kind": document.unit_kind}
    tree = _HeadingTree()
    blocks = _table(
        _BLOCK,
        (
            (_BLOCK_KINDS.index(b.kind), b.start, b.end, tree.node(b.headings), _NONE if b.unit is None else b.unit)
            for b in document.blocks
        ),
    )
    units = ((u.number, u.start, u.end, _tenths(u.width), _tenths(u.height)) for u in document.units)
    marks = (
        (m.start, m.end, m.page, *map(_tenths, (r.left, r.top, r.right, r.bottom)))
        for m in document.marks
        for r in (m.rectangle,)
    )
    return _framed(
        [
            json.dumps(header).encode(),
            document.text.encode("utf-8", "replace"),
            "\n".join(tree.texts).encode("utf-8", "replace"),
            _table(_HEADING, ((parent,) for parent in tree.parents)),
            blocks,
            "\n".join(unit.name for unit in document.units).encode("utf-8", "replace"),
            _table(_UNIT, units),
            _table(_MARK, marks),
        ]
    )


def decode(data: bytes, limits: Limits) -> ReadResult:
    """The answer in these bytes. Raises GarbageError for anything that encode would not have written."""
    try:
        return _result(_sections(data), limits)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, struct.error):
        raise GarbageError from None


class _HeadingTree:
    """Each heading once, with the one above it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.parents: list[int] = []
        self._nodes: dict[tuple[str, ...], int] = {(): _NONE}

    def node(self, path: tuple[str, ...]) -> int:
        if path not in self._nodes:
            parent = self.node(path[:-1])
            self._nodes[path] = len(self.texts)
            self.texts.append(path[-1])
            self.parents.append(parent)
        return self._nodes[path]


def _framed(sections: Sequence[bytes]) -> bytes:
    return b"".join((_LENGTHS.pack(*map(len, sections)), *sections))


def _table(row: struct.Struct, rows: Iterable[tuple[int, ...]]) -> bytes:
    table = bytearray()
    for values in rows:
        table += row.pack(*values)
    return bytes(table)


def _tenths(length: float) -> int:
    return max(-_FARTHEST, min(round(length * 10), _FARTHEST))


def _sections(data: bytes) -> list[bytes]:
    lengths = _LENGTHS.unpack_from(data)
    _require(_LENGTHS.size + sum(lengths) == len(data))
    sections, position = [], _LENGTHS.size
    for length in lengths:
        sections.append(data[position : position + length])
        position += length
    return sections


def _result(sections: list[bytes], limits: Limits) -> ReadResult:
    _require(len(sections[0]) <= _LONGEST_HEADER)
    header = json.loads(sections[0])
    status = FileStatus(header["status"])
    reason = _text(header["reason"], _LONGEST_REASON)
    _require(isinstance(header["unguarded"], list) and len(header["unguarded"]) <= _MOST_UNGUARDED)
    unguarded = tuple(_text(one, _LONGEST_NAME) for one in header["unguarded"])
    if status is FileStatus.READ:
        return ReadResult(status, reason, _document(header, sections, limits), unguarded=unguarded)
    _require(status in _REFUSALS and not any(sections[1:]))
    return ReadResult(status, reason, unguarded=unguarded)


def _document(header: dict[str, Any], sections: list[bytes], limits: Limits) -> Document:
    _require(len(sections[1]) <= 4 * limits.characters)
    text = sections[1].decode()
    _require(0 < len(text) <= limits.characters and clean(text) == text)
    size = len(text)
    paths = _paths(sections[2], sections[3], 2 * limits.blocks)
    names = iter(_names(sections[5], len(sections[6]) // _UNIT.size))
    return Document(
        kind=DocumentKind(header["kind"]),
        title=_text(header["title"], _LONGEST_NAME),
        text=text,
        blocks=_ordered(_rows(_BLOCK, sections[4], limits.blocks), lambda row: _block(row, size, paths)),
        unit_kind=UnitKind(header["unit_kind"]) if header["unit_kind"] is not None else None,
        units=_ordered(_rows(_UNIT, sections[6], limits.units), lambda row: _unit(row, size, next(names))),
        marks=_ordered(_rows(_MARK, sections[7], limits.marks), lambda row: _mark(row, size)),
    )


def _paths(texts: bytes, parents: bytes, most: int) -> list[tuple[str, ...]]:
    """The path that ends in each heading. A heading comes after the one above it."""
    rows = [parent for (parent,) in _rows(_HEADING, parents, most)]
    paths: list[tuple[str, ...]] = []
    for text, parent in zip(_names(texts, len(rows)), rows, strict=True):
        _require(_NONE <= parent < len(paths))
        path = (*(paths[parent] if parent != _NONE else ()), text)
        _require(len(path) <= DEEPEST_HEADING + 1)
        paths.append(path)
    return paths


def _names(data: bytes, count: int) -> list[str]:
    """As many lines as are said to be there."""
    _require(data.count(b"\n") == max(count - 1, 0))
    return [_text(name, _LONGEST_NAME) for name in data.decode().split("\n")] if count else []


def _rows(row: struct.Struct, data: bytes, most: int) -> Iterator[tuple[int, ...]]:
    _require(len(data) <= most * row.size)
    return row.iter_unpack(data)


def _block(row: Sequence[int], size: int, paths: Sequence[tuple[str, ...]]) -> Block:
    kind, start, end, heading, unit = row
    _require(0 <= kind < len(_BLOCK_KINDS) and 0 <= start <= end <= size and _NONE <= heading < len(paths))
    _require(unit == _NONE or unit > 0)
    path = paths[heading] if heading != _NONE else ()
    return Block(_BLOCK_KINDS[kind], start, end, path, unit if unit != _NONE else None)


def _unit(row: Sequence[int], size: int, name: str) -> Unit:
    number, start, end, width, height = row
    _require(number > 0 and 0 <= start <= end <= size)
    return Unit(number, name, start, end, width / 10, height / 10)


def _mark(row: Sequence[int], size: int) -> Mark:
    start, end, page, left, top, right, bottom = row
    _require(page > 0 and 0 <= start < end <= size)
    return Mark(start, end, page, Rectangle(left / 10, top / 10, right / 10, bottom / 10))


def _ordered(rows: Iterator[tuple[int, ...]], make: Callable[[tuple[int, ...]], Value]) -> tuple[Value, ...]:
    """Values whose starts never go back, which all who search in them rely on."""
    values = tuple(make(row) for row in rows)
    starts = [value.start for value in values]
    _require(starts == sorted(starts))
    return values


def _text(value: Any, most: int) -> str:
    _require(isinstance(value, str) and len(value) <= most)
    return clean(value)


def _require(condition: bool) -> None:
    if not condition:
        raise GarbageError

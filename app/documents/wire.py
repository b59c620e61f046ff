"""What the reading process answers, as JSON, and the check of every part of it.

The process that wrote the answer has read a file that somebody sent: it may say anything. Nothing of it is executed
(pickle would), every value is checked for its type and its bounds, and what does not fit refuses the whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

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

_LONGEST_REASON = 500
_LONGEST_NAME = 400
_MOST_HEADINGS = 24
_FARTHEST = 1_000_000.0
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

Value = TypeVar("Value")


class GarbageError(ValueError):
    """An answer that no honest reader gives."""


def encode(result: ReadResult) -> bytes:
    """An answer as bytes. Headings are listed once; most blocks share theirs with the one before."""
    document = result.document
    answer: dict[str, Any] = {
        "status": result.status,
        "reason": result.reason,
        "unguarded": result.unguarded,
    }
    if document is not None:
        paths = {path: index for index, path in enumerate(dict.fromkeys(block.headings for block in document.blocks))}
        answer["document"] = {
            "kind": document.kind,
            "title": document.title,
            "text": document.text,
            "paths": list(paths),
            "blocks": [
                [_BLOCK_KINDS.index(block.kind), block.start, block.end, paths[block.headings], block.unit]
                for block in document.blocks
            ],
            "unit_kind": document.unit_kind,
            "units": [[u.number, u.name, u.start, u.end, u.width, u.height] for u in document.units],
            "marks": [
                [m.start, m.end, m.page, m.rectangle.left, m.rectangle.top, m.rectangle.right, m.rectangle.bottom]
                for m in document.marks
            ],
        }
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def decode(data: bytes, limits: Limits) -> ReadResult:
    """The answer in these bytes. Raises GarbageError for anything that encode would not have written."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        raise GarbageError from None
    try:
        return _result(answer, limits)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError):
        raise GarbageError from None


def _result(answer: dict[str, Any], limits: Limits) -> ReadResult:
    status = FileStatus(answer["status"])
    reason = _text(answer["reason"], _LONGEST_REASON)
    unguarded = tuple(_text(one, _LONGEST_NAME) for one in _list(answer["unguarded"], 16))
    if status is FileStatus.READ:
        return ReadResult(status, reason, _document(answer["document"], limits), unguarded=unguarded)
    _require(status in _REFUSALS and "document" not in answer)
    return ReadResult(status, reason, unguarded=unguarded)


def _document(raw: dict[str, Any], limits: Limits) -> Document:
    text = raw["text"]
    _require(isinstance(text, str) and 0 < len(text) <= limits.characters and clean(text) == text)
    size = len(text)
    paths = [
        tuple(_text(heading, _LONGEST_NAME) for heading in _list(path, _MOST_HEADINGS))
        for path in _list(raw["paths"], limits.blocks)
    ]
    return Document(
        kind=DocumentKind(raw["kind"]),
        title=_text(raw["title"], _LONGEST_NAME),
        text=text,
        blocks=_ordered(raw["blocks"], limits.blocks, lambda one: _block(one, size, paths)),
        unit_kind=UnitKind(raw["unit_kind"]) if raw["unit_kind"] is not None else None,
        units=_ordered(raw["units"], limits.units, lambda one: _unit(one, size)),
        marks=_ordered(raw["marks"], limits.characters, lambda one: _mark(one, size)),
    )


def _block(raw: Sequence[Any], size: int, paths: Sequence[tuple[str, ...]]) -> Block:
    kind, start, end, path, unit = raw
    _require(unit is None or _is_whole(unit, 1, 1 << 31))
    _require(_is_whole(kind, 0, len(_BLOCK_KINDS) - 1) and _is_whole(path, 0, len(paths) - 1))
    return Block(_BLOCK_KINDS[kind], *_range(start, end, size), paths[path], unit)


def _unit(raw: Sequence[Any], size: int) -> Unit:
    number, name, start, end, width, height = raw
    _require(_is_whole(number, 1, 1 << 31))
    return Unit(number, _text(name, _LONGEST_NAME), *_range(start, end, size), _length(width), _length(height))


def _mark(raw: Sequence[Any], size: int) -> Mark:
    start, end, page, left, top, right, bottom = raw
    _require(_is_whole(page, 1, 1 << 31) and start < end)
    return Mark(
        *_range(start, end, size), page, Rectangle(_length(left), _length(top), _length(right), _length(bottom))
    )


def _ordered(raw: Any, most: int, make: Callable[[Any], Value]) -> tuple[Value, ...]:
    """Values whose starts never go back, which all who search in them rely on."""
    values = tuple(make(one) for one in _list(raw, most))
    starts: list[int] = [value.start for value in values]  # type: ignore[attr-defined]
    _require(starts == sorted(starts))
    return values


def _range(start: Any, end: Any, size: int) -> tuple[int, int]:
    _require(_is_whole(start, 0, size) and _is_whole(end, start, size))
    return start, end


def _is_whole(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _length(value: Any) -> float:
    _require(type(value) in {int, float} and -_FARTHEST <= value <= _FARTHEST)
    return float(value)


def _text(value: Any, most: int) -> str:
    _require(isinstance(value, str) and len(value) <= most)
    return clean(value)


def _list(value: Any, most: int) -> list[Any]:
    _require(isinstance(value, list) and len(value) <= most)
    return list(value)


def _require(condition: bool) -> None:
    if not condition:
        raise GarbageError

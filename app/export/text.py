"""A conversation as plain text: the words without Markdown's marks, code and formulas as they were written."""

from __future__ import annotations

import unicodedata

from app.export.blocks import (
    Block,
    Formula,
    Heading,
    Inlines,
    Listing,
    Paragraph,
    Quote,
    Rule,
    Run,
    Table,
    read_blocks,
)
from app.export.transcript import Entry, Source, Thought, Transcript
from app.markup import Code

_WIDTH = 72


def to_text(document: Transcript) -> str:
    """Write a document as plain text."""
    parts = [f"{document.title}\n{'=' * min(_WIDTH, max(3, _width(document.title)))}", document.when]
    for section in document.sections:
        if section.title:
            parts.append(f"{'=' * _WIDTH}\n{section.title}")
        for entry in section.entries:
            parts += _entry(entry)
    return "\n\n".join(parts) + "\n"


def blocks_to_text(blocks: tuple[Block, ...], tight: bool = False) -> str:
    """Write blocks of Markdown as plain text."""
    return ("\n" if tight else "\n\n").join(_block(block) for block in blocks)


def _entry(entry: Entry) -> list[str]:
    head = f"{entry.heading}, {entry.created_at:%Y-%m-%d %H:%M}"
    parts = [f"{head}\n{'-' * len(head)}"]
    parts += [_thought(thought) for thought in entry.thoughts]
    if entry.text:
        parts.append(entry.text if entry.is_user else blocks_to_text(read_blocks(entry.text)))
    parts += [f"Attached: {file}" for file in entry.files]
    if entry.sources:
        parts.append("Sources:\n" + "\n".join(_source(source) for source in entry.sources))
    if entry.note:
        parts.append(f"({entry.note})")
    return parts


def _thought(thought: Thought) -> str:
    return _prefixed(f"{thought.title}\n{thought.text.strip()}", "| ")


def _source(source: Source) -> str:
    place = f"[{source.number}] {source.place}"
    return f"{place}\n{_prefixed(source.passage.strip(), '    ')}" if source.passage.strip() else place


def _block(block: Block) -> str:
    match block:
        case Paragraph(inlines):
            return _inlines(inlines)
        case Heading(level, inlines):
            text = _inlines(inlines).replace("\n", " ")
            return f"{text}\n{('=' if level == 1 else '-') * min(_WIDTH, max(3, _width(text)))}" if level <= 2 else text
        case Code(_, code):
            return code
        case Formula(source):
            return source
        case Listing(start, items, tight):
            marks = ["-" if start is None else f"{start + index}." for index in range(len(items))]
            return ("\n" if tight else "\n\n").join(
                _item(mark, item, tight) for mark, item in zip(marks, items, strict=True)
            )
        case Quote(blocks):
            return _prefixed(blocks_to_text(blocks), "> ")
        case Table():
            return _table(block)
        case Rule():
            return "-" * _WIDTH


def _item(mark: str, blocks: tuple[Block, ...], tight: bool) -> str:
    indent = " " * (len(mark) + 1)
    return f"{mark} {_prefixed(blocks_to_text(blocks, tight), indent).removeprefix(indent)}".rstrip()


def _inlines(inlines: Inlines) -> str:
    parts: list[str] = []
    for index, part in enumerate(inlines):
        parts.append(part.text if isinstance(part, Run) else "\n")
        following = inlines[index + 1] if index + 1 < len(inlines) else None
        if isinstance(part, Run) and part.target and getattr(following, "target", "") != part.target:
            # A link's words may be several runs; its address stands after the last.
            parts.append(_address(part.target, inlines))
    return "".join(parts)


def _address(target: str, inlines: Inlines) -> str:
    shown = "".join(part.text for part in inlines if isinstance(part, Run) and part.target == target)
    return "" if target in (shown, f"mailto:{shown}") else f" ({target})"


def _table(table: Table) -> str:
    rows = [[_inlines(cell).replace("\n", " ") for cell in row] for row in table.rows]
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        " | ".join(
            _padded(cell, width, side) for cell, width, side in zip(row, widths, table.alignments, strict=True)
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(lines)


def _padded(cell: str, width: int, side: str) -> str:
    missing = width - _width(cell)
    before = missing if side == "right" else missing // 2 if side == "center" else 0
    return " " * before + cell + " " * (missing - before)


def _width(text: str) -> int:
    """How many columns a text takes where all characters are equally wide; Chinese takes two each, accents none."""
    return sum(
        0
        if unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )


def _prefixed(text: str, prefix: str) -> str:
    return "\n".join((prefix + line).rstrip() if not line else prefix + line for line in text.split("\n"))

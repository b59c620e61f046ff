"""Cuts a document into passages for an index: along its structure, of a size that a search can weigh.

Same document, same passages. A passage is one stretch of the text. It ends where a heading, a page (slide, sheet,
chapter) or the size says so; only a sentence that runs over a page's end takes its rest along. Rows and code blocks
stay whole where they fit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.documents import Block, BlockKind, Document, Passage, UnitKind, line_at, numbered_lines

LONGEST = 1_200
"""Characters of a passage at most: some 300 tokens, which a CPU embeds and a model reads in good time."""
FULL = 800
"""A passage that has as many takes no further paragraph."""
SCANT = 250
"""A passage with fewer goes on over a heading: short sections stay together."""
_LONGEST_REST = 400

_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*(?=\s)|[。！？]")
_FINISHED = re.compile(r"[.!?:;…。！？][\"'”’»)\]]*\s*$")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block, or a part of a long one."""

    start: int
    end: int
    block: Block


def passages(document: Document) -> Iterator[Passage]:
    """The passages of a document in order."""
    lines = numbered_lines(document.text)
    number = 0
    for pieces in _groups(_carried_over(document)):
        start, end = pieces[0].start, pieces[-1].end
        if not document.text[start:end].strip():
            continue
        unit = document.unit_at(start) if pieces[0].block.unit is not None else None
        yield Passage(
            number=number,
            text=document.text[start:end],
            start=start,
            end=end,
            first_line=line_at(lines, start),
            last_line=line_at(lines, end - 1),
            headings=_headings(pieces),
            unit=unit.number if unit else None,
            unit_name=unit.name if unit else "",
            marks=document.marks_in(start, end),
        )
        number += 1


def _groups(pieces: Iterator[_Piece]) -> Iterator[list[_Piece]]:
    group: list[_Piece] = []
    for piece in pieces:
        if group and _ends(group, piece):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _ends(group: list[_Piece], piece: _Piece) -> bool:
    """Whether a passage ends before this piece."""
    first, last = group[0], group[-1]
    size = last.end - first.start
    if piece.block.unit != last.block.unit or piece.end - first.start > LONGEST:
        return True
    if last.block.kind is BlockKind.HEADING:
        # A heading goes with what follows it.
        return False
    if piece.block.kind is BlockKind.HEADING:
        return size >= SCANT or not _are_related(first.block.headings, piece.block.headings)
    if piece.block.kind is last.block.kind and piece.block.kind in {BlockKind.ROW, BlockKind.ITEM, BlockKind.CODE}:
        return False
    return size >= FULL


def _are_related(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not one or not other or one[0] == other[0]


def _headings(pieces: list[_Piece]) -> tuple[str, ...]:
    """The path of headings that most of the passage stands under."""
    weights: Counter[tuple[str, ...]] = Counter()
    for piece in pieces:
        weights[piece.block.headings] += piece.end - piece.start
    return weights.most_common(1)[0][0]


def _carried_over(document: Document) -> Iterator[_Piece]:
    """The pieces of all blocks. A sentence that runs over a page's end is one piece on the page where it began."""
    previous: _Piece | None = None
    for piece in (part for block in document.blocks for part in _parts(document.text, block)):
        current = piece
        if previous is not None:
            rest = _rest_of_sentence(document, previous, current)
            if rest:
                previous = _Piece(previous.start, rest, previous.block)
                while rest < current.end and document.text[rest].isspace():
                    rest += 1
                if rest >= current.end:
                    continue
                current = _Piece(rest, current.end, current.block)
            yield previous
        previous = current
    if previous is not None:
        yield previous


def _rest_of_sentence(document: Document, before: _Piece, after: _Piece) -> int:
    """Where the sentence ends that is cut by the end of a page; 0 if none is."""
    text = document.text
    if document.unit_kind is not UnitKind.PAGE or before.block.unit == after.block.unit:
        return 0
    if {before.block.kind, after.block.kind} - {BlockKind.PARAGRAPH, BlockKind.ITEM}:
        return 0
    if _FINISHED.search(text, max(before.start, before.end - 20), before.end) or not text[after.start].islower():
        return 0
    match = _SENTENCE_END.search(text, after.start, min(after.end, after.start + _LONGEST_REST))
    end = match.end() if match else after.end
    return end if end - after.start <= _LONGEST_REST else 0


def _parts(text: str, block: Block) -> Iterator[_Piece]:
    """A block, or its parts where it is too long for a passage."""
    start = block.start
    while block.end - start > LONGEST:
        cut = _cut(text, start, start + LONGEST, block.kind)
        yield _Piece(start, cut, block)
        while cut < block.end and text[cut] == " ":
            cut += 1
        start = cut
        while start < block.end and text[start] == "\n":
            start += 1
    if start < block.end:
        yield _Piece(start, block.end, block)


def _cut(text: str, start: int, limit: int, kind: BlockKind) -> int:
    """Where to cut a long block: at an empty line, a line's end, a sentence's end, a space; else at the limit."""
    least = start + LONGEST // 3
    if kind is BlockKind.CODE:
        for mark in ("\n\n", "\n"):
            place = text.rfind(mark, least, limit)
            if place > 0:
                return place
    if kind is BlockKind.ROW:
        place = text.rfind(" | ", least, limit)
        if place > 0:
            return place + 2
    ends = [match.end() for match in _SENTENCE_END.finditer(text, least, limit)]
    if ends:
        return ends[-1]
    place = max(text.rfind("\n", least, limit), text.rfind(" ", least, limit))
    return place if place > 0 else limit

"""Grows a document block by block, keeps its headings, and stops where a limit is reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.documents.clean import clean_code, clean_flow, clean_line
from app.documents.limits import Limits
from app.domain.documents import Block, BlockKind, Document, DocumentKind, Mark, Rectangle, Unit, UnitKind

LONGEST_HEADING = 200
DEEPEST_HEADING = 12
_TOO_MUCH = "Only the beginning was read: the file holds more text than can be searched."
# Blocks of these kinds follow each other without an empty line between them.
_DENSE = (BlockKind.ROW, BlockKind.ITEM)


class LimitReachedError(Exception):
    """The document has all the text, blocks or pages that it may have; what was read so far stands."""


class DocumentBuilder:
    """Receives a document in reading order."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._pieces: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._units: list[Unit] = []
        self._marks: list[Mark] = []
        self._path: list[tuple[int, str]] = []
        self.title = ""
        self.unit_kind: UnitKind | None = None
        self.notes: list[str] = []
        """Sentences about what is missing from the text."""

    @property
    def headings(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._path)

    @property
    def is_empty(self) -> bool:
        return not self._blocks

    def begin_unit(self, kind: UnitKind, number: int, name: str = "", width: float = 0.0, height: float = 0.0) -> None:
        """What follows stands on this page (slide, sheet, chapter)."""
        if len(self._units) >= self.limits.units:
            self._stop(f"Only the first {self.limits.units:,} {kind}s were read.")
        self.unit_kind = kind
        start = self._length + 2 if self._blocks else 0
        self._close_unit()
        self._units.append(Unit(number, clean_line(name)[:LONGEST_HEADING], start, start, width, height))

    def heading(self, text: str, level: int) -> None:
        """A heading; level 1 is the highest. Deeper headings before it no longer hold."""
        text = clean_line(text)
        if not text:
            return
        self.set_heading(text, level)
        self._append(BlockKind.HEADING, text)
        if self.unit_kind is UnitKind.CHAPTER and not self._units[-1].name:
            self._units[-1] = replace(self._units[-1], name=text[:LONGEST_HEADING])

    def set_heading(self, text: str, level: int) -> None:
        """What follows stands under this heading, though it is no text of its own."""
        level = min(level, DEEPEST_HEADING)
        self.leave_headings(level)
        self._path.append((level, clean_line(text)[:LONGEST_HEADING]))

    def leave_headings(self, level: int = 1) -> None:
        """What follows stands under no heading of this level or below."""
        while self._path and self._path[-1][0] >= level:
            self._path.pop()

    def text(self, text: str, kind: BlockKind = BlockKind.PARAGRAPH) -> None:
        """Running text, or code where the kind says so."""
        text = clean_code(text) if kind is BlockKind.CODE else clean_flow(text)
        if text:
            self._append(kind, text)

    def verbatim(self, text: str, kind: BlockKind, gap: int = 2) -> None:
        """Clean text that keeps its spaces and line breaks, gap line breaks below the block before it.

        For formats that are read as they are written, whose lines must keep their numbers.
        """
        self._append(kind, text, gap=gap)

    def row(self, cells: Sequence[str], columns: str = "") -> None:
        """A row of a table, columns being the names of its columns. Empty cells at the end are left out."""
        texts = [clean_line(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            extra = (clean_line(columns)[:LONGEST_HEADING],) if columns else ()
            self._append(BlockKind.ROW, " | ".join(texts), (*self.headings, *extra))

    def placed(
        self, text: str, boxes: Sequence[tuple[int, int, Rectangle]], page: int, kind: BlockKind = BlockKind.PARAGRAPH
    ) -> None:
        """Clean text of a page whose parts (start and end in text) stand in known boxes."""
        if len(self._marks) + len(boxes) > self.limits.marks:
            self._stop(_TOO_MUCH)
        start = self._append(kind, text)
        self._marks += [Mark(start + first, start + last, page, box) for first, last, box in boxes]

    def build(self, kind: DocumentKind) -> Document:
        self._close_unit()
        # Empty pages at the end begin where nothing follows any more.
        units = [replace(u, start=min(u.start, self._length), end=min(u.end, self._length)) for u in self._units]
        return Document(
            kind=kind,
            title=clean_line(self.title)[:LONGEST_HEADING],
            text="".join(self._pieces),
            blocks=tuple(self._blocks),
            unit_kind=self.unit_kind,
            units=tuple(units),
            marks=tuple(self._marks),
        )

    def _append(
        self, kind: BlockKind, text: str, headings: tuple[str, ...] | None = None, gap: int | None = None
    ) -> int:
        """Add a block; gives where it begins."""
        separator = ""
        if gap is not None:
            separator = "\n" * gap
        elif self._blocks:
            dense = kind in _DENSE and self._blocks[-1].kind is kind and self._in_open_unit()
            separator = "\n" if dense else "\n\n"
        start = self._length + len(separator)
        room = self.limits.characters - start
        if room <= 0 or len(self._blocks) >= self.limits.blocks:
            self._stop(_TOO_MUCH)
        cut = text[:room]
        self._pieces += (separator, cut)
        self._length = start + len(cut)
        unit = self._units[-1].number if self._units else None
        path = self.headings if headings is None else headings
        self._blocks.append(Block(kind, start, self._length, path, unit))
        if len(cut) < len(text):
            self._stop(_TOO_MUCH)
        return start

    def _in_open_unit(self) -> bool:
        """Whether the open page (slide, sheet, chapter) has a block already."""
        return not self._units or self._length > self._units[-1].start

    def _close_unit(self) -> None:
        if self._units:
            unit = self._units[-1]
            self._units[-1] = replace(unit, end=max(self._length, unit.start))

    def _stop(self, note: str) -> None:
        self.notes.append(note)
        raise LimitReachedError

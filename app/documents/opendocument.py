"""ODT, ODS and ODP: text with headings, sheets with rows, slides (OpenDocument 1.3, part 3)."""

from __future__ import annotations

from collections.abc import Iterator

from app.documents import xml
from app.documents.archive import Archive
from app.documents.builder import DocumentBuilder
from app.documents.limits import UnreadableError
from app.documents.source import Source
from app.documents.tables import TableWriter
from app.documents.xml import Element
from app.domain.documents import BlockKind, FileStatus, UnitKind

_SKIPPED = frozenset({"note", "annotation", "tracked-changes", "frame", "custom-shape", "ruby-text"})
_MOST_REPEATED_CELLS = 64
_MOST_REPEATED_ROWS = 64
_READ = (
    *("{*}p", "{*}h", "{*}table", "{*}table-row", "{*}page", "{*}list-item", "{*}tracked-changes", "{*}notes"),
    *("{*}section", "{*}table-properties"),
)
_UNSEEN = "unseen"
"""What stands for the name of an element that is not shown, among those that are open."""
_INNER = frozenset({"p", "h"})


def extract(source: Source, builder: DocumentBuilder) -> None:
    archive = Archive(source, builder.limits)
    _refuse_encrypted(archive)
    if "meta.xml" in archive:
        with archive.open("meta.xml") as stream:
            builder.title = next((one.text or "" for one in xml.parse(stream).iter("{*}title")), "")
    reader = _Reader(builder)
    with archive.open("content.xml") as stream:
        for event, element in xml.events(stream, *_READ, start=True):
            reader.take(element, begins=event == "start")
    reader.end()


def _refuse_encrypted(archive: Archive) -> None:
    if "META-INF/manifest.xml" not in archive:
        return
    with archive.open("META-INF/manifest.xml") as stream:
        # Files of old versions of OpenOffice name a document type here.
        if next(xml.parse(stream, doctype=True).iter("{*}encryption-data"), None) is not None:
            raise UnreadableError(
                FileStatus.ENCRYPTED, "The file is protected by a password. Save a copy without one to use it here."
            )


class _Reader:
    """Takes elements as they begin and end. Only the outermost paragraph or row is held at a time."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._open: list[str] = []
        self._table = TableWriter(builder)
        self._sheets = 0
        self._hidden_styles: set[str] = set()
        self._hidden_sheets: list[str] = []
        self._slides = 0

    def take(self, element: Element, begins: bool) -> None:
        name = xml.local(element)
        if begins:
            unseen = self._is_hidden(element, name)
            if not unseen:
                self._begin(element, name)
            self._open.append(_UNSEEN if unseen else name)
            return
        self._open.pop()
        if _UNSEEN in self._open:
            xml.release(element)
        if name == "table-properties" and xml.attribute(element, "display") == "false":
            self._hidden_styles.add(xml.attribute(element.getparent(), "name"))
        if self._is_inside():
            return
        if name in _INNER:
            self._add_paragraph(element, name)
            xml.release(element)
        elif name == "table-row":
            self._add_row(element)
            xml.release(element)

    def end(self) -> None:
        if self._hidden_sheets:
            self._builder.notes.append(f"Hidden sheets were left out ({', '.join(self._hidden_sheets)}).")

    def _is_hidden(self, element: Element, name: str) -> bool:
        if name == "table" and xml.attribute(element, "style-name") in self._hidden_styles:
            self._hidden_sheets.append(xml.attribute(element, "name")[:60])
            return True
        return name == "section" and xml.attribute(element, "display") == "none"

    def _begin(self, element: Element, name: str) -> None:
        if name == "table" and "table" not in self._open and "p" not in self._open:
            self._table = TableWriter(self._builder)
            if element.getparent() is not None and xml.local(element.getparent()) == "spreadsheet":
                self._sheets += 1
                self._begin_unit(UnitKind.SHEET, self._sheets, xml.attribute(element, "name"))
        elif name == "page" and xml.attribute(element, "master-page-name"):
            self._slides += 1
            self._begin_unit(UnitKind.SLIDE, self._slides, xml.attribute(element, "name"))

    def _begin_unit(self, kind: UnitKind, number: int, name: str) -> None:
        self._builder.leave_headings()
        self._builder.begin_unit(kind, number, name)
        if kind is UnitKind.SHEET:
            self._builder.set_heading(name, 1)

    def _is_inside(self) -> bool:
        """Whether what ends is a part of something that is added as a whole, or of what was deleted."""
        return any(name in {"p", "h", "table-row", "tracked-changes", _UNSEEN} for name in self._open)

    def _add_paragraph(self, element: Element, name: str) -> None:
        text = "".join(_runs(element))
        if name == "h":
            level = xml.attribute(element, "outline-level")
            self._builder.heading(text, int(level) if level.isascii() and level.isdigit() and len(level) < 3 else 1)
        elif "notes" in self._open:
            self._builder.text(text, BlockKind.NOTE)
        elif "list-item" in self._open:
            self._builder.text(f"• {text}" if text.strip() else "", BlockKind.ITEM)
        else:
            self._builder.text(text)
        for frame in element.iter("{*}text-box"):
            self._builder.text("\n".join("".join(_runs(one)) for one in frame.iter("{*}p", "{*}h")))
        for note in element.iter("{*}note-body", "{*}annotation"):
            self._builder.text(_note(note), BlockKind.NOTE)

    def _add_row(self, row: Element) -> None:
        cells: list[str] = []
        for cell in row:
            if xml.local(cell) in {"table-cell", "covered-table-cell"}:
                text = " ".join("".join(_runs(one)) for one in cell.iter("{*}p", "{*}h") if _is_seen(one, cell))
                cells += [text] * min(_repeats(cell, "number-columns-repeated"), _MOST_REPEATED_CELLS)
        for _ in range(min(_repeats(row, "number-rows-repeated"), _MOST_REPEATED_ROWS)):
            self._table.add(cells)
        for note in row.iter("{*}note-body"):
            self._builder.text(_note(note), BlockKind.NOTE)


def _is_seen(paragraph: Element, cell: Element) -> bool:
    """Whether a paragraph is a cell's own: a comment on the cell is not shown in it."""
    for owner in paragraph.iterancestors():
        if owner is cell:
            return True
        if xml.local(owner) in _SKIPPED:
            return False
    return True


def _note(note: Element) -> str:
    return " ".join("".join(_runs(one)) for one in note.iter("{*}p"))


def _repeats(element: Element, name: str) -> int:
    text = xml.attribute(element, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _runs(element: Element) -> Iterator[str]:
    """The text below a paragraph. OpenDocument collapses white space and has elements for what is meant."""
    yield (element.text or "").replace("\n", " ")
    for one in element:
        name = xml.local(one)
        if name == "s":
            yield " " * min(_repeats(one, "c"), 1000)
        elif name == "tab":
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name == "hidden-text" and xml.attribute(one, "is-hidden") == "true":
            pass
        elif name and name not in _SKIPPED:
            yield from _runs(one)
        yield (one.tail or "").replace("\n", " ")

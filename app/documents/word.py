"""DOCX: paragraphs, headings, lists with their numbers, tables, footnotes and text boxes (ECMA-376, part 1, 17).

Read as a stream by our own hand, not through python-docx: that one loads every picture, and leaves out what stands in
content controls, text boxes, footnotes and accepted changes.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from app.documents import office, xml
from app.documents.archive import Archive
from app.documents.builder import DocumentBuilder
from app.documents.source import Source
from app.documents.tables import TableWriter
from app.documents.word_styles import Numbering, Styles
from app.documents.xml import Element
from app.domain.documents import BlockKind

_SKIPPED = frozenset({"del", "moveFrom", "instrText", "delText", "pPr", "Fallback", "txbxContent", "footnoteRef"})
_NOTES = ("footnote", "endnote")
_LITERAL = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def extract(source: Source, builder: DocumentBuilder) -> None:
    archive = Archive(source, builder.limits)
    builder.title = office.title(archive)
    _Reader(archive, office.main_part(archive, "word/document.xml"), builder).read()


class _Reader:
    def __init__(self, archive: Archive, part: str, builder: DocumentBuilder) -> None:
        self._archive = archive
        self._part = part
        self._builder = builder
        folder = posixpath.dirname(part)
        self._styles = Styles(archive, posixpath.join(folder, "styles.xml"))
        self._numbering = Numbering(archive, posixpath.join(folder, "numbering.xml"))
        self._notes = _notes(archive, folder)

    def read(self) -> None:
        """Add the whole document. Only one paragraph or one row of a table is in memory at a time."""
        paragraphs = tables = 0
        table = TableWriter(self._builder)
        with self._archive.open(self._part) as stream:
            for event, element in xml.events(stream, "{*}p", "{*}tbl", "{*}tr", start=True):
                name, step = xml.local(element), 1 if event == "start" else -1
                if name == "p":
                    paragraphs += step
                elif name == "tbl":
                    tables += step
                    if tables == 0:
                        table = TableWriter(self._builder)
                if event == "start" or paragraphs:
                    continue
                if name == "p" and tables == 0:
                    self._add_paragraph(element)
                    xml.release(element)
                elif name == "tr" and tables == 1:
                    self._add_row(element, table)
                    xml.release(element)

    def _add_row(self, row: Element, table: TableWriter) -> None:
        """A row; what stands in the only cell of a row is laid out, not tabulated."""
        cells = [cell for cell in row.iter("{*}tc") if _owner(cell, "tr") is row]
        if len(cells) == 1:
            for paragraph in cells[0].iter("{*}p"):
                if _owner(paragraph, "p") is None:
                    self._add_paragraph(paragraph)
            return
        table.add([" ".join(_text(one) for one in cell.iter("{*}p") if _is_read(one)) for cell in cells])
        self._add_notes(row)

    def _add_paragraph(self, paragraph: Element) -> None:
        style = self._styles.of(paragraph)
        text = _text(paragraph)
        if text.strip():
            label = self._numbering.label(style)
            text = f"{label} {text}" if label else text
            if style.level is not None:
                self._builder.heading(text, style.level)
            else:
                self._builder.text(text, BlockKind.ITEM if label else BlockKind.PARAGRAPH)
        for box in paragraph.iter("{*}txbxContent"):
            if _is_read(box):
                self._builder.text("\n".join(_text(one) for one in box.iter("{*}p")))
        self._add_notes(paragraph)

    def _add_notes(self, element: Element) -> None:
        for kind in _NOTES:
            for mark in element.iter(f"{{*}}{kind}Reference"):
                note = self._notes.pop((kind, xml.attribute(mark, "id")), "")
                self._builder.text(note, BlockKind.NOTE)


def _notes(archive: Archive, folder: str) -> dict[tuple[str, str], str]:
    """Footnotes and endnotes by kind and id."""
    found: dict[tuple[str, str], str] = {}
    for kind in _NOTES:
        part = posixpath.join(folder, f"{kind}s.xml")
        if part in archive:
            with archive.open(part) as stream:
                for _, note in xml.events(stream, f"{{*}}{kind}"):
                    text = " ".join(_text(paragraph) for paragraph in note.iter("{*}p"))
                    found[kind, xml.attribute(note, "id")] = text.strip()
                    xml.release(note)
    return found


def _owner(element: Element, name: str) -> Element | None:
    """The nearest element with this name around one."""
    return next(element.iterancestors(f"{{*}}{name}"), None)


def _is_read(element: Element) -> bool:
    """Whether it is not what programs show that can't show the same thing in its other form."""
    return _owner(element, "Fallback") is None


def _text(paragraph: Element) -> str:
    return "".join(_runs(paragraph))


def _runs(element: Element) -> Iterator[str]:
    """The visible text below an element, without what is deleted, hidden, computed, or a text box of its own."""
    for one in element:
        name = xml.local(one)
        if name == "t":
            yield one.text or ""
        elif name in _LITERAL:
            yield _LITERAL[name]
        elif name == "r" and _is_hidden(one):
            continue
        elif name and name not in _SKIPPED:
            # As deep as libxml2 lets a file be nested, which is 256.
            yield from _runs(one)


def _is_hidden(run: Element) -> bool:
    vanish = xml.child(xml.child(run, "rPr"), "vanish")
    return vanish is not None and xml.attribute(vanish, "val") not in {"0", "false", "off"}

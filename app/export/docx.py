"""A conversation as a Word document (OOXML), with the styles that Word itself knows headings, lists and tables by."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from docx.text.paragraph import Paragraph as DocxParagraph
from docx.text.run import Run as DocxRun

from app import APP_NAME
from app.export.blocks import (
    Block,
    Break,
    Formula,
    Heading,
    Inlines,
    Listing,
    Paragraph,
    Quote,
    Rule,
    Run,
    Style,
    Table,
    read_blocks,
    words,
)
from app.export.code_colours import LIGHT, coloured
from app.export.docx_lists import Numbering
from app.export.transcript import Entry, Thought, Transcript
from app.markup import Code, printable

_BODY, _MONO = "Calibri", "Consolas"
_INK, _ACCENT, _MUTE = (RGBColor.from_string(colour) for colour in ("23211E", "2F6F5E", "635D55"))
_INDENT = Pt(18)
_HEADINGS: dict[str, tuple[float, RGBColor]] = {
    "Title": (22, _INK),
    "Subtitle": (10, _MUTE),
    "Heading 1": (16, _INK),
    "Heading 2": (12, _ACCENT),
}
_HEADINGS |= {f"Heading {level}": (max(11, 14 - 1.5 * (level - 3)), _INK) for level in range(3, 10)}
_TAB = Pt(20)
"""Four characters of code."""
_ALIGNMENTS = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}


def to_docx(document: Transcript) -> bytes:
    """Write a document as the bytes of a .docx file."""
    word = docx.Document()
    _set_properties(word, document)
    _add_styles(word)
    writer = _Writer(word)
    writer.paragraph(document.title, "Title")
    writer.paragraph(document.when, "Subtitle")
    for section in document.sections:
        if section.title:
            writer.paragraph(section.title, "Heading 1")
        for entry in section.entries:
            _write_entry(writer, entry)
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def _set_properties(word: Document, document: Transcript) -> None:
    properties = word.core_properties
    properties.title = document.title[:255]
    properties.author = APP_NAME
    properties.comments = ""
    properties.created = properties.modified = document.created_at.replace(tzinfo=None)


def _add_styles(word: Document) -> None:
    _set_font(word.styles["Normal"], 11, _INK)
    for name, (size, colour) in _HEADINGS.items():
        _set_font(word.styles[name], size, colour)
        word.styles[name].font.italic = False
    quote = word.styles["Quote"]
    _set_font(quote, 11, _MUTE)
    quote.font.italic = False
    quote.paragraph_format.left_indent = _INDENT
    # The template draws a line below the title.
    for border in word.styles["Title"].element.xpath("./w:pPr/w:pBdr"):
        border.getparent().remove(border)
    _add_code_styles(word)
    link = word.styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER)
    link.font.color.rgb = _ACCENT
    link.font.underline = True


def _set_font(style: Any, size: float, colour: RGBColor) -> None:
    style.font.name, style.font.size, style.font.color.rgb = _BODY, Pt(size), colour
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    # The fonts of the template's theme would go first.
    for attribute in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{attribute}"), None)


def _add_code_styles(word: Document) -> None:
    code = word.styles.add_style("Code", WD_STYLE_TYPE.PARAGRAPH)
    code.base_style = word.styles["Normal"]
    code.paragraph_format.space_after = code.paragraph_format.space_before = Pt(0)
    for number in range(1, 13):
        code.paragraph_format.tab_stops.add_tab_stop(number * _TAB)
    _set_mono(code, Pt(9))
    _set_mono(word.styles.add_style("Code Words", WD_STYLE_TYPE.CHARACTER), Pt(10))
    # No proofing: a word processor would otherwise underline code and offer to correct its quotes.
    for style in (code, word.styles["Code Words"]):
        style.element.get_or_add_rPr().insert_element_before(OxmlElement("w:noProof"), "w:color", "w:sz", "w:szCs")


def _set_mono(style: Any, size: Pt | None) -> None:
    style.font.name = _MONO
    style.font.size = size
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:cs"), _MONO)


def _write_entry(writer: _Writer, entry: Entry) -> None:
    writer.paragraph(f"{entry.heading}, {entry.created_at:%Y-%m-%d %H:%M}", "Heading 2")
    for thought in entry.thoughts:
        _write_thought(writer, thought)
    if entry.is_user:
        writer.lines(entry.text)
    else:
        writer.blocks(read_blocks(entry.text))
    for file in entry.files:
        writer.paragraph(f"Attached: {file}")
    if entry.sources:
        writer.paragraph("Sources", "Heading 4")
        for source in entry.sources:
            writer.paragraph(f"[{source.number}] {source.place}")
            writer.lines(source.passage.strip(), "Quote")
    if entry.note:
        writer.paragraph(entry.note, "Quote")


def _write_thought(writer: _Writer, thought: Thought) -> None:
    writer.paragraph(thought.title, "Heading 5")
    writer.lines(thought.text.strip(), "Quote")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a block stands: how far it is indented, and whether in a quote."""

    depth: int = 0
    quoted: bool = False

    @property
    def style(self) -> str:
        return "Quote" if self.quoted else "Normal"


class _Writer:
    """Appends blocks to a document."""

    def __init__(self, word: Document) -> None:
        self._word = word
        self._numbering = Numbering(word)
        # python-docx looks a style up anew for every paragraph, which is most of the time that a document takes.
        self._styles = {style.name: style.style_id for style in word.styles}

    def paragraph(self, text: str, style: str = "Normal") -> DocxParagraph:
        """Add a paragraph of plain text."""
        paragraph = self._new(style)
        self._run(paragraph, paragraph._p, Run(text))
        _set_direction(paragraph, text)
        return paragraph

    def lines(self, text: str, style: str = "Normal") -> None:
        """Add plain text: a paragraph for each line, which has a direction of its own, without space between them."""
        lines = printable(text).splitlines()
        for number, line in enumerate(lines, 1):
            paragraph = self.paragraph(line, style)
            if number < len(lines):
                paragraph.paragraph_format.space_after = Pt(0)

    def _new(self, style: str) -> DocxParagraph:
        paragraph = self._word.add_paragraph()
        paragraph._p.style = self._styles[style]
        return paragraph

    def blocks(self, blocks: Sequence[Block], place: _Place = _Place()) -> None:
        before: Block | None = None
        for block in blocks:
            if isinstance(block, Code | Formula) and isinstance(before, Code | Formula):
                self._gap()
            self._block(block, place)
            before = block

    def _gap(self) -> None:
        """Keep two boxes of code apart: word processors make one of paragraphs that look the same."""
        gap = self._new("Normal").paragraph_format
        gap.space_before = gap.space_after = Pt(0)
        gap.line_spacing = Pt(1)

    def _block(self, block: Block, place: _Place) -> None:
        match block:
            case Paragraph(inlines):
                self._inlines(inlines, place.style, place)
            case Heading(level, inlines):
                # The title and who speaks stand above what a message says.
                self._inlines(inlines, f"Heading {min(9, level + 2)}", place)
            case Code():
                self._code(block, place)
            case Formula(source):
                self._code(Code("", source), place)
            case Listing():
                self._listing(block, place)
            case Quote(blocks):
                self.blocks(blocks, _Place(place.depth + 1, quoted=True))
            case Table():
                self._table(block)
            case Rule():
                self._rule()

    def _inlines(self, inlines: Inlines, style: str, place: _Place) -> DocxParagraph:
        paragraph = self._new(style)
        if place.depth:
            paragraph.paragraph_format.left_indent = place.depth * _INDENT
        self._write(paragraph, inlines)
        return paragraph

    def _code(self, block: Code, place: _Place) -> None:
        """Write each line as a line, in one paragraph that keeps tabs and spaces."""
        paragraph = self._new("Code")
        paragraph.paragraph_format.left_indent = place.depth * _INDENT
        paragraph.paragraph_format.space_after = Pt(8)
        _shade(paragraph._p.get_or_add_pPr())
        for text, colour in coloured(block):
            run = paragraph.add_run(text)
            if colour:
                run.font.color.rgb = RGBColor.from_string(LIGHT[colour][1:].upper())

    def _listing(self, block: Listing, place: _Place) -> None:
        number = self._numbering.begin(block.start)
        level = min(place.depth, Numbering.DEEPEST)
        inner = _Place(place.depth + 1, place.quoted)
        for item in block.items:
            first, rest = (item[0], item[1:]) if item and isinstance(item[0], Paragraph) else (Paragraph(()), item)
            paragraph = self._new("List Bullet" if block.start is None else "List Number")
            self._numbering.apply(paragraph, number, level)
            self._write(paragraph, first.inlines)
            self.blocks(rest, inner)

    def _table(self, table: Table) -> None:
        grid = self._word.add_table(rows=len(table.rows), cols=len(table.alignments), style="Table Grid")
        for row, cells in zip(grid.rows, table.rows, strict=True):
            for cell, inlines, side in zip(row.cells, cells, table.alignments, strict=True):
                paragraph = cell.paragraphs[0]
                self._write(paragraph, inlines, bold=cells is table.rows[0])
                if side in _ALIGNMENTS:
                    paragraph.alignment = _ALIGNMENTS[side]
        # The head is repeated on every page.
        grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
        # Without a paragraph between them two tables would become one.
        self._word.add_paragraph()

    def _rule(self) -> None:
        borders = OxmlElement("w:pBdr")
        line = OxmlElement("w:bottom")
        for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "CFC9BF")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
        self._word.add_paragraph()._p.get_or_add_pPr().append(borders)

    def _write(self, paragraph: DocxParagraph, inlines: Inlines, bold: bool = False) -> None:
        _set_direction(paragraph, words(inlines))
        for part in inlines:
            if isinstance(part, Break):
                if part.hard:
                    paragraph.add_run().add_break()
                else:
                    paragraph.add_run(" ")
                continue
            parent = _link(paragraph, part.target) if part.target else paragraph._p
            run = self._run(paragraph, parent, part)
            if bold:
                run.bold = True

    def _run(self, paragraph: DocxParagraph, parent: Any, run: Run) -> DocxRun:
        element = OxmlElement("w:r")
        parent.append(element)
        made = DocxRun(element, paragraph)
        made.text = printable(run.text)
        if run.styles & {Style.CODE, Style.FORMULA}:
            made._r.style = self._styles["Code Words"]
        elif run.target:
            made._r.style = self._styles["Hyperlink"]
        made.bold = Style.BOLD in run.styles or None
        made.italic = Style.ITALIC in run.styles or None
        made.font.strike = Style.STRUCK in run.styles or None
        if _is_right_to_left(run.text):
            made.font.rtl = True
        return made


def _link(paragraph: DocxParagraph, target: str) -> Any:
    element = OxmlElement("w:hyperlink")
    element.set(qn("r:id"), paragraph.part.relate_to(target, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    paragraph._p.append(element)
    return element


def _shade(properties: Any) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", "F5F3EF")):
        shade.set(qn(f"w:{name}"), value)
    properties.insert_element_before(
        shade, "w:tabs", "w:suppressAutoHyphens", "w:bidi", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _set_direction(paragraph: DocxParagraph, text: str) -> None:
    if _is_right_to_left(text):
        properties = paragraph._p.get_or_add_pPr()
        properties.insert_element_before(OxmlElement("w:bidi"), "w:spacing", "w:ind", "w:jc", "w:rPr")


def _is_right_to_left(text: str) -> bool:
    """Tell by the first letter that has a direction, as Unicode does (UAX 9, rules P2 and P3)."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False

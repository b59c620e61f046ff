"""A conversation as a PDF: laid out by QTextDocument, with working links, page numbers and an outline."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from PySide6.QtCore import QBuffer, QByteArray, QEventLoop, QIODevice, QLoggingCategory, QMarginsF, QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFragment,
)

from app import APP_NAME
from app.export.blocks import read_blocks
from app.export.code_colours import LIGHT
from app.export.html import blocks_to_html
from app.export.transcript import Entry, Source, Thought, Transcript
from app.markup import printable
from app.ui.pdf_outline import Bookmark, with_outline
from app.ui.pdf_pages import Line, Page, blocks_of, cut_into_pages
from app.ui.pdf_text import with_characters_of
from app.ui.screen import ensure_utf8
from app.ui.theme import BODY_FONT, MONO_FONT, load_fonts

_RESOLUTION = 384
"""Dots per inch. Letters are outlines, but an emoji is a picture of as many dots as it is high."""
_MARGIN_MM = 20.0
_FOOTER_MM = 12.0
_BODY_POINTS = 10.0
_CODE_POINTS = 8.5
_EDGE = 4.0
_CODE_SIDE, _CODE_ABOVE = 24.0, 16.0
"""Dots between code and the edges of its box."""
_CODE_GROUND = "#f5f3ef"
_IS_CODE = QTextFormat.Property.UserProperty.value + 1
_TAB = 4
"""Characters."""
_INK = "#23211e"
_FOOTER_POINTS = 8.0

_WHO = 2
"""The level of the headings that say who speaks."""
_HEADING_POINTS = {1: 18, _WHO: 11, 3: 14, 4: 12, 5: 11, 6: 10}

# Qt takes a px for 1/96 inch above and below a block, but for a dot beside it.
_SHEET = f"""
h1 {{ margin-top: 0; margin-bottom: 2px }} h2 {{ margin-top: 22px; margin-bottom: 6px }}
p {{ margin-top: 0; margin-bottom: 8px }}
h3 {{ margin-top: 16px; margin-bottom: 6px }} h4, h5, h6 {{ margin-top: 12px; margin-bottom: 4px }}
ul, ol {{ margin-top: 0; margin-bottom: 8px }}
li {{ margin-bottom: 2px }}
blockquote {{ margin-left: {20 * _RESOLUTION // 96}px; margin-right: 0; color: #635d55 }}
pre, code {{ font-family: "{MONO_FONT}"; font-size: {_CODE_POINTS}pt }}
code {{ white-space: pre-wrap }}
pre {{ background-color: {_CODE_GROUND}; white-space: pre-wrap; margin-top: 12px; margin-bottom: 14px }}
th, td {{ border: 1px solid #cfc9bf; padding: 4px 8px }}
th {{ background-color: #f2f0ec }}
table {{ border-collapse: collapse; margin-top: 10px; margin-bottom: 12px }}
.to-left {{ text-align: left }} .to-center {{ text-align: center }} .to-right {{ text-align: right }}
a {{ color: #2f6f5e }}
.when, .note, .files, .thought {{ color: #635d55 }}
{" ".join(f".{name} {{ color: {colour} }}" for name, colour in LIGHT.items())}
"""


@contextmanager
def offscreen_application() -> Iterator[None]:
    """Have Qt ready where there is no window, and perhaps no screen."""
    if QGuiApplication.instance() is not None:
        yield
        return
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    ensure_utf8()
    # Qt looks for another font where one can't set a script, and says so first.
    QLoggingCategory.setFilterRules("qt.text.font.db*=false")
    application = QGuiApplication([APP_NAME])
    load_fonts()
    try:
        yield
    finally:
        application.shutdown()


def to_pdf(document: Transcript) -> bytes:
    """Write a document as the bytes of a PDF, on any thread. A QGuiApplication must exist, and the fonts be loaded."""
    # A layout starts timers, and a thread that is not Qt's has no dispatcher for them before it has a loop.
    _loop = QEventLoop()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = _writer(buffer, document.title)
    text = _laid_out(document, writer)
    pages = cut_into_pages(text, writer.height())
    _paint(text, pages, writer, document.title)
    buffer.close()
    searchable = with_characters_of(bytes(data.data()), text.toPlainText())
    return with_outline(searchable, _bookmarks(text, pages))


def _font(family: str, points: float) -> QFont:
    """Give a font that sets every character by its own glyph: others are shown, but can't be searched or copied."""
    font = QFont(family)
    font.setPointSizeF(points)
    for replacement in ("calt", "liga"):
        font.setFeature(QFont.Tag(replacement), 0)
    return font


def _writer(buffer: QBuffer, title: str) -> QPdfWriter:
    writer = QPdfWriter(buffer)
    writer.setTitle(title)
    writer.setCreator(APP_NAME)
    writer.setResolution(_RESOLUTION)
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter
        )
    )
    return writer


def _laid_out(document: Transcript, writer: QPdfWriter) -> QTextDocument:
    text = QTextDocument()
    text.setUndoRedoEnabled(False)
    text.setUseDesignMetrics(True)
    text.documentLayout().setPaintDevice(writer)
    text.setDefaultFont(_font(BODY_FONT, _BODY_POINTS))
    text.setDocumentMargin(0)
    text.setDefaultStyleSheet(_SHEET)
    tabs = text.defaultTextOption()
    # In dots of the screen, unlike everything else.
    dots = QGuiApplication.primaryScreen().logicalDotsPerInchY() / _RESOLUTION
    tabs.setTabStopDistance(_TAB * dots * QFontMetricsF(_font(MONO_FONT, _CODE_POINTS), writer).horizontalAdvance(" "))
    text.setDefaultTextOption(tabs)
    text.setHtml(_body(document))
    _set_formats(text)
    text.setTextWidth(writer.width())
    return text


def _set_formats(text: QTextDocument) -> None:
    """Set what style sheets of Qt can't: the sizes of headings, code without ligatures and with room around it."""
    code = _font(MONO_FONT, _CODE_POINTS)
    edit = QTextCursor(text)
    # One change for all, so that the layout is made once.
    edit.beginEditBlock()
    for block in blocks_of(text):
        level = block.blockFormat().headingLevel()
        if block.blockFormat().background().style() != Qt.BrushStyle.NoBrush:
            edit.setPosition(block.position())
            edit.setBlockFormat(_code_format(block.blockFormat()))
        for fragment in _fragments_of(block):
            style = fragment.charFormat()
            if level:
                style.clearProperty(QTextFormat.Property.FontSizeAdjustment)
                style.setFontPointSize(_HEADING_POINTS[level])
            if level == _WHO:
                style.setForeground(QColor("#2f6f5e"))
            if MONO_FONT in (style.fontFamilies() or ()):
                style.setFont(code, QTextCharFormat.FontPropertiesInheritanceBehavior.FontPropertiesSpecifiedOnly)
            edit.setPosition(fragment.position())
            edit.setPosition(fragment.position() + fragment.length(), QTextCursor.MoveMode.KeepAnchor)
            edit.setCharFormat(style)
    edit.endEditBlock()


def _code_format(given: QTextBlockFormat) -> QTextBlockFormat:
    """The ground of a block ends where its letters do, so that of code is painted by _paint_code_boxes()."""
    style = QTextBlockFormat(given)
    style.clearBackground()
    style.setProperty(_IS_CODE, True)
    style.setLeftMargin(style.leftMargin() + _CODE_SIDE)
    style.setRightMargin(style.rightMargin() + _CODE_SIDE)
    return style


def _fragments_of(block: QTextBlock) -> list[QTextFragment]:
    fragments = []
    iterator = block.begin()
    while not iterator.atEnd():
        fragments.append(iterator.fragment())
        iterator += 1
    return fragments


def _body(document: Transcript) -> str:
    parts = [f"<h1>{escape(document.title)}</h1>", f'<p class="when">{document.when}</p>']
    for section in document.sections:
        if section.title:
            parts += ["<hr>", f"<h1>{escape(section.title)}</h1>"]
        for entry in section.entries:
            parts += _entry(entry)
    return "".join(parts)


def _entry(entry: Entry) -> list[str]:
    parts = [f"<h2>{escape(entry.heading)}, {entry.created_at:%Y-%m-%d %H:%M}</h2>"]
    parts += map(_thought, entry.thoughts)
    if entry.is_user:
        parts.append(_plain(entry.text))
    else:
        parts.append(blocks_to_html(read_blocks(entry.text)))
    parts += [f'<p class="files">Attached: {escape(file)}</p>' for file in entry.files]
    if entry.sources:
        parts.append("<h5>Sources</h5>")
        parts += map(_source, entry.sources)
    if entry.note:
        parts.append(f'<p class="note"><i>{escape(entry.note)}</i></p>')
    return parts


def _plain(text: str, kind: str = "") -> str:
    """Show plain text, each line and each space of it."""
    lines = "<br>".join(map(escape, printable(text.strip("\n")).splitlines()))
    return f'<p class="{kind}" style="white-space: pre-wrap">{lines}</p>' if lines else ""


def _thought(thought: Thought) -> str:
    return f"<blockquote><p><b>{escape(thought.title)}</b></p>{_plain(thought.text.strip(), 'thought')}</blockquote>"


def _source(source: Source) -> str:
    passage = _plain(source.passage.strip(), "thought")
    return f"<p>[{source.number}] {escape(source.place)}</p><blockquote>{passage}</blockquote>"


def _paint(text: QTextDocument, pages: list[Page], writer: QPdfWriter, title: str) -> None:
    painter = QPainter(writer)
    boxes = _code_boxes(text, writer.width())
    context = QAbstractTextDocumentLayout.PaintContext()
    context.palette.setColor(QPalette.ColorRole.Text, QColor(_INK))
    for number, page in enumerate(pages, 1):
        if number > 1:
            writer.newPage()
        painter.save()
        painter.translate(0, -page.top)
        painter.setClipRect(QRectF(0, page.top, writer.width(), page.bottom - page.top))
        _paint_code_boxes(painter, boxes, page)
        top = page.top if page.resumed is None else _draw_rest(painter, page, page.resumed)
        # What only touches the clip would be written too, unseen, and found twice by a search.
        context.clip = QRectF(0, top + _EDGE, writer.width(), page.bottom - top - 2 * _EDGE)
        if context.clip.isValid():
            text.documentLayout().draw(painter, context)
        painter.restore()
        _paint_footer(painter, writer, title, f"{number} of {len(pages)}")
    painter.end()


def _draw_rest(painter: QPainter, page: Page, resumed: Line) -> float:
    """Draw the lines of a paragraph that began on the page before, and say where they end.

    QTextLayout draws one line more than the clip asks for, so the last line of each page would be in the next one too.
    """
    layout, block = resumed.block.layout(), resumed.block
    place = block.document().documentLayout().blockBoundingRect(block).topLeft()
    painter.setPen(QColor(_INK))
    bottom = page.top
    for number in range(resumed.number, layout.lineCount()):
        line = layout.lineAt(number)
        if place.y() + line.y() + _EDGE > page.bottom:
            break
        bottom = place.y() + line.y() + line.height()
        line.draw(painter, place)
    return bottom


def _code_boxes(text: QTextDocument, width: float) -> list[QRectF]:
    """Where code stands: its lines are blocks of their own, of which the first alone has space above it."""
    boxes: list[QRectF] = []
    last: QTextBlock | None = None
    for block in blocks_of(text):
        if not block.blockFormat().hasProperty(_IS_CODE):
            continue
        place = text.documentLayout().blockBoundingRect(block)
        if last is not None and last.next() == block and not block.blockFormat().topMargin():
            boxes[-1].setBottom(place.bottom())
        else:
            left = place.x() + block.layout().lineAt(0).x() - _CODE_SIDE
            boxes.append(QRectF(left, place.top(), width - left, place.height()))
        last = block
    return boxes


def _paint_code_boxes(painter: QPainter, boxes: list[QRectF], page: Page) -> None:
    for box in boxes:
        # A box whose last line is on the page before must not have its lower edge here.
        if box.top() < page.bottom - _EDGE and box.bottom() > page.top + _EDGE:
            painter.fillRect(box.adjusted(0, -_CODE_ABOVE, 0, _CODE_ABOVE), QColor(_CODE_GROUND))


def _paint_footer(painter: QPainter, writer: QPdfWriter, title: str, number: str) -> None:
    font = _font(BODY_FONT, _FOOTER_POINTS)
    painter.setFont(font)
    painter.setPen(QColor("#635d55"))
    space = _FOOTER_MM / 25.4 * _RESOLUTION
    line = QRectF(0, writer.height() + space / 3, writer.width(), space)
    metrics = QFontMetricsF(font, writer)
    room = writer.width() - metrics.horizontalAdvance(number) - space
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(title, Qt.TextElideMode.ElideRight, room))
    painter.drawText(line, Qt.AlignmentFlag.AlignRight, number)


def _bookmarks(text: QTextDocument, pages: list[Page]) -> list[Bookmark]:
    """Give the title and who speaks, each with its place."""
    tops = [page.top for page in pages]
    layout = text.documentLayout()
    return [
        Bookmark(block.text(), level, bisect_right(tops, _first_line(layout, block)) - 1)
        for block in blocks_of(text)
        if (level := block.blockFormat().headingLevel()) in (1, _WHO)
    ]


def _first_line(layout: QAbstractTextDocumentLayout, block: QTextBlock) -> float:
    """Give the middle of a block's first line: its upper edge may be where a page was cut."""
    line = block.layout().lineAt(0)
    return layout.blockBoundingRect(block).top() + line.y() + line.height() / 2

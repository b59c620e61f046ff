"""A conversation as a PDF: laid out by QTextDocument, with working links, page numbers and an outline."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QLoggingCategory, QMarginsF, QRectF, QSizeF, Qt
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
from app.ui.theme import BODY_FONT, MONO_FONT, load_fonts

_RESOLUTION = 384
"""Dots per inch. Letters are outlines, but an emoji is a picture of as many dots as it is high."""
_MARGIN_MM = 20.0
_FOOTER_MM = 12.0
_BODY_POINTS = 10.0

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
pre, code {{ font-family: "{MONO_FONT}"; font-size: 8.5pt }}
pre {{ background-color: #f5f3ef; white-space: pre-wrap; margin-top: 8px; margin-bottom: 10px }}
th, td {{ border: 1px solid #cfc9bf; padding: 4px 8px }}
th {{ background-color: #f2f0ec }}
table {{ border-collapse: collapse; margin-top: 4px; margin-bottom: 12px }}
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
    # Qt looks for another font where one can't set a script, and says so first.
    QLoggingCategory.setFilterRules("qt.text.font.db*=false")
    application = QGuiApplication([APP_NAME])
    load_fonts()
    try:
        yield
    finally:
        application.shutdown()


def to_pdf(document: Transcript) -> bytes:
    """Write a document as the bytes of a PDF. A QGuiApplication must exist, and the fonts must be loaded."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = _writer(buffer, document.title)
    text = _laid_out(document, writer)
    _paint(text, writer, document.title)
    buffer.close()
    return with_outline(bytes(data.data()), _bookmarks(text))


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
    font = QFont(BODY_FONT)
    font.setPointSizeF(_BODY_POINTS)
    text.setDefaultFont(font)
    text.setDocumentMargin(0)
    text.setDefaultStyleSheet(_SHEET)
    text.setHtml(_body(document))
    _set_formats(text)
    text.setPageSize(QSizeF(writer.width(), writer.height()))
    _keep_headings_with_text(text)
    return text


def _set_formats(text: QTextDocument) -> None:
    """Set what style sheets of Qt can't: the sizes of headings, and code without ligatures, as it was written."""
    plain = QFont(MONO_FONT)
    for ligature in ("calt", "liga"):
        plain.setFeature(QFont.Tag(ligature), 0)
    edit = QTextCursor(text)
    # One change for all, so that the layout is made once.
    edit.beginEditBlock()
    for block in _blocks_of(text):
        level = block.blockFormat().headingLevel()
        for fragment in _fragments_of(block):
            style = fragment.charFormat()
            if level:
                style.clearProperty(QTextFormat.Property.FontSizeAdjustment)
                style.setFontPointSize(_HEADING_POINTS[level])
            if level == _WHO:
                style.setForeground(QColor("#2f6f5e"))
            if MONO_FONT in (style.fontFamilies() or ()):
                style.setFont(plain, QTextCharFormat.FontPropertiesInheritanceBehavior.FontPropertiesSpecifiedOnly)
            edit.setPosition(fragment.position())
            edit.setPosition(fragment.position() + fragment.length(), QTextCursor.MoveMode.KeepAnchor)
            edit.setCharFormat(style)
    edit.endEditBlock()


def _blocks_of(text: QTextDocument) -> Iterator[QTextBlock]:
    block = text.begin()
    while block.isValid():
        yield block
        block = block.next()


def _fragments_of(block: QTextBlock) -> list[QTextFragment]:
    fragments = []
    iterator = block.begin()
    while not iterator.atEnd():
        fragments.append(iterator.fragment())
        iterator += 1
    return fragments


def _keep_headings_with_text(text: QTextDocument) -> None:
    """Move a heading to the next page where nothing of what it heads would fit below it."""
    layout, height = text.documentLayout(), text.pageSize().height()
    for block in _blocks_of(text):
        following = block.next()
        if not block.blockFormat().headingLevel() or not following.isValid():
            continue
        page = layout.blockBoundingRect(block).top() // height
        below = layout.blockBoundingRect(following)
        first_line = following.layout().lineAt(0).height() if following.layout().lineCount() else below.height()
        if (below.top() + first_line) // height > page:
            moved = block.blockFormat()
            moved.setPageBreakPolicy(QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore)
            QTextCursor(block).setBlockFormat(moved)


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


def _paint(text: QTextDocument, writer: QPdfWriter, title: str) -> None:
    painter = QPainter(writer)
    pages = text.pageCount()
    width, height = writer.width(), writer.height()
    context = QAbstractTextDocumentLayout.PaintContext()
    context.palette.setColor(QPalette.ColorRole.Text, QColor("#23211e"))
    for page in range(pages):
        if page:
            writer.newPage()
        painter.save()
        painter.translate(0, -page * height)
        context.clip = QRectF(0, page * height, width, height)
        painter.setClipRect(context.clip)
        text.documentLayout().draw(painter, context)
        painter.restore()
        _paint_footer(painter, writer, title, page + 1, pages)
    painter.end()


def _paint_footer(painter: QPainter, writer: QPdfWriter, title: str, page: int, pages: int) -> None:
    font = QFont(BODY_FONT)
    font.setPointSizeF(8)
    painter.setFont(font)
    painter.setPen(QColor("#635d55"))
    space = _FOOTER_MM / 25.4 * _RESOLUTION
    line = QRectF(0, writer.height() + space / 3, writer.width(), space)
    number = f"{page} of {pages}"
    metrics = QFontMetricsF(font, writer)
    room = writer.width() - metrics.horizontalAdvance(number) - space
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(title, Qt.TextElideMode.ElideRight, room))
    painter.drawText(line, Qt.AlignmentFlag.AlignRight, number)


def _bookmarks(text: QTextDocument) -> list[Bookmark]:
    """Give the title and who speaks, each with its place."""
    height = text.pageSize().height()
    layout = text.documentLayout()
    return [
        Bookmark(block.text(), level, int(layout.blockBoundingRect(block).top() // height))
        for block in _blocks_of(text)
        if (level := block.blockFormat().headingLevel()) in (1, _WHO)
    ]

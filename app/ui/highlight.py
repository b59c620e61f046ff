"""Colours for code."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextDocument, QTextLayout

from app.ui.theme import Palette

LONGEST = 60_000
"""Characters beyond which code stays in one colour, so that the window stays quick."""


@cache
def _lexer(language: str) -> Any:
    """The lexer for a language, or None; Pygments is loaded when the first code is shown, not at start."""
    import pygments.lexers  # noqa: PLC0415
    import pygments.util  # noqa: PLC0415

    try:
        return pygments.lexers.get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except pygments.util.ClassNotFound:
        return None


def highlight(document: QTextDocument, language: str, palette: Palette) -> None:
    """Colour the document's text in place. Layout formats, so neither the text nor a selection changes."""
    code = document.toPlainText()
    spans = _spans(code, language, palette) if language and len(code) <= LONGEST else []
    position = 0
    block = document.begin()
    index = 0
    while block.isValid():
        start, end = block.position(), block.position() + block.length()
        ranges = []
        while index < len(spans) and spans[index][0] < end:
            first, last, style = spans[index]
            ranges.append(_range(max(first, start) - start, min(last, end) - start, style))
            if last > end:
                break
            index += 1
        block.layout().setFormats(ranges)
        position = end
        block = block.next()
    document.markContentsDirty(0, position)


def _range(first: int, last: int, style: QTextCharFormat) -> QTextLayout.FormatRange:
    result = QTextLayout.FormatRange()
    result.start = first
    result.length = last - first
    result.format = style
    return result


def _spans(code: str, language: str, palette: Palette) -> list[tuple[int, int, QTextCharFormat]]:
    """Where which colour goes, in the UTF-16 positions that Qt counts in."""
    import pygments  # noqa: PLC0415

    lexer = _lexer(language)
    if lexer is None:
        return []
    styles = _styles(palette)
    result = []
    position = 0
    for kind, text in pygments.lex(code, lexer):
        length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
        style = next((styles[name] for name in _names(kind) if name in styles), None)
        if style is not None:
            result.append((position, position + length, style))
        position += length
    return result


def _names(kind: Iterable[str]) -> list[str]:
    """A token's kind from narrow to wide: Name.Function.Magic, Name.Function, Name."""
    parts = tuple(kind)
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


@cache
def _styles(palette: Palette) -> dict[str, QTextCharFormat]:
    keyword = _style(palette.syntax_keyword, bold=False)
    return {
        "Keyword": keyword,
        "Operator.Word": keyword,
        "Name.Tag": keyword,
        "Literal.String": _style(palette.syntax_string),
        "Literal.Number": _style(palette.syntax_number),
        "Keyword.Constant": _style(palette.syntax_number),
        "Comment": _style(palette.syntax_comment, italic=True),
        "Name.Function": _style(palette.syntax_function),
        "Name.Class": _style(palette.syntax_type),
        "Name.Builtin": _style(palette.syntax_type),
        "Name.Exception": _style(palette.syntax_type),
        "Name.Decorator": _style(palette.syntax_type),
        "Keyword.Type": _style(palette.syntax_type),
        "Name.Attribute": _style(palette.syntax_function),
        "Generic.Inserted": keyword,
        "Generic.Deleted": _style(palette.syntax_number),
    }


def _style(colour: str, bold: bool = False, italic: bool = False) -> QTextCharFormat:
    style = QTextCharFormat()
    style.setForeground(QColor(colour))
    if bold:
        style.setFontWeight(QFont.Weight.Bold)
    style.setFontItalic(italic)
    return style

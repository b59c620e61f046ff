"""Marks words in a message that is on the page."""

from __future__ import annotations

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit, QWidget

from app.domain.search import Finder
from app.ui.theme import Theme
from app.ui.widgets.text_view import TextView

Place = tuple[TextView, QTextCursor]


def places(row: QWidget, words: tuple[str, ...]) -> list[Place]:
    """Where words stand in the texts of a message that are in sight, from above."""
    finder = Finder(words)
    return [
        (view, _cursor(view, start, end))
        for view in row.findChildren(TextView)
        if view.isVisibleTo(row)
        for start, end in finder.marks(view.toPlainText())
    ]


def best_of(found: list[Place], words: tuple[str, ...]) -> int:
    """Which of these places of words is the one that all of them are closest to."""
    finder = Finder(words)
    best, number = 0, 0
    for view in dict.fromkeys(view for view, _ in found):
        text = view.toPlainText()
        weight, start = finder.best_place(text)
        if weight > best:
            before = sum(begins < start for begins, _ in finder.marks(text))
            best, number = weight, next(i for i, (each, _) in enumerate(found) if each is view) + before
    return number


def show_marks(found: list[Place], theme: Theme, current: int | None = None) -> None:
    """Colour these places, the current one more strongly."""
    by_view: dict[TextView, list[QTextEdit.ExtraSelection]] = {}
    for number, (view, cursor) in enumerate(found):
        selection = QTextEdit.ExtraSelection()
        format_ = QTextCharFormat()
        palette = theme.palette
        format_.setBackground(QColor(palette.accent if number == current else palette.select))
        format_.setForeground(QColor(palette.on_accent if number == current else palette.ink))
        selection.cursor, selection.format = cursor, format_
        by_view.setdefault(view, []).append(selection)
    for view, selections in by_view.items():
        view.setExtraSelections(selections)


def remove_marks(page: QWidget) -> None:
    """Take all marks away."""
    for view in page.findChildren(TextView):
        if view.extraSelections():
            view.setExtraSelections([])


def _cursor(view: TextView, start: int, end: int) -> QTextCursor:
    cursor = QTextCursor(view.document())
    before, inside = _units(view.toPlainText(), start, end)
    cursor.setPosition(before)
    cursor.setPosition(before + inside, QTextCursor.MoveMode.KeepAnchor)
    return cursor


def _units(text: str, start: int, end: int) -> tuple[int, int]:
    """Lengths as Qt counts them, in UTF-16."""
    return len(text[:start].encode("utf-16-le")) // 2, len(text[start:end].encode("utf-16-le")) // 2

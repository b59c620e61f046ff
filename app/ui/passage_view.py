"""A document's text as it was read, with what is cited marked."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit, QWidget

from app.ui.theme import Theme

MOST = 300_000
"""Characters on the page at once: a stretch around what is cited. A document may have millions."""
OWN_KEYS = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right})


class PassageView(QPlainTextEdit):
    """Plain text, whatever the format was. Positions are those of the document's text."""

    offset_changed = Signal(int)  # of the first character in sight

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._all = ""
        self._begin = 0
        self._marked = (0, 0)
        self.setObjectName("passage_text")
        self.setAccessibleName(self.tr("Text of the document"))
        self.setProperty("tone", "document")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.document().setDocumentMargin(16)
        self.setCursorWidth(0)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        theme.changed.connect(self._on_theme_changed)

    @property
    def shown(self) -> tuple[int, int]:
        """Which characters of the document are on the page."""
        return self._begin, min(self._begin + MOST, len(self._all))

    @property
    def marked_text(self) -> str:
        return self._all[slice(*self._marked)]

    def show_text(self, text: str, start: int, end: int) -> None:
        """Show a text with these characters (end exclusive) marked and in sight."""
        self._all = text
        self._marked = (max(0, min(start, len(text))), max(0, min(end, len(text))))
        self._load(start)
        self._mark()
        self.go_to(start)

    def go_to(self, offset: int) -> None:
        """Bring a character into the upper part of the view."""
        first, last = self.shown
        if not first <= offset <= last:
            self._load(offset)
            self._mark()
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._position(offset))
        self.setTextCursor(cursor)
        line = cursor.block().firstLineNumber() + max(
            cursor.block().layout().lineForTextPosition(cursor.positionInBlock()).lineNumber(), 0
        )
        self.verticalScrollBar().setValue(max(0, line - max(2, self._lines_in_sight() // 4)))

    def step(self, direction: int) -> None:
        """Go a screenful further or back."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + direction * max(1, self._lines_in_sight() - 2))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and copying; all other keys belong to the panel."""
        controlled = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.key() in OWN_KEYS or (controlled and event.key() in (Qt.Key.Key_C, Qt.Key.Key_A)):
            super().keyPressEvent(event)
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        offset = self._first_in_sight()
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width() and self.isVisible() and offset:
            self.go_to(self._marked[0] if self._marked[0] else offset)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)

    def _load(self, around: int) -> None:
        begin = max(0, min(around - MOST // 2, len(self._all) - MOST))
        # Begin with a line, so that the first one is not cut.
        self._begin = self._all.rfind("\n", 0, begin) + 1 if begin else 0
        self.setPlainText(self._all[self._begin : self._begin + MOST])

    def _position(self, offset: int) -> int:
        """Qt counts UTF-16 units: what is beyond the 16-bit plane counts twice."""
        before = self._all[self._begin : offset]
        return len(before) if before.isascii() else len(before.encode("utf-16-le", "surrogatepass")) // 2

    def _first_in_sight(self) -> int:
        block = self.firstVisibleBlock()
        return self._begin + block.position() if block.isValid() else self._begin

    def _lines_in_sight(self) -> int:
        return self.viewport().height() // max(1, self.fontMetrics().lineSpacing())

    def _mark(self) -> None:
        start, end = (max(self._begin, min(place, self._begin + MOST)) for place in self._marked)
        selection = QTextEdit.ExtraSelection()
        form = QTextCharFormat()
        form.setBackground(QColor(self._theme.palette.mark_soft))
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._position(start))
        cursor.setPosition(self._position(end), QTextCursor.MoveMode.KeepAnchor)
        selection.cursor, selection.format = cursor, form
        self.setExtraSelections([selection] if start < end else [])

    @Slot()
    def _on_scrolled(self) -> None:
        self.offset_changed.emit(self._first_in_sight())

    @Slot()
    def _on_theme_changed(self) -> None:
        self._mark()

"""Looks for words in the conversation on the page."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.ui.widgets.controls import flat_button, plain_label
from app.ui.widgets.escape_frame import EscapeFrame
from app.ui.widgets.line_field import LineField


class FindBar(EscapeFrame):
    """Enter goes to the place before, Shift+Enter to the one after: a conversation is read from its end. Esc closes."""

    text_changed = Signal(str)
    moved = Signal(int)  # places forwards; negative is backwards
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "find")
        self._field = LineField(self)
        self._field.setObjectName("find")
        self._field.setAccessibleName(self.tr("Find in this conversation"))
        self._field.setPlaceholderText(self.tr("Find in this conversation"))
        self._count = plain_label("", "faint", self)
        self._before = flat_button(self.tr("Previous"), self.tr("Go to the place before (Enter)"), self)
        self._after = flat_button(self.tr("Next"), self.tr("Go to the place after (Shift+Enter)"), self)
        self._done = flat_button(self.tr("Done"), self.tr("Close (Esc)"), self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 6, 16, 6)
        layout.setSpacing(8)
        layout.addWidget(self._field, 1)
        for widget in (self._count, self._before, self._after, self._done):
            layout.addWidget(widget)
        self._field.textChanged.connect(self.text_changed)
        self._before.clicked.connect(self._on_before_clicked)
        self._after.clicked.connect(self._on_after_clicked)
        self._done.clicked.connect(self.close_bar)
        self.escaped.connect(self.close_bar)
        self.hide()

    @property
    def text(self) -> str:
        return self._field.text()

    @property
    def count(self) -> str:
        """What is said about the number of places."""
        return self._count.text()

    def open(self) -> None:
        self.show()
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._field.selectAll()

    @Slot()
    def close_bar(self) -> None:
        if not self.isHidden():
            self.hide()
            self.closed.emit()

    def show_count(self, place: int, count: int) -> None:
        found = self.tr("{place} of {count}").format(place=place, count=count)
        self._count.setText(found if count else self.tr("Not found") if self.text.strip() else "")
        self._before.setEnabled(count > 0)
        self._after.setEnabled(count > 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.moved.emit(1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else -1)
        else:
            super().keyPressEvent(event)

    @Slot()
    def _on_before_clicked(self) -> None:
        self.moved.emit(-1)

    @Slot()
    def _on_after_clicked(self) -> None:
        self.moved.emit(1)

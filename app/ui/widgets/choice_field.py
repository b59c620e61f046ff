"""A field that holds one of several whole numbers, each under a label."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate, QWidget


class ChoiceField(QComboBox):
    """A list that unfolds."""

    chosen = Signal(int)  # value

    def __init__(self, options: Sequence[tuple[int, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # The default delegate of a combo box draws as menus do, and the style sheet does not reach it.
        self.setItemDelegate(QStyledItemDelegate(self))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        for value, label in options:
            self.addItem(label, value)
        self.activated.connect(self._on_activated)

    @property
    def value(self) -> int:
        return int(self.currentData())

    def set_value(self, value: int) -> None:
        """Take a choice without telling about it."""
        self.setCurrentIndex(self.findData(value))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Let the page scroll: passing over a field must not change it."""
        event.ignore()

    @Slot(int)
    def _on_activated(self, _index: int) -> None:
        self.chosen.emit(self.value)

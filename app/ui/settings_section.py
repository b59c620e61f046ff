"""One group of settings."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.widgets.controls import plain_label

GAP = 5
"""Pixels above each row."""


class Section(QFrame):
    """A heading, a line that explains, and the fields below. What was chosen in them is told at once."""

    changed = Signal(object)  # dict: settings by their names

    def __init__(self, title: str, note: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "section")
        self._note = note
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 18, 0, 18)
        self._layout.setSpacing(3)
        self._layout.addWidget(plain_label(title, "sectiontitle", self))
        explanation = plain_label(note, "note", self)
        explanation.setWordWrap(True)
        self._layout.addWidget(explanation)
        self._layout.addSpacing(3)

    def add(self, widget: QWidget) -> None:
        """A field as wide as the page."""
        self._layout.addSpacing(GAP)
        self._layout.addWidget(widget)

    def add_row(self, *widgets: QWidget) -> None:
        """Fields side by side, from the left."""
        row = QHBoxLayout()
        row.setSpacing(10)
        for widget in widgets:
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        self._layout.addSpacing(GAP)
        self._layout.addLayout(row)

    def name(self, field: QWidget, name: str) -> None:
        """Say to screen readers what a field is, and to tests which."""
        field.setAccessibleName(name)
        field.setAccessibleDescription(self._note)

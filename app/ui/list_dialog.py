"""A dialog around a list: words above it, what happens below it, and a row of buttons."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.ui.entry_list import EntryList
from app.ui.theme import Theme
from app.ui.widgets.controls import button, plain_label

WIDTH, HEIGHT = 580, 560
ROOM = 40
"""Pixels of the window that stay in sight around the dialog."""


class ListDialog(QDialog):
    """Base of the dialogs about backups and the trash. Closes itself unless it is busy."""

    def __init__(self, theme: Theme, title: str, words: str, several: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._busy = False
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        heading = plain_label(title, "noticetitle", self)
        note = plain_label(words, "note", self)
        self.list = EntryList(theme, several, self)
        self.list.setAccessibleName(title)
        self._nothing = plain_label("", "lead", self)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._status = plain_label("", "small", self)
        self._status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (note, self._nothing, self._status):
            label.setWordWrap(True)
        self._status.hide()
        self._close = button(self.tr("Close"), "primary", self)
        self._close.clicked.connect(self.reject)
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 6, 0, 0)
        self._row.addStretch(1)
        self._row.addWidget(self._close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(8)
        layout.addWidget(heading)
        layout.addWidget(note)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._nothing, 1)
        layout.addWidget(self._status)
        layout.addLayout(self._row)
        around = parent.window().size() - QSize(ROOM, ROOM) if parent is not None else QSize(WIDTH, HEIGHT)
        self.resize(QSize(WIDTH, HEIGHT).boundedTo(around))

    @property
    def status(self) -> str:
        return self._status.text()

    def offer(self, text: str, name: str) -> QPushButton:
        """Add a button at the left."""
        made = button(text, "secondary", self)
        made.setObjectName(name)
        self._row.insertWidget(self._row.count() - 2, made)
        return made

    def say(self, words: str, warns: bool = False) -> None:
        """Say what happens or happened; empty words take the line away."""
        self._status.setText(words)
        self._status.setVisible(bool(words))
        self._status.setProperty("tone", "warn" if warns else "small")
        self._status.style().polish(self._status)

    def show_nothing(self, words: str) -> None:
        """Say in the place of the list that it is empty; empty words show the list."""
        self._nothing.setText(words)
        self._nothing.setVisible(bool(words))
        self.list.setVisible(not words)

    def set_busy(self, busy: bool) -> None:
        """Keep the dialog open, and with it the window from being written in, while something runs."""
        self._busy = busy
        self._close.setEnabled(not busy)

    def reject(self) -> None:
        if not self._busy:
            super().reject()

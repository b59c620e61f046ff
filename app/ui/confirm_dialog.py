"""Asks before something is done that can't be undone by a button."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.widgets.controls import button, plain_label

WIDTH = 440


class ConfirmDialog(QDialog):
    """What will happen, and the choice. Accepted if the user wants it."""

    def __init__(self, title: str, words: str, action: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setFixedWidth(WIDTH)
        heading = plain_label(title, "noticetitle", self)
        note = plain_label(words, "note", self)
        for label in (heading, note):
            label.setWordWrap(True)
        cancel = button(self.tr("Cancel"), "secondary", self)
        cancel.setDefault(True)
        agree = button(action, "primary", self)
        agree.setObjectName("agree")
        agree.setAccessibleDescription(words)
        row = QHBoxLayout()
        row.setContentsMargins(0, 10, 0, 0)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(agree)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(8)
        layout.addWidget(heading)
        layout.addWidget(note)
        layout.addLayout(row)
        cancel.clicked.connect(self.reject)
        agree.clicked.connect(self.accept)

"""The word that is always true."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget


class OfflineMark(QLabel):
    """Says that nothing leaves the computer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("tone", "small")
        self.setText(self.tr("● Offline"))
        self.setToolTip(self.tr("This application opens no network connection. What you write stays on this computer."))
        self.setAccessibleName(self.tr("Offline: this application opens no network connection"))

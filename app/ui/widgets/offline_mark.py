"""Whether anything leaves the computer, in a word."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget


class OfflineMark(QLabel):
    """Says that no connection is open, or that a model is being fetched, which is the only use of the network."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("tone", "small")
        self.set_downloading(False)

    def set_downloading(self, downloading: bool) -> None:
        """Tell the truth while a model is fetched."""
        if downloading:
            self.setText(self.tr("● Fetching a model"))
            self.setToolTip(self.tr("A process of its own fetches a model. What you write stays on this computer."))
            self.setAccessibleName(self.tr("A model is being fetched. What you write stays on this computer"))
            return
        self.setText(self.tr("● Offline"))
        self.setToolTip(self.tr("This application opens no network connection. What you write stays on this computer."))
        self.setAccessibleName(self.tr("Offline: this application opens no network connection"))

"""A conversation that has not begun."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.ui.widgets.controls import plain_label
from app.ui.widgets.progress_line import ProgressLine


class EmptyState(QFrame):
    """A calm greeting above the composer, and how far the model is while it loads."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "page")
        greeting = plain_label(self.tr("What is on your mind?"), "greeting", self)
        note = plain_label(self.tr("What you write here stays on this computer."), "lead", self)
        self._progress = ProgressLine(self, centred=True)
        self._progress.hide()
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addStretch(2)
        for label in (greeting, note):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addSpacing(16)
        layout.addWidget(self._progress, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    @property
    def progress(self) -> ProgressLine:
        return self._progress

    def set_progress(self, words: str, fraction: float | None) -> None:
        """Tell what is being waited for; empty words say that nothing is."""
        self._progress.setVisible(bool(words))
        self._progress.set_progress(words, fraction)

"""The button that copies something and says for a moment that it did."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from app.ui.widgets.controls import make_flat

COPIED_FOR = 1600


class CopyButton(QPushButton):
    """Says "Copied" after each click; what is copied is for whoever listens to clicked."""

    def __init__(self, description: str, parent: QWidget | None = None, label: str = "") -> None:
        super().__init__(parent)
        self._label = label or self.tr("Copy")
        self.setText(self._label)
        make_flat(self, description)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(COPIED_FOR)
        self._timer.timeout.connect(self._on_copied_long_ago)
        self.clicked.connect(self._on_clicked)

    @Slot()
    def _on_clicked(self) -> None:
        self.setText(self.tr("Copied"))
        self._timer.start()

    @Slot()
    def _on_copied_long_ago(self) -> None:
        self.setText(self._label)

"""Asks what is to be done with a model file that a person has."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app import APP_NAME
from app.ui.widgets.controls import button, plain_label

WIDTH = 460


class AddModelDialog(QDialog):
    """Copy it, or use it where it lies."""

    copy_chosen = Signal(object)  # Path
    in_place_chosen = Signal(object)  # Path

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Add a model file"))
        self.setFixedWidth(WIDTH)
        heading = plain_label(self.tr("Add {name}").format(name=path.name), "noticetitle", self)
        note = plain_label(
            self.tr(
                "Used where it lies, it takes no more room on the disk, but has to stay there. "
                "A copy is {name}’s own, for files on a disk that you will unplug."
            ).format(name=APP_NAME),
            "note",
            self,
        )
        for label in (heading, note):
            label.setWordWrap(True)
        cancel = button(self.tr("Cancel"), "flat", self)
        copy = button(self.tr("Copy it"), "secondary", self)
        in_place = button(self.tr("Use it where it lies"), "primary", self)
        in_place.setDefault(True)
        row = QHBoxLayout()
        row.setContentsMargins(0, 10, 0, 0)
        row.addWidget(cancel)
        row.addStretch(1)
        row.addWidget(copy)
        row.addWidget(in_place)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(8)
        layout.addWidget(heading)
        layout.addWidget(note)
        layout.addLayout(row)
        cancel.clicked.connect(self.reject)
        copy.clicked.connect(self._on_copy)
        in_place.clicked.connect(self._on_in_place)

    def _on_copy(self) -> None:
        self.accept()
        self.copy_chosen.emit(self._path)

    def _on_in_place(self) -> None:
        self.accept()
        self.in_place_chosen.emit(self._path)

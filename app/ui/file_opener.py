"""Hands a document to the system: to the application it belongs to, or to the file manager."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.widgets.controls import button, plain_label

WIDTH = 440
ONLY_READ = frozenset(
    {".pdf", ".txt", ".text", ".md", ".markdown", ".rst", ".csv", ".tsv", ".json", ".log", ".rtf", ".epub", ".eml"}
    | {".docx", ".pptx", ".xlsx", ".odt", ".ods", ".odp"}
)
"""Endings of files that the applications of all systems show and don't run. Any other may be a program or a script."""


def may_run(path: Path) -> bool:
    """Whether opening this file could mean to run it."""
    return path.suffix.lower() not in ONLY_READ


class FileOpener(QObject):
    """Asks before it opens what could run code; showing a file in its folder runs nothing."""

    def __init__(
        self,
        window: QWidget,
        open_url: Callable[[QUrl], object] = QDesktopServices.openUrl,
        start: Callable[[str, Sequence[str]], object] = QProcess.startDetached,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._open_url = open_url
        self._start = start

    @Slot(Path)
    def open(self, path: Path) -> None:
        """Open a file as a double click would."""
        if not may_run(path):
            self._on_agreed(path)
            return
        dialog = OpenFileDialog(path, self._window)
        dialog.agreed.connect(self._on_agreed)
        dialog.open()

    @Slot(Path)
    def show_in_folder(self, path: Path) -> None:
        """Show a file in the file manager; where that can't point at one, its folder."""
        if sys.platform == "win32":
            self._start("explorer.exe", ["/select,", str(path)])
        elif sys.platform == "darwin":
            self._start("/usr/bin/open", ["-R", str(path)])
        else:
            self._open_url(QUrl.fromLocalFile(str(path.parent)))

    @Slot(object)
    def _on_agreed(self, path: Path) -> None:
        self._open_url(QUrl.fromLocalFile(str(path)))


class OpenFileDialog(QDialog):
    """Says what the file is called and where it is, and lets the user choose."""

    agreed = Signal(object)  # Path

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Open a file"))
        self.setMinimumWidth(WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(8)
        warning = self.tr("The system may run a file of this kind instead of showing it. Open it if you trust it.")
        folder = self.tr("In {folder}").format(folder=path.parent)
        title = self.tr("Open this file?")
        for text, tone in ((title, "noticetitle"), (path.name, "linkhost"), (folder, "note"), (warning, "note")):
            label = plain_label(text, tone, self)
            label.setWordWrap(True)
            layout.addWidget(label)
        self._cancel = button(self.tr("Cancel"), "secondary", self)
        self._open = button(self.tr("Open"), "primary", self)
        self._open.setObjectName("open_file")
        self._cancel.setDefault(True)
        row = QHBoxLayout()
        row.setContentsMargins(0, 10, 0, 0)
        row.addStretch(1)
        row.addWidget(self._cancel)
        row.addWidget(self._open)
        layout.addLayout(row)
        self._cancel.clicked.connect(self.reject)
        self._open.clicked.connect(self._on_open_clicked)

    @Slot()
    def _on_open_clicked(self) -> None:
        self.agreed.emit(self._path)
        self.accept()

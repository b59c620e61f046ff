"""One library: what is in it, how far it is read, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QMessageBox, QVBoxLayout, QWidget

from app.services.document_events import Library, LibraryFile
from app.ui import document_words as words
from app.ui.library_files import LibraryFiles
from app.ui.theme import Theme
from app.ui.widgets.controls import button, plain_label
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.progress_line import ProgressLine


class LibraryPage(QWidget):
    """Shows, and tells what the user wants of the library that is shown."""

    pause_requested = Signal(str)
    resume_requested = Signal(str)
    rescan_requested = Signal(str)
    remove_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._library = Library("", ())
        self._build_words()
        self._build_buttons()
        self._files = LibraryFiles(theme, self)
        self._problems = QCheckBox(self.tr("Problems only"), self)
        self._problems.setObjectName("problems_only")
        self._build()
        self._connect()

    def _build_words(self) -> None:
        self._name = ElidedLabel("noticetitle", self)
        self._folders = ElidedLabel("note", self)
        self._counts = plain_label("", "note", self)
        self._counts.setObjectName("library_counts")
        self._progress = ProgressLine(self)
        self._progress.setObjectName("library_progress")

    def _build_buttons(self) -> None:
        self._pause = button("", "secondary", self)
        self._pause.setObjectName("pause_library")
        self._rescan = button(self.tr("Look again"), "secondary", self)
        self._rescan.setObjectName("rescan_library")
        self._rescan.setToolTip(self.tr("Look through the folders for new and changed files"))
        self._remove = button(self.tr("Remove…"), "secondary", self)
        self._remove.setObjectName("remove_library")

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget in (self._pause, self._rescan, self._remove):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._problems)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 16, 14)
        layout.setSpacing(6)
        for label in (self._name, self._folders, self._counts, self._progress):
            layout.addWidget(label)
        layout.addSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self._files, 1)

    def _connect(self) -> None:
        self._pause.clicked.connect(self._on_pause_clicked)
        self._rescan.clicked.connect(self._on_rescan_clicked)
        self._remove.clicked.connect(self._on_remove_clicked)
        self._problems.toggled.connect(self._files.show_problems_only)

    @property
    def files(self) -> LibraryFiles:
        return self._files

    @property
    def progress(self) -> str:
        return self._progress.words

    def show_library(self, library: Library) -> None:
        """Show how a library stands."""
        self._library = library
        self._name.setText(library.name)
        self._folders.setText(" · ".join(map(str, library.folders)))
        self._counts.setText(words.library_counts(library))
        done = (library.files - library.waiting) / library.files if library.files and library.waiting else None
        self._progress.set_progress(words.library_progress(library), done)
        self._pause.setText(self.tr("Resume") if library.paused else self.tr("Pause"))
        self._pause.setVisible(library.paused or library.waiting > 0)
        self._problems.setEnabled(library.failed > 0 or self._problems.isChecked())

    def show_files(self, files: Sequence[LibraryFile]) -> None:
        self._files.show_files(files, self._library.folders)

    @Slot()
    def _on_pause_clicked(self) -> None:
        wanted = self.resume_requested if self._library.paused else self.pause_requested
        wanted.emit(self._library.name)

    @Slot()
    def _on_rescan_clicked(self) -> None:
        self.rescan_requested.emit(self._library.name)

    @Slot()
    def _on_remove_clicked(self) -> None:
        """Ask first. It costs nothing but the time to read the files again."""
        box = QMessageBox(self)
        box.setObjectName("confirm_removal")
        box.setWindowTitle(self.tr("Remove a library"))
        box.setText(self.tr("Remove the library “{name}”?").format(name=self._library.name))
        box.setInformativeText(
            self.tr("Only what was read of the files is forgotten. The files themselves stay where they are.")
        )
        remove = box.addButton(self.tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        remove.setObjectName("confirm_remove")
        cancel = box.addButton(self.tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        name = self._library.name
        remove.clicked.connect(lambda: self.remove_requested.emit(name))
        box.finished.connect(box.deleteLater)
        box.open()

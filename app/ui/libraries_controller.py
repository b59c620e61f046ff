"""Between the libraries of the core and the dialog that shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.errors import AppError
from app.ui.library_dialog import LibraryDialog
from app.ui.ports import DocumentsPort
from app.ui.theme import Theme
from app.ui.throttle import Throttle


class LibrariesController(QObject):
    """Opens the dialog, carries out what is wanted, and keeps what it shows in step."""

    changed = Signal()  # libraries came or went
    failed = Signal(object)  # AppError

    def __init__(self, documents: DocumentsPort, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._documents = documents
        self._theme = theme
        self._window = window
        self._dialog: LibraryDialog | None = None
        # A library that is read tells of every file; a table of thousands is not filled anew for each.
        self._throttle = Throttle(self._show, self)

    @property
    def dialog(self) -> LibraryDialog | None:
        """The dialog while it is open."""
        return self._dialog

    @Slot()
    def open(self) -> None:
        """Show the libraries, or the form for the first one."""
        dialog = self._opened()
        libraries = self._documents.libraries()
        if libraries and not dialog.current:
            dialog.choose(libraries[0].name)

    def propose(self, folders: Sequence[Path]) -> None:
        """Let the user make a library of these folders."""
        self._opened().propose(folders)

    def refresh(self) -> None:
        """Something about a library changed."""
        if self._dialog is not None:
            self._throttle.request()

    def _opened(self) -> LibraryDialog:
        if self._dialog is None:
            dialog = self._dialog = LibraryDialog(self._theme, self._window)
            dialog.selected.connect(self._on_selected)
            dialog.finished.connect(self._on_finished)
            dialog.form.create_requested.connect(self._on_create_requested)
            page = dialog.page
            page.pause_requested.connect(self._on_pause_requested)
            page.resume_requested.connect(self._on_resume_requested)
            page.rescan_requested.connect(self._on_rescan_requested)
            page.remove_requested.connect(self._on_remove_requested)
            self._show()
        self._dialog.show()
        self._dialog.raise_()
        return self._dialog

    def _show(self) -> None:
        if self._dialog is None:
            return
        try:
            self._dialog.show_libraries(self._documents.libraries())
            self._show_files(self._dialog.current)
        except AppError as error:
            self.failed.emit(error)

    def _show_files(self, name: str) -> None:
        if self._dialog is not None and name:
            self._dialog.page.show_files(self._documents.files(name))

    def _do(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except AppError as error:
            self.failed.emit(error)
            return False
        self._show()
        return True

    @Slot(str)
    def _on_selected(self, name: str) -> None:
        self._show_files(name)

    @Slot()
    def _on_finished(self) -> None:
        self._dialog = None

    @Slot(str, list)
    def _on_create_requested(self, name: str, folders: list[Path]) -> None:
        if self._do(lambda: self._documents.create(name, folders)) and self._dialog is not None:
            self._dialog.choose(name)
            self.changed.emit()

    @Slot(str)
    def _on_pause_requested(self, name: str) -> None:
        self._do(lambda: self._documents.pause(name))

    @Slot(str)
    def _on_resume_requested(self, name: str) -> None:
        self._do(lambda: self._documents.resume(name))

    @Slot(str)
    def _on_rescan_requested(self, name: str) -> None:
        self._do(lambda: self._documents.rescan(name))

    @Slot(str)
    def _on_remove_requested(self, name: str) -> None:
        if self._do(lambda: self._documents.remove(name)):
            self.changed.emit()

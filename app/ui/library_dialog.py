"""The libraries: a list at the left, the chosen one or a new one at the right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.services.document_events import Library
from app.ui import document_words as words
from app.ui.library_page import LibraryPage
from app.ui.new_library import NewLibrary
from app.ui.theme import Theme
from app.ui.widgets.controls import button

NAME_ROLE = Qt.ItemDataRole.UserRole


class LibraryDialog(QDialog):
    """Stays open while libraries are read; the window behind it can be used."""

    selected = Signal(str)  # name of the library that is looked at

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("library_dialog")
        self.setWindowTitle(self.tr("Libraries"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(820, 540)
        self.setMinimumSize(620, 400)
        self._libraries: dict[str, Library] = {}
        self.page = LibraryPage(theme, self)
        self.form = NewLibrary(self)
        self._build()
        self._list.currentItemChanged.connect(self._on_current_changed)
        self._new.clicked.connect(self.show_form)

    def _build(self) -> None:
        self._list = QListWidget(self)
        self._list.setObjectName("library_list")
        self._list.setAccessibleName(self.tr("Libraries"))
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setProperty("tone", "librarylist")
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._new = button(self.tr("New library…"), "secondary", self)
        self._new.setObjectName("new_library")
        side = QFrame(self)
        side.setProperty("tone", "sidebar")
        side.setFixedWidth(210)
        column = QVBoxLayout(side)
        column.setContentsMargins(10, 12, 10, 12)
        column.addWidget(self._list, 1)
        column.addWidget(self._new)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.form)
        self._stack.addWidget(self.page)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(side)
        layout.addWidget(self._stack, 1)

    @property
    def current(self) -> str:
        """The library that is looked at; empty while a new one is made."""
        item = self._list.currentItem()
        return str(item.data(NAME_ROLE)) if item is not None else ""

    def show_libraries(self, libraries: Sequence[Library]) -> None:
        """Show how all of them stand, without a change of what is looked at."""
        previous, self._libraries = self._libraries, {library.name: library for library in libraries}
        self.form.set_taken(list(self._libraries))
        if list(previous) != list(self._libraries):
            self._fill()
        for row in range(self._list.count()):
            item = self._list.item(row)
            library = self._libraries[item.data(NAME_ROLE)]
            item.setText(f"{library.name}\n{words.library_state(library)}")
        if self.current:
            self.page.show_library(self._libraries[self.current])
        elif self._stack.currentWidget() is self.page:
            self.show_form()

    def choose(self, name: str) -> None:
        """Look at a library."""
        for row in range(self._list.count()):
            if self._list.item(row).data(NAME_ROLE) == name:
                self._list.setCurrentRow(row)

    @Slot()
    def show_form(self) -> None:
        """Let the user make a new library."""
        self.form.clear()
        self._list.setCurrentRow(-1)
        self._stack.setCurrentWidget(self.form)

    def propose(self, folders: Sequence[Path]) -> None:
        """Let the user make a library of these folders."""
        self.show_form()
        self.form.add_folders(folders)

    def _fill(self) -> None:
        chosen = self.current
        self._list.blockSignals(True)
        self._list.clear()
        for name in self._libraries:
            item = QListWidgetItem(self._list)
            item.setData(NAME_ROLE, name)
        self._list.setCurrentRow(-1)
        self._list.blockSignals(False)
        self.choose(chosen)

    @Slot(QListWidgetItem)
    def _on_current_changed(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        self._stack.setCurrentWidget(self.page)
        self.page.show_library(self._libraries[self.current])
        self.selected.emit(self.current)

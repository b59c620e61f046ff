"""What a new library is called, and which folders it holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QListWidget, QVBoxLayout, QWidget

from app.ui.widgets.controls import button, flat_button, plain_label


class NewLibrary(QWidget):
    """A form. The name is that of the first folder until another one is written."""

    create_requested = Signal(str, list)  # name, folders

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._taken: frozenset[str] = frozenset()
        self._build()
        self._connect()
        self._refresh()

    def _build(self) -> None:
        what = plain_label(
            self.tr(
                "A library is one or more folders whose documents you can ask about. They are read once, then kept in "
                "step with the files. Nothing leaves this computer, and no file is changed."
            ),
            "lead",
            self,
        )
        what.setWordWrap(True)
        self._folders = QListWidget(self)
        self._folders.setObjectName("new_library_folders")
        self._folders.setAccessibleName(self.tr("Folders of the new library"))
        self._folders.setProperty("tone", "list")
        self._folders.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._add = button(self.tr("Add a folder…"), "secondary", self)
        self._add.setObjectName("add_folder")
        self._drop = flat_button(self.tr("Remove"), self.tr("Remove the chosen folder from the list"), self)
        self._name = QLineEdit(self)
        self._name.setObjectName("new_library_name")
        self._name.setAccessibleName(self.tr("Name of the new library"))
        self._name.setPlaceholderText(self.tr("Name"))
        self._name.setMaxLength(60)
        self._problem = plain_label("", "warn", self)
        self._create = button(self.tr("Create library"), "primary", self)
        self._create.setObjectName("create_library")
        folders = QHBoxLayout()
        folders.addWidget(self._add)
        folders.addWidget(self._drop)
        folders.addStretch(1)
        end = QHBoxLayout()
        end.addWidget(self._problem, 1)
        end.addWidget(self._create)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 18)
        layout.setSpacing(8)
        for widget in (plain_label(self.tr("New library"), "noticetitle", self), what):
            layout.addWidget(widget)
        layout.addSpacing(6)
        layout.addWidget(plain_label(self.tr("Folders"), "note", self))
        layout.addWidget(self._folders, 1)
        layout.addLayout(folders)
        layout.addSpacing(6)
        layout.addWidget(plain_label(self.tr("Name"), "note", self))
        layout.addWidget(self._name)
        layout.addLayout(end)

    def _connect(self) -> None:
        self._add.clicked.connect(self._on_add_clicked)
        self._drop.clicked.connect(self._on_drop_clicked)
        self._name.textChanged.connect(self._on_changed)
        self._name.returnPressed.connect(self._on_create_clicked)
        self._create.clicked.connect(self._on_create_clicked)

    @property
    def folders(self) -> list[Path]:
        return [Path(self._folders.item(row).text()) for row in range(self._folders.count())]

    def set_taken(self, names: Sequence[str]) -> None:
        """Names that other libraries have."""
        self._taken = frozenset(name.casefold() for name in names)
        self._refresh()

    def clear(self) -> None:
        self._folders.clear()
        self._name.clear()
        self._refresh()

    def add_folders(self, folders: Sequence[Path]) -> None:
        """Add folders that are not there yet; the first one names the library."""
        for folder in folders:
            if folder not in self.folders:
                self._folders.addItem(str(folder))
        if self.folders and not self._name.text():
            self._name.setText(self.folders[0].name)
        self._refresh()

    @Slot()
    def _on_add_clicked(self) -> None:
        dialog = QFileDialog(self, self.tr("Choose a folder"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._on_folder_selected)
        dialog.open()

    @Slot(str)
    def _on_folder_selected(self, name: str) -> None:
        if name:
            self.add_folders([Path(name)])

    @Slot()
    def _on_drop_clicked(self) -> None:
        self._folders.takeItem(self._folders.currentRow())
        self._refresh()

    @Slot()
    def _on_changed(self) -> None:
        self._refresh()

    @Slot()
    def _on_create_clicked(self) -> None:
        if self._create.isEnabled():
            self.create_requested.emit(self._name.text().strip(), self.folders)

    def _refresh(self) -> None:
        name = self._name.text().strip()
        taken = name.casefold() in self._taken
        self._problem.setText(self.tr("There is a library of this name already.") if taken else "")
        self._drop.setEnabled(self._folders.count() > 0)
        self._create.setEnabled(bool(name) and not taken and self._folders.count() > 0)

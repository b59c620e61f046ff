"""The files of a library as a table: name, how it stands, pages and passages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.domain.documents import FileStatus
from app.services.document_events import LibraryFile
from app.ui import document_words as words
from app.ui.theme import Theme
from app.ui.words import number

NAME, STATUS, PAGES, PASSAGES = range(4)
SORT_ROLE = Qt.ItemDataRole.UserRole
FINE = frozenset({FileStatus.WAITING, FileStatus.READING, FileStatus.READ, FileStatus.INDEXED, FileStatus.UNCHANGED})
Index = QModelIndex | QPersistentModelIndex


class FileTableModel(QAbstractTableModel):
    """Rows in the order of the library."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._files: list[LibraryFile] = []
        self._folders: tuple[Path, ...] = ()

    def show_files(self, files: Sequence[LibraryFile], folders: Sequence[Path]) -> None:
        self.beginResetModel()
        self._files, self._folders = list(files), tuple(folders)
        self.endResetModel()

    def has_problem(self, row: int) -> bool:
        return self._files[row].status not in FINE

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._files)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("File"), self.tr("Status"), self.tr("Pages"), self.tr("Passages"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        file, column = self._files[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(file, column)
            case Qt.ItemDataRole.ToolTipRole:
                text = file.reason if column == STATUS and file.reason else str(file.path)
                return text.replace("<", "‹").replace(">", "›")
            case Qt.ItemDataRole.ForegroundRole if column == STATUS and file.status not in FINE:
                return QColor(self._theme.palette.warn)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case _ if role == SORT_ROLE:
                return (str(file.path).casefold(), str(file.status), file.pages or 0, file.passages)[column]
            case _:
                return None

    def _text(self, file: LibraryFile, column: int) -> str:
        match column:
            case 0:
                return self._relative(file.path)
            case 1:
                return file.reason.rstrip(".") if file.reason else words.file_status(file.status)
            case 2:
                return "" if file.pages is None else number(file.pages)
            case _:
                return number(file.passages) if file.passages else ""

    def _relative(self, path: Path) -> str:
        for folder in self._folders:
            if path.is_relative_to(folder):
                return str(path.relative_to(folder))
        return str(path)


class _Filter(QSortFilterProxyModel):
    """All files, or those with problems."""

    problems_only = False

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:  # noqa: ARG002
        model = self.sourceModel()
        return not self.problems_only or (isinstance(model, FileTableModel) and model.has_problem(row))


class _FromTheLeft(QStyledItemDelegate):
    """A sentence that has no room is cut at its end; a path, as the table does it, in its middle."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


class LibraryFiles(QTableView):
    """Can be sorted by each column."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("library_files")
        self.setAccessibleName(self.tr("Files of the library"))
        self._files = FileTableModel(theme, self)
        self._filter = _Filter(self)
        self._filter.setSourceModel(self._files)
        self._filter.setSortRole(SORT_ROLE)
        self.setModel(self._filter)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSortingEnabled(True)
        self.sortByColumn(NAME, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setItemDelegateForColumn(STATUS, _FromTheLeft(self))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((STATUS, 190), (PAGES, 60), (PASSAGES, 78)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, width)

    @property
    def count(self) -> int:
        """How many rows there are to see."""
        return self._filter.rowCount()

    def show_files(self, files: Sequence[LibraryFile], folders: Sequence[Path]) -> None:
        place = self.verticalScrollBar().value()
        self._files.show_files(files, folders)
        self.verticalScrollBar().setValue(place)

    def show_problems_only(self, only: bool) -> None:
        self._filter.problems_only = only
        self._filter.invalidate()


def _alignment(column: int) -> int:
    side = Qt.AlignmentFlag.AlignRight if column in (PAGES, PASSAGES) else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)

"""A list in a dialog: entries of two lines, drawn as the conversations at the left are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

from app.ui.conversation_delegate import ConversationDelegate
from app.ui.conversation_model import RowRole
from app.ui.theme import Theme


@dataclass(frozen=True, slots=True)
class Entry:
    """A line, a smaller one below it, and what it is known by."""

    key: str
    text: str
    detail: str = ""


class EntryList(QListWidget):
    """Keeps what is chosen while its entries change."""

    def __init__(self, theme: Theme, several: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        modes = QAbstractItemView.SelectionMode
        self.setProperty("tone", "entries")
        self.setItemDelegate(ConversationDelegate(theme, self))
        self.setSelectionMode(modes.ExtendedSelection if several else modes.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)

    @property
    def chosen(self) -> list[str]:
        """Keys of the chosen entries, in the order of the list."""
        return [key for key, item in self._items() if item.isSelected()]

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Show these in the place of those before; the first one is chosen if no chosen one is left."""
        chosen = set(self.chosen)
        self.clear()
        for entry in entries:
            item = QListWidgetItem(entry.text, self)
            item.setData(RowRole.ID, entry.key)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            self._describe(item, entry.detail)
            item.setSelected(entry.key in chosen)
        if not self.chosen and entries:
            self.setCurrentRow(0)

    def set_detail(self, key: str, detail: str) -> None:
        """Change the smaller line of an entry."""
        for found, item in self._items():
            if found == key:
                self._describe(item, detail)

    def _items(self) -> list[tuple[str, QListWidgetItem]]:
        items = [self.item(row) for row in range(self.count())]
        return [(str(item.data(RowRole.ID)), item) for item in items]

    @staticmethod
    def _describe(item: QListWidgetItem, detail: str) -> None:
        item.setData(RowRole.DETAIL, detail)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.text()}, {detail}")

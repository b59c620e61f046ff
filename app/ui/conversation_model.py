"""The conversations as rows of a list: a heading for each time, and the conversations under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app.domain.chat import Conversation, ConversationId
from app.ui import words

Index = QModelIndex | QPersistentModelIndex


class RowRole(IntEnum):
    """What a row can be asked for beside its text."""

    ID = Qt.ItemDataRole.UserRole + 1
    DETAIL = Qt.ItemDataRole.UserRole + 2
    HEADING = Qt.ItemDataRole.UserRole + 3
    PINNED = Qt.ItemDataRole.UserRole + 4


@dataclass(frozen=True, slots=True)
class Row:
    """A heading has no id."""

    text: str
    id: ConversationId | None = None
    detail: str = ""
    pinned: bool = False


class ConversationModel(QAbstractListModel):
    """Rows made from conversations; renaming one asks for it rather than doing it."""

    rename_requested = Signal(str, str)  # conversation id, title

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []

    def show_conversations(self, conversations: Sequence[Conversation], today: date) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self._rows = rows(conversations, today)
        self.endResetModel()

    def row_of(self, conversation_id: str | None) -> int:
        """The row of a conversation, or -1."""
        return next((at for at, row in enumerate(self._rows) if row.id and row.id == conversation_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return row.text
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{row.text}, {row.detail}" if row.detail else row.text
            case RowRole.ID:
                return row.id
            case RowRole.DETAIL:
                return row.detail
            case RowRole.PINNED:
                return row.pinned
            case RowRole.HEADING:
                return row.id is None
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self._rows[index.row()]
        title = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or row.id is None or not title or title == row.text:
            return False
        self.rename_requested.emit(row.id, title)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or self._rows[index.row()].id is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable


def rows(conversations: Sequence[Conversation], today: date) -> list[Row]:
    """Pinned ones first, the one pinned last at the end; then the newest first, under headings."""
    result: list[Row] = []
    heading = ""
    pinned = sorted((each for each in conversations if each.pinned_at), key=_pinned_at)
    others = [each for each in conversations if not each.pinned_at]
    for conversation in [*pinned, *sorted(others, key=lambda each: each.updated_at, reverse=True)]:
        is_pinned = conversation.pinned_at is not None
        section = words.pinned() if is_pinned else words.section(words.local(conversation.updated_at).date(), today)
        if section != heading:
            heading = section
            result.append(Row(section))
        title = conversation.title or words.untitled()
        result.append(Row(title, conversation.id, words.when(conversation.updated_at, today), is_pinned))
    return result


def _pinned_at(conversation: Conversation) -> datetime:
    return conversation.pinned_at or conversation.updated_at

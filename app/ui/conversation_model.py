"""The conversations as rows of a list: a heading for each time, and the conversations under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """A heading has neither id nor moment."""

    text: str
    id: ConversationId | None = None
    moment: datetime | None = None
    pinned: bool = False

    def detail(self, today: date) -> str:
        """When it was used last; made into words only for rows that are looked at."""
        return words.when(self.moment, today) if self.moment is not None else ""


class ConversationModel(QAbstractListModel):
    """Rows made from conversations; renaming one asks for it rather than doing it."""

    rename_requested = Signal(str, str)  # conversation id, title

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._made: dict[ConversationId, tuple[Conversation, Row]] = {}
        self._today = date.min

    def show_conversations(self, conversations: Sequence[Conversation], today: date) -> None:
        """Show these, and touch no row that stays as it is: of thousands only a few change at a time."""
        if today != self._today:
            self.beginResetModel()
            self._rows, self._today = self._arranged(conversations, today), today
            self.endResetModel()
            return
        old, new = self._rows, self._arranged(conversations, today)
        first = _equal(old, new)
        last = _equal(old[first:][::-1], new[first:][::-1])
        gone, come = old[first : len(old) - last], new[first : len(new) - last]
        if [row.id for row in gone] == [row.id for row in come]:
            self._rows = new
            if come:
                self.dataChanged.emit(self.index(first), self.index(first + len(come) - 1))
            return
        if gone:
            self.beginRemoveRows(QModelIndex(), first, first + len(gone) - 1)
            self._rows = old[:first] + old[len(old) - last :]
            self.endRemoveRows()
        if come:
            self.beginInsertRows(QModelIndex(), first, first + len(come) - 1)
            self._rows = new
            self.endInsertRows()

    def row_of(self, conversation_id: str | None) -> int:
        """The row of a conversation, or -1."""
        return next((at for at, row in enumerate(self._rows) if row.id and row.id == conversation_id), -1)

    def is_heading(self, at: int) -> bool:
        return self._rows[at].id is None

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
                return f"{row.text}, {row.detail(self._today)}" if row.id else row.text
            case RowRole.ID:
                return row.id
            case RowRole.DETAIL:
                return row.detail(self._today)
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
        usable = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return usable | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled

    def _arranged(self, conversations: Sequence[Conversation], today: date) -> list[Row]:
        """The rows, of which those of conversations that are as they were are the same ones."""
        before = self._made
        self._made = {
            each.id: known if (known := before.get(each.id)) and known[0] is each else (each, _row(each))
            for each in conversations
        }
        return rows(conversations, today, lambda conversation: self._made[conversation.id][1])


def _row(conversation: Conversation) -> Row:
    title = conversation.title or words.untitled()
    return Row(title, conversation.id, conversation.updated_at, conversation.pinned_at is not None)


def rows(conversations: Sequence[Conversation], today: date, row: Callable[[Conversation], Row] = _row) -> list[Row]:
    """Pinned ones first, the one pinned last at the end; then the newest first, under headings."""
    result: list[Row] = []
    pinned = sorted((each for each in conversations if each.pinned_at), key=_pinned_at)
    others = sorted((each for each in conversations if not each.pinned_at), key=_updated_at, reverse=True)
    if pinned:
        result += [Row(words.pinned()), *map(row, pinned)]
    heading, oldest = "", words.section(date.min, today)
    for conversation in others:
        # Everything below the last heading is older still.
        if heading != oldest:
            section = words.section(words.local(conversation.updated_at).date(), today)
            if section != heading:
                heading = section
                result.append(Row(section))
        result.append(row(conversation))
    return result


def _equal(one: Sequence[Row], other: Sequence[Row]) -> int:
    """How many rows at the beginning are the same in both."""
    pairs = enumerate(zip(one, other, strict=False))
    different = (at for at, (left, right) in pairs if left is not right and left != right)
    return next(different, min(len(one), len(other)))


def _updated_at(conversation: Conversation) -> datetime:
    return conversation.updated_at


def _pinned_at(conversation: Conversation) -> datetime:
    return conversation.pinned_at or conversation.updated_at

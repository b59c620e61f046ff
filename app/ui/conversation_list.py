"""The list of conversations: choose, rename, put into the trash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QFrame, QListView, QMenu, QWidget

from app.domain.chat import Conversation, ConversationId
from app.export.formats import Format
from app.ui.conversation_delegate import ConversationDelegate
from app.ui.conversation_model import ConversationModel, Index, RowRole
from app.ui.theme import Theme


class ConversationList(QListView):
    """Tells what the user wants done; it changes nothing itself."""

    conversation_selected = Signal(str)  # conversation id
    rename_requested = Signal(str, str)  # conversation id, title
    trash_requested = Signal(list, str)  # conversation ids, title of the first
    pin_requested = Signal(list, bool)  # conversation ids, pinned
    duplicate_requested = Signal(str)  # conversation id
    copy_requested = Signal(str, str)  # conversation id, value of a Format
    drag_requested = Signal(list)  # conversation ids, as files
    export_requested = Signal(list)  # conversation ids

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._quiet = False
        self._read_only = False
        self._later: tuple[Sequence[Conversation], date] | None = None
        self._build()
        self._connect()

    def _build(self) -> None:
        self.setObjectName("conversations")
        self.setAccessibleName("conversations")
        self.setFrameShape(QFrame.Shape.NoFrame)
        model = ConversationModel(self)
        self.setModel(model)
        self.setItemDelegate(ConversationDelegate(self._theme, self, model.is_heading))
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)

    def _connect(self) -> None:
        self.rows.rename_requested.connect(self.rename_requested)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.customContextMenuRequested.connect(self._on_menu_requested)

    @property
    def rows(self) -> ConversationModel:
        model = self.model()
        assert isinstance(model, ConversationModel)
        return model

    @property
    def selected(self) -> ConversationId | None:
        """The chosen conversation, where it is one."""
        found = self.all_selected
        return found[0] if len(found) == 1 else None

    @property
    def all_selected(self) -> list[ConversationId]:
        """The chosen conversations, from above."""
        found = sorted(self.selectionModel().selectedIndexes(), key=lambda index: index.row())
        return [index.data(RowRole.ID) for index in found if index.data(RowRole.ID)]

    def show_conversations(self, conversations: Sequence[Conversation], today: date) -> None:
        """Show these; the choice stays with its conversation, and a title that is being edited is waited for."""
        if self.state() == QAbstractItemView.State.EditingState:
            self._later = (conversations, today)
            return
        self._later = None
        chosen = self.all_selected
        self._quiet = True
        self.rows.show_conversations(conversations, today)
        self._quiet = False
        self.select(*chosen)

    def select(self, *conversation_ids: str | None) -> None:
        """Mark the conversation that is shown, or several, without telling about it."""
        rows = [row for row in map(self.rows.row_of, conversation_ids) if row >= 0]
        if rows == sorted(index.row() for index in self.selectionModel().selectedIndexes()):
            # Marking it anew would scroll to it, away from where the user looks.
            return
        self._quiet = True
        self.clearSelection()
        self.setCurrentIndex(self.rows.index(rows[0]) if rows else QModelIndex())
        for row in rows[1:]:
            self.selectionModel().select(self.rows.index(row), QItemSelectionModel.SelectionFlag.Select)
        self._quiet = False

    def set_read_only(self) -> None:
        """Let conversations be chosen, and nothing else."""
        self._read_only = True
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    def rename_selected(self) -> None:
        """Edit the title of the chosen conversation in its place."""
        index = self.currentIndex()
        if index.isValid() and not self._read_only:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            self.edit(index)

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """Paint what changed. QListView would lay out all rows anew, but each keeps its height whatever it says."""
        QAbstractItemView.dataChanged(self, first, last, list(roles))

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, hint)
        if self._later is not None:
            self.show_conversations(*self._later)

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Have the chosen conversations carried out of the window. What they are as files, others know."""
        if self.all_selected:
            self.drag_requested.emit(self.all_selected)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self._on_trash_triggered()
        else:
            super().keyPressEvent(event)

    @Slot(QItemSelection, QItemSelection)
    def _on_selection_changed(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        if not self._quiet and self.selected is not None:
            self.conversation_selected.emit(self.selected)

    @Slot(QPoint)
    def _on_menu_requested(self, place: QPoint) -> None:
        index = self.indexAt(place)
        if not index.isValid() or index.data(RowRole.HEADING):
            return
        if not self.selectionModel().isSelected(index):
            self.setCurrentIndex(index)
        self.menu().popup(self.viewport().mapToGlobal(place))

    def menu(self) -> QMenu:
        """What can be done with the chosen conversations; deletes itself when it is closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chosen = self.all_selected
        rows = [self.rows.index(self.rows.row_of(each)) for each in chosen]
        pinned = all(row.data(RowRole.PINNED) for row in rows)
        rename = menu.addAction(self.tr("Rename"))
        rename.triggered.connect(self.rename_selected)
        pin = menu.addAction(self.tr("Unpin") if pinned else self.tr("Pin"))
        pin.triggered.connect(partial(self.pin_requested.emit, chosen, not pinned))
        duplicate = menu.addAction(self.tr("Duplicate"))
        duplicate.triggered.connect(partial(self.duplicate_requested.emit, chosen[0]))
        copy = menu.addAction(self.tr("Copy as Markdown"))
        copy_plain = menu.addAction(self.tr("Copy as plain text"))
        for action, form in ((copy, Format.MARKDOWN), (copy_plain, Format.TEXT)):
            action.triggered.connect(partial(self.copy_requested.emit, chosen[0], form.value))
        menu.addAction(self.tr("Export…")).triggered.connect(partial(self.export_requested.emit, chosen))
        menu.addSeparator()
        trash = menu.addAction(self.tr("Move to trash"))
        trash.triggered.connect(self._on_trash_triggered)
        for action in (rename, duplicate, copy, copy_plain):
            action.setVisible(len(chosen) == 1)
        for action in (rename, pin, duplicate, trash):
            action.setEnabled(not self._read_only)
        return menu

    @Slot()
    def _on_trash_triggered(self) -> None:
        chosen = self.all_selected
        if chosen and not self._read_only:
            self.trash_requested.emit(chosen, str(self.rows.index(self.rows.row_of(chosen[0])).data()))

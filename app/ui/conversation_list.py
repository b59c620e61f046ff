"""The list of conversations: choose, rename, put into the trash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QItemSelection, QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QFrame, QListView, QMenu, QWidget

from app.domain.chat import Conversation, ConversationId
from app.ui.conversation_delegate import ConversationDelegate
from app.ui.conversation_model import ConversationModel, RowRole
from app.ui.theme import Theme


class ConversationList(QListView):
    """Tells what the user wants done; it changes nothing itself."""

    conversation_selected = Signal(str)  # conversation id
    rename_requested = Signal(str, str)  # conversation id, title
    trash_requested = Signal(str, str)  # conversation id, title

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
        self.setModel(ConversationModel(self))
        self.setItemDelegate(ConversationDelegate(self._theme, self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)

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
        """The chosen conversation."""
        found = self.selectionModel().selectedIndexes()
        return found[0].data(RowRole.ID) if found else None

    def show_conversations(self, conversations: Sequence[Conversation], today: date) -> None:
        """Show these; the choice stays with its conversation, and a title that is being edited is waited for."""
        if self.state() == QAbstractItemView.State.EditingState:
            self._later = (conversations, today)
            return
        self._later = None
        chosen = self.selected
        self._quiet = True
        self.rows.show_conversations(conversations, today)
        self._quiet = False
        self.select(chosen)

    def select(self, conversation_id: str | None) -> None:
        """Mark a conversation as the one that is shown, without telling about it."""
        self._quiet = True
        row = self.rows.row_of(conversation_id)
        if row < 0:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        else:
            self.setCurrentIndex(self.rows.index(row))
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

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, hint)
        if self._later is not None:
            self.show_conversations(*self._later)

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
        self.setCurrentIndex(index)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Rename")).triggered.connect(self._on_rename_triggered)
        menu.addAction(self.tr("Move to trash")).triggered.connect(self._on_trash_triggered)
        for action in menu.actions():
            action.setEnabled(not self._read_only)
        menu.popup(self.viewport().mapToGlobal(place))

    @Slot()
    def _on_rename_triggered(self) -> None:
        self.rename_selected()

    @Slot()
    def _on_trash_triggered(self) -> None:
        index = self.currentIndex()
        if index.isValid() and not index.data(RowRole.HEADING) and not self._read_only:
            self.trash_requested.emit(index.data(RowRole.ID), str(index.data()))

"""The trash: what is in it, when it goes for good, and the ways out of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from app.domain.chat import Conversation, ConversationId
from app.errors import AppError
from app.services.safety_events import TRASH_DAYS, Purged, SafetyEvent, SafetyFailed
from app.ui import safety_words, words
from app.ui.confirm_dialog import ConfirmDialog
from app.ui.entry_list import Entry
from app.ui.list_dialog import ListDialog
from app.ui.ports import CorePort
from app.ui.theme import Theme


class TrashDialog(ListDialog):
    """Whoever opens it passes on what the safety service tells."""

    def __init__(self, core: CorePort, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(
            theme,
            self.tr("Trash"),
            self.tr("Conversations stay here for {days} days, then they are deleted for good.").format(days=TRASH_DAYS),
            several=True,
            parent=parent,
        )
        self._core = core
        self._conversations: Sequence[Conversation] = ()
        self._restore = self.offer(self.tr("Restore"), "restore")
        self._delete = self.offer(self.tr("Delete for good…"), "delete")
        self._empty = self.offer(self.tr("Empty the trash…"), "empty")
        self._connect()
        self._reload()

    def _connect(self) -> None:
        self._restore.clicked.connect(self._on_restore_clicked)
        self._delete.clicked.connect(self._on_delete_clicked)
        self._empty.clicked.connect(self._on_empty_clicked)
        self.list.itemSelectionChanged.connect(self._refresh)
        self.list.itemActivated.connect(self._on_restore_clicked)

    def handle(self, event: SafetyEvent) -> None:
        """Show what became of it."""
        match event:
            case Purged(remaining):
                self.say(safety_words.purged(remaining), warns=bool(remaining))
            case SafetyFailed(failure):
                self.say(f"{failure.title} {failure.remedy}".strip(), warns=True)
            case _:
                pass

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Delete) and self._delete.isEnabled():
            self._on_delete_clicked()
        else:
            super().keyPressEvent(event)

    def _reload(self) -> None:
        found = self._core.chat.conversations(trashed=True)
        self._conversations = sorted(found, key=lambda each: each.trashed_at or each.updated_at, reverse=True)
        self.list.show_entries(
            [
                Entry(each.id, words.one_line(each.title) or words.untitled(), safety_words.trash_detail(each))
                for each in self._conversations
            ]
        )
        self.show_nothing("" if self._conversations else self.tr("The trash is empty."))
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        changeable = self._core.chat.read_only is None
        self._restore.setEnabled(changeable and bool(self.list.chosen))
        self._delete.setEnabled(changeable and bool(self.list.chosen))
        self._empty.setEnabled(changeable and bool(self._conversations))

    @Slot()
    def _on_restore_clicked(self) -> None:
        if not self._restore.isEnabled():
            return
        chosen = self.list.chosen
        try:
            for key in chosen:
                self._core.chat.restore(ConversationId(key))
        except AppError as error:
            self.say(str(error), warns=True)
        else:
            self.say(self.tr("Back in the list: {count}.").format(count=safety_words.conversations(len(chosen))))
        self._reload()

    @Slot()
    def _on_delete_clicked(self) -> None:
        self._ask(self.list.chosen)

    @Slot()
    def _on_empty_clicked(self) -> None:
        self._ask([each.id for each in self._conversations])

    def _ask(self, keys: Sequence[str]) -> None:
        what = safety_words.conversations(len(keys))
        if len(keys) == 1:
            title = next((each.title for each in self._conversations if each.id == keys[0]), "")
            what = self.tr("“{title}”").format(title=words.one_line(title or words.untitled())[:60])
        dialog = ConfirmDialog(
            self.tr("Delete {what} for good?").format(what=what),
            self.tr("This can't be undone: nothing of it stays here, in the caches or in the backups.")
            if len(keys) == 1
            else self.tr("This can't be undone: nothing of them stays here, in the caches or in the backups."),
            self.tr("Delete for good"),
            self,
        )
        dialog.accepted.connect(lambda: self._delete_for_good(keys))
        dialog.open()

    def _delete_for_good(self, keys: Sequence[str]) -> None:
        try:
            self._core.safety.delete_forever([ConversationId(key) for key in keys])
        except AppError as error:
            self.say(str(error), warns=True)
        else:
            self.say(self.tr("Deleted here. The backups are being cleaned…"))
        self._reload()

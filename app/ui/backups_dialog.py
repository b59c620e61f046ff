"""The backups: what there is to go back to, one more now, and the way back."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from app.errors import AppError
from app.services.safety_events import BackupCounted, BackupMade, Restored, SafetyEvent, SafetyFailed
from app.store.backups import Backup, Contents, Kind
from app.ui import safety_words
from app.ui.confirm_dialog import ConfirmDialog
from app.ui.entry_list import Entry
from app.ui.list_dialog import ListDialog
from app.ui.ports import CorePort
from app.ui.theme import Theme


class BackupsDialog(ListDialog):
    """Whoever opens it passes on what the safety service tells."""

    def __init__(self, core: CorePort, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(
            theme,
            self.tr("Backups"),
            self.tr(
                "A copy of all conversations is made by itself when something has changed, at most every half an hour. "
                "Older copies are thinned out. Those that you make stay."
            ),
            several=False,
            parent=parent,
        )
        self._core = core
        self._backups: dict[str, Backup] = {}
        self._contents: dict[str, Contents | None] = {}
        self._making = False
        self._make = self.offer(self.tr("Back up now"), "make")
        self._restore = self.offer(self.tr("Restore…"), "restore")
        self._connect()
        self._reload()

    def _connect(self) -> None:
        self._make.clicked.connect(self._on_make_clicked)
        self._restore.clicked.connect(self._on_restore_clicked)
        self.list.itemSelectionChanged.connect(self._refresh)
        self.list.itemActivated.connect(self._on_restore_clicked)

    def handle(self, event: SafetyEvent) -> None:
        """Show what became of it."""
        match event:
            case BackupCounted(backup, contents):
                self._contents[backup.name] = contents
                self.list.set_detail(backup.name, self._detail(backup))
                self._refresh()
            case BackupMade(backup):
                if backup.kind is Kind.MANUAL and self._making:
                    self._making = False
                    self.say(self.tr("The backup is made, and was found whole."))
                self._reload()
            case Restored(backup):
                self.set_busy(False)
                self.say(
                    self.tr("Your conversations are those of {moment}. What was there before is in the list.").format(
                        moment=safety_words.date_and_time(backup.made_at)
                    )
                )
                self._reload()
            case SafetyFailed(failure):
                self._making = False
                self.set_busy(False)
                self.say(f"{failure.title} {failure.remedy}".strip(), warns=True)
                self._reload()
            case _:
                pass

    def _reload(self) -> None:
        try:
            found = self._core.safety.backups()
        except AppError as error:
            found = []
            self.say(str(error), warns=True)
        self._backups = {backup.name: backup for backup in found}
        self.list.show_entries(
            [Entry(each.name, safety_words.date_and_time(each.made_at), self._detail(each)) for each in found]
        )
        self.show_nothing("" if found else self.tr("There are no backups yet."))
        self._core.safety.count([each for each in found if each.name not in self._contents])
        self._refresh()

    def _detail(self, backup: Backup) -> str:
        counted = backup.name in self._contents
        return safety_words.backup_detail(backup, counted, self._contents.get(backup.name))

    @Slot()
    def _refresh(self) -> None:
        idle = not self._making and not self._busy
        changeable = self._core.chat.read_only is None
        usable = [name for name in self.list.chosen if self._contents.get(name, True) is not None]
        self._make.setEnabled(idle and changeable)
        self._restore.setEnabled(idle and changeable and bool(usable))

    @Slot()
    def _on_make_clicked(self) -> None:
        self._making = True
        self.say(self.tr("Making a backup…"))
        self._refresh()
        self._core.safety.back_up_now()

    @Slot()
    def _on_restore_clicked(self) -> None:
        if not self._restore.isEnabled():
            return
        backup = self._backups[self.list.chosen[0]]
        words = self.tr(
            "All conversations become what they were on {moment}. What was said since then, in every conversation, is "
            "no longer shown. The present state is backed up first, so that you can come back to it."
        )
        dialog = ConfirmDialog(
            self.tr("Go back to this backup?"),
            words.format(moment=safety_words.date_and_time(backup.made_at)),
            self.tr("Go back"),
            self,
        )
        dialog.accepted.connect(lambda: self._go_back(backup))
        dialog.open()

    def _go_back(self, backup: Backup) -> None:
        try:
            self._core.safety.restore(backup)
        except AppError as error:
            self.say(str(error), warns=True)
            return
        self.set_busy(True)
        moment = safety_words.date_and_time(backup.made_at)
        self.say(self.tr("Backing up the present state, then going back to {moment}…").format(moment=moment))
        self._refresh()

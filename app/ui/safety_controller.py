"""Between the safety of the conversations and what the window says of it: the banner, the backups, the trash."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from app import APP_NAME
from app.domain.chat import Failure
from app.services.events import Saved, StorageFailed
from app.services.safety_events import BackupMade, DamageFound, Purged, Restored, SafetyEvent, SafetyFailed
from app.store.errors import DAMAGED
from app.ui import safety_words
from app.ui.backups_dialog import BackupsDialog
from app.ui.banner import Cause, Note
from app.ui.panels import Panels
from app.ui.ports import CorePort
from app.ui.theme import Theme
from app.ui.trash_dialog import TrashDialog

RETRY = 5000
"""Milliseconds between two tries to save what could not be saved."""


class SafetyController(QObject):
    """Tries again to save, and tells what is wrong for as long as it is."""

    replaced = Signal()  # the conversations are others now

    def __init__(self, core: CorePort, panels: Panels, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._core = core
        self._panels = panels
        self._theme = theme
        self._window = window
        self._dialog: BackupsDialog | TrashDialog | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(RETRY)
        self._connect()

    def _connect(self) -> None:
        self._core.safety.subscribe(self._on_safety)
        self._timer.timeout.connect(self._on_retry)
        self._panels.banner.acted.connect(self._on_acted)
        self._panels.sidebar.backups_requested.connect(self.show_backups)
        self._panels.sidebar.trash_requested.connect(self.show_trash)

    def start(self) -> None:
        """Say it if nothing can be written, and don't offer to."""
        failure = self._core.chat.read_only
        if failure is not None:
            self._panels.banner.put(Cause.READ_ONLY, Note(failure.title, failure.remedy))
            self._panels.composer.set_read_only()
            self._panels.sidebar.conversations.set_read_only()
            self._panels.pages.transcript.set_read_only()

    def handle(self, event: StorageFailed | Saved) -> None:
        """Take what the conversations tell."""
        match event:
            case StorageFailed(failure):
                self._show_unsaved(failure)
                self._timer.start()
            case Saved():
                self._panels.banner.remove(Cause.STORAGE)
                self._timer.stop()

    @Slot()
    def show_backups(self) -> None:
        """Open the list of backups."""
        self._open(BackupsDialog(self._core, self._theme, self._window))

    @Slot()
    def show_trash(self) -> None:
        # It may be deleted for good in there, or given back.
        self._panels.snackbar.withdraw()
        self._open(TrashDialog(self._core, self._theme, self._window))

    def _open(self, dialog: BackupsDialog | TrashDialog) -> None:
        self._dialog = dialog
        dialog.finished.connect(self._on_finished)
        dialog.open()

    def _show_unsaved(self, failure: Failure) -> None:
        banner = self._panels.banner
        if failure.title == DAMAGED.title:
            # Trying again won't help, but it does no harm either.
            self._show_damage(failure)
            return
        banner.put(Cause.STORAGE, Note(failure.title, safety_words.kept_in_memory(failure), self.tr("Try now")))

    def _show_damage(self, failure: Failure) -> None:
        close = self.tr("Close {name}").format(name=APP_NAME)
        self._panels.banner.put(Cause.DAMAGE, Note(failure.title, safety_words.start_again(), close))

    def _on_safety(self, event: SafetyEvent) -> None:
        banner = self._panels.banner
        told = self._dialog is not None
        if self._dialog is not None:
            self._dialog.handle(event)
        match event:
            case DamageFound(failure):
                self._show_damage(failure)
            case SafetyFailed(failure) if not told:
                banner.put(Cause.BACKUP, Note(failure.title, failure.remedy, closable=True))
            case Purged(remaining) if remaining and not told:
                title = self.tr("Not every copy of what was deleted could be deleted.")
                banner.put(Cause.REMAINING, Note(title, safety_words.purged(remaining), closable=True))
            case Purged(()):
                banner.remove(Cause.REMAINING)
            case Restored():
                banner.remove(Cause.BACKUP)
                self.replaced.emit()
            case BackupMade():
                banner.remove(Cause.BACKUP)
            case _:
                pass

    @Slot()
    def _on_retry(self) -> None:
        self._core.chat.save_again()

    @Slot(str)
    def _on_acted(self, cause: str) -> None:
        if cause == Cause.STORAGE:
            self._core.chat.save_again()
        elif cause == Cause.DAMAGE:
            self._window.close()

    @Slot()
    def _on_finished(self) -> None:
        self._dialog = None

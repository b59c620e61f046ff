"""Between the models of the core and the dialog that shows them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain.catalogue import Purpose
from app.services.model_purpose import purpose_of
from app.ui import model_words
from app.ui.add_model_dialog import AddModelDialog
from app.ui.manager_dialog import ManagerDialog
from app.ui.model_controller import ModelController
from app.ui.model_rows import (
    Do,
    Row,
    chosen_row,
    download_row,
    embedding_row,
    installed_row,
    prospect_row,
    task_row,
)
from app.ui.model_work import ModelWork
from app.ui.ports import CorePort
from app.ui.throttle import Throttle


class ManagerController(QObject):
    """Opens the dialog and keeps what it shows in step."""

    def __init__(self, core: CorePort, chosen: ModelController, work: ModelWork, window: QWidget) -> None:
        super().__init__(window)
        self._core = core
        self._store = core.model_store
        self._chosen = chosen
        self._work = work
        self._window = window
        self._dialog: ManagerDialog | None = None
        self._throttle = Throttle(self._show, self)

    @property
    def dialog(self) -> ManagerDialog | None:
        """The dialog while it is open."""
        return self._dialog

    @Slot()
    def open(self) -> None:
        """Show the models."""
        if self._dialog is None:
            dialog = self._dialog = ManagerDialog(self._window)
            dialog.acted.connect(self._work.carry_out)
            dialog.add_requested.connect(self._on_add_requested)
            dialog.offline_chosen.connect(self._work.set_offline)
            dialog.finished.connect(self._on_finished)
            self._show()
        self._dialog.show()
        self._dialog.raise_()

    def refresh(self) -> None:
        """Something about a model changed."""
        if self._dialog is not None:
            self._throttle.request()

    def _show(self) -> None:
        if self._dialog is None:
            return
        settings = self._core.settings
        to_get = self._to_get()
        documents = [row for purpose, row in to_get if purpose is Purpose.DOCUMENTS]
        embeddings = self._core.documents.embeddings if self._core.documents is not None else None
        if embeddings is not None:
            documents.insert(0, embedding_row(embeddings.state))
        self._dialog.show_models(self._here(), [row for purpose, row in to_get if purpose is Purpose.CHAT], documents)
        self._dialog.show_network(model_words.source(settings), settings.offline)

    def _here(self) -> list[Row]:
        state, work = self._chosen.state, self._work
        documents = self._core.documents
        embedding = documents.embeddings.state if documents is not None and documents.embeddings is not None else None
        rows = [
            installed_row(
                model, state, embedding, work.tasks.get(str(model.path)), work.outcomes.get(str(model.path), "")
            )
            for model in self._store.installed.all()
        ]
        kept = {row.key for row in rows}
        chosen = chosen_row(state)
        if chosen is not None and chosen.key not in kept:
            rows.insert(0, chosen)
        copied = [(key, task) for key, task in work.tasks.items() if task.verb is Do.COPY and key not in kept]
        return rows + [task_row(key, task) for key, task in copied]

    def _to_get(self) -> list[tuple[Purpose, Row]]:
        downloads, offline = self._store.downloads, self._core.settings.offline
        kept = {model.entry.id for model in self._store.installed.all() if model.entry and not model.problem}
        rows = [
            (each.entry.purpose, prospect_row(each, downloads.download(each.entry.id), offline))
            for each in self._store.prospects()
            if each.entry.id not in kept
        ]
        listed = {entry.id for entry in self._store.catalogue}
        others = [now for now in downloads.downloads() if now.entry.id not in listed | kept]
        return rows + [(now.entry.purpose, download_row(now, offline)) for now in others]

    @Slot()
    def _on_add_requested(self) -> None:
        dialog = QFileDialog(self._dialog, self.tr("Add a model file"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Models (*.gguf)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(self.add)
        dialog.open()

    @Slot(str)
    def add(self, name: str) -> None:
        """Ask whether a file is to be copied, unless it is one for documents, and take it in."""
        path = Path(name)
        if purpose_of(path) is Purpose.DOCUMENTS:
            self._chosen.choose(path)
            self.refresh()
            return
        dialog = AddModelDialog(path, self._dialog or self._window)
        dialog.copy_chosen.connect(self._work.copy_in)
        dialog.in_place_chosen.connect(self._work.use_in_place)
        dialog.open()

    @Slot()
    def _on_finished(self) -> None:
        self._dialog = None

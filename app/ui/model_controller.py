"""Between the model of the core and the panels that offer and show it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain.catalogue import Purpose
from app.errors import AppError
from app.services.events import ModelPhase, ModelState
from app.services.model_purpose import purpose_of
from app.ui import words
from app.ui.banner import Cause, Note
from app.ui.panels import Panels
from app.ui.ports import CorePort


class ModelController(QObject):
    """Carries out what the user wants of the model, and shows how it stands."""

    failed = Signal(object)  # AppError

    def __init__(self, core: CorePort, panels: Panels, window: QWidget) -> None:
        super().__init__(window)
        self._core = core
        self._panels = panels
        self._window = window
        self._trial = core.models.trial_model()
        self._connect()

    def _connect(self) -> None:
        header, first_run = self._panels.header, self._panels.pages.first_run
        for panel in (header, first_run):
            panel.open_requested.connect(self.ask_for_file)
            panel.trial_requested.connect(self._on_trial_requested)
        first_run.file_dropped.connect(self.choose)
        header.load_requested.connect(self._on_load_requested)
        header.unload_requested.connect(self._on_unload_requested)

    @property
    def state(self) -> ModelState:
        return self._core.models.state

    @property
    def usable(self) -> bool:
        """Whether there is a model to send messages to."""
        return self.state.phase not in (ModelPhase.NONE, ModelPhase.FAILED)

    def show_state(self) -> None:
        """Show how the model stands in every place that tells about it."""
        state = self.state
        pages = self._panels.pages
        self._panels.header.set_model(state, self._trial is not None)
        pages.first_run.set_trial(self._trial)
        pages.first_run.set_failure(state.failure if state.phase is ModelPhase.FAILED else None)
        loads = state.phase is ModelPhase.LOADING
        pages.empty.set_progress(words.model_status(state) if loads else "", state.fraction)

    def start(self, initial_model: Path | None) -> None:
        """Use this model, or begin to load the one that was used last."""
        if initial_model is not None:
            self.choose(initial_model)
        if self.state.phase is ModelPhase.UNLOADED:
            self._core.models.load()

    @Slot()
    def ask_for_file(self) -> None:
        """Let the user choose a file."""
        dialog = QFileDialog(self._window, self.tr("Open a model file"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Models (*.gguf)"), self.tr("All files (*)")])
        if self.state.file is not None:
            dialog.setDirectory(str(self.state.file.path.parent))
        dialog.fileSelected.connect(self._on_file_selected)
        dialog.open()

    @Slot(Path)
    def choose(self, path: Path) -> None:
        """Use this model from now on: to answer, or, if it is made for that, to find passages in documents."""
        try:
            if purpose_of(path) is Purpose.DOCUMENTS:
                self._use_for_documents(path)
            else:
                self._core.models.choose(path)
        except AppError as error:
            self.failed.emit(error)

    def stop_using_for_documents(self) -> None:
        """Find passages by their words alone. Raises SettingsError."""
        documents = self._core.documents
        if documents is not None and documents.embeddings is not None:
            documents.embeddings.use(None)

    def say_used_for_documents(self, name: str) -> None:
        """Tell that a model finds passages from now on."""
        title = self.tr("{name} is used for your documents.").format(name=name)
        said = self.tr(
            "It finds passages by their meaning. It does not chat, so the model that answers stays the same."
        )
        self._panels.banner.put(Cause.MODEL, Note(title, said, closable=True, good=True))

    def _use_for_documents(self, path: Path) -> None:
        documents = self._core.documents
        if documents is None or documents.embeddings is None:
            raise AppError(
                self.tr("{name} is a model for documents, and documents can’t be kept here.").format(name=path.name),
                self.tr("Choose another data folder, one that can be written to."),
            )
        documents.embeddings.use(path)
        self.say_used_for_documents(path.stem)

    @Slot(str)
    def _on_file_selected(self, name: str) -> None:
        if name:
            self.choose(Path(name))

    @Slot()
    def _on_trial_requested(self) -> None:
        if self._trial is not None:
            self.choose(self._trial.path)

    @Slot()
    def _on_load_requested(self) -> None:
        self._core.models.load()

    @Slot()
    def _on_unload_requested(self) -> None:
        self._core.models.unload()

"""All that the window does with models: the one that answers, those that are fetched and kept, the first page."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.services.document_events import EmbeddingChanged
from app.services.download_events import Download, DownloadChanged, DownloadPhase, InstalledChanged
from app.services.events import Event, ModelChanged
from app.ui.first_run_controller import FirstRunController
from app.ui.manager_controller import ManagerController
from app.ui.model_controller import ModelController
from app.ui.model_work import ModelWork
from app.ui.panels import Panels
from app.ui.ports import CorePort
from app.ui.throttle import Throttle

_PRESSING = (DownloadPhase.FAILED, DownloadPhase.PAUSED)


class ModelDesk(QObject):
    """Keeps every place that shows a model in step."""

    failed = Signal(object)  # AppError

    def __init__(self, core: CorePort, panels: Panels, window: QWidget) -> None:
        super().__init__(window)
        self._core = core
        self._panels = panels
        self.chosen = ModelController(core, panels, window)
        self.work = ModelWork(core, panels, self.chosen, window)
        self.manager = ManagerController(core, self.chosen, self.work, window)
        self._first = FirstRunController(core, panels.pages.first_run, self.work, self)
        # What arrives tells of itself often; reading how everything stands is not for each of these times.
        self._throttle = Throttle(self._show, self)
        self._connect()

    def _connect(self) -> None:
        strip = self._panels.downloads
        self.chosen.failed.connect(self.failed)
        self.work.failed.connect(self.failed)
        self.work.changed.connect(self._throttle.request)
        strip.acted.connect(self.work.carry_out)
        for source in (strip.details_requested, self._panels.header.models_requested):
            source.connect(self.manager.open)
        self._panels.sidebar.models_requested.connect(self.manager.open)
        self._panels.pages.first_run.others_requested.connect(self.manager.open)
        self._panels.pages.currentChanged.connect(self._on_page_changed)

    def start(self, initial_model: Path | None) -> None:
        """Show how the models stand, and begin to load the one that answers."""
        self.chosen.show_state()
        self.chosen.start(initial_model)
        self._show()

    def handle(self, event: Event) -> None:
        """Take what the core tells of models."""
        match event:
            case ModelChanged():
                self.chosen.show_state()
            case DownloadChanged(download):
                self.work.arrived(download)
            case InstalledChanged() | EmbeddingChanged():
                pass
            case _:
                return
        self._throttle.request()

    def _show(self) -> None:
        first_run = self._panels.pages.first_run
        in_sight = self._panels.pages.currentWidget() is first_run
        if in_sight:
            self._first.look_near()
            self._first.show()
        now = self._most_pressing()
        self._panels.downloads.show_download(None if in_sight else now, self._core.settings.offline)
        active = now is not None and now.active
        self._panels.sidebar.show_downloading(active)
        self._panels.status.show_downloading(active)
        self.manager.refresh()

    def _most_pressing(self) -> Download | None:
        """The download to tell about: one that runs, else one that waits for the user."""
        downloads = self._core.model_store.downloads.downloads()
        running = [each for each in downloads if each.active]
        waiting = [each for phase in _PRESSING for each in downloads if each.phase is phase]
        return next(iter(running + waiting), None)

    @Slot(int)
    def _on_page_changed(self, _index: int) -> None:
        self._throttle.request()
        self._throttle.flush()

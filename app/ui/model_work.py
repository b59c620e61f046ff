"""Carries out what is wanted of models: fetched, copied, verified, taken into use, removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.domain.catalogue import Purpose
from app.errors import AppError
from app.services.download_events import Download, DownloadPhase
from app.services.events import ModelPhase
from app.services.installed import Check, InstalledModel
from app.ui import words
from app.ui.banner import Cause, Note
from app.ui.confirm_dialog import ConfirmDialog
from app.ui.file_opener import FileOpener
from app.ui.model_controller import ModelController
from app.ui.model_rows import Do, Task
from app.ui.panels import Panels
from app.ui.ports import CorePort


class ModelWork(QObject):
    """Knows what runs, and what came of it."""

    changed = Signal()
    failed = Signal(object)  # AppError

    def __init__(self, core: CorePort, panels: Panels, chosen: ModelController, window: QWidget) -> None:
        super().__init__(window)
        self._core = core
        self._store = core.model_store
        self._banner = panels.banner
        self._chosen = chosen
        self._window = window
        self._opener = FileOpener(window)
        self._offered: Path | None = None
        self.tasks: dict[str, Task] = {}
        self.outcomes: dict[str, str] = {}
        self._ways: Mapping[Do, Callable[[str], None]] = {
            Do.GET: self._get,
            Do.PAUSE: self._store.downloads.pause,
            Do.CANCEL: self._cancel,
            Do.USE: lambda key: self._chosen.choose(Path(key)),
            Do.USE_HERE: lambda key: self.use_in_place(Path(key)),
            Do.COPY: lambda key: self.copy_in(Path(key)),
            Do.VERIFY: self._verify,
            Do.STOP: lambda _: self._store.shelf.stop(),
            Do.SHOW: lambda key: self._opener.show_in_folder(Path(key)),
            Do.REMOVE: self._remove,
            Do.NO_DOCUMENTS: lambda _: self._chosen.stop_using_for_documents(),
        }
        self._banner.acted.connect(self._on_banner_acted)

    @Slot(str, str)
    def carry_out(self, do: str, key: str) -> None:
        """Do what a row's button says."""
        try:
            self._ways[Do(do)](key)
        except AppError as error:
            self.failed.emit(error)
        self.changed.emit()

    def set_offline(self, offline: bool) -> None:
        """Put the offline lock on or off."""
        try:
            self._core.update_settings(offline=offline)
        except AppError as error:
            self.failed.emit(error)
        self.changed.emit()

    def use_in_place(self, path: Path) -> None:
        """Keep a model where it lies, and use it."""
        try:
            model = self._store.shelf.use_in_place(path)
        except AppError as error:
            self.failed.emit(error)
            return
        self._chosen.choose(model.path)

    def copy_in(self, path: Path) -> None:
        """Copy a model to the others, and offer it."""
        key = str(path)
        self._begin(key, Task(Do.COPY, path.name))
        self._store.shelf.copy_in(path, lambda *done: self._on_progress(key, *done), lambda end: self._copied(key, end))

    def arrived(self, now: Download) -> None:
        """A download is complete."""
        if now.phase is not DownloadPhase.DONE or not now.files:
            return
        if now.entry.purpose is Purpose.CHAT:
            self._offer(now.files[0], now.entry.name)
        elif self._core.documents is not None:
            self._chosen.say_used_for_documents(now.entry.name)

    def _offer(self, path: Path, name: str) -> None:
        """Use a model that has come; only offer it where another one answers that is more than a trial."""
        state = self._chosen.state
        title = self.tr("{name} is here.").format(name=name)
        replaces = state.phase in (ModelPhase.NONE, ModelPhase.FAILED) or (state.file is not None and state.file.trial)
        if replaces:
            self._offered = None
            self._chosen.choose(path)
            said = self.tr("It answers from now on.")
            self._banner.put(Cause.MODEL, Note(title, said, closable=True, good=True))
        elif state.file is not None and state.file.path != path:
            self._offered = path
            said = self.tr("{name} still answers.").format(name=words.model_name(state))
            self._banner.put(Cause.MODEL, Note(title, said, self.tr("Use it"), closable=True, good=True))

    def _get(self, key: str) -> None:
        now = self._store.downloads.download(key)
        entry = now.entry if now is not None else next(each for each in self._store.catalogue if each.id == key)
        self._store.downloads.start(entry)

    def _cancel(self, key: str) -> None:
        now = self._store.downloads.download(key)
        if now is None:
            return
        if not now.done:
            self._store.downloads.cancel(key)
            return
        self._ask(
            self.tr("Cancel the download of {name}?").format(name=now.entry.name),
            self.tr("{size} have arrived and will be deleted. To go on another day, pause it instead.").format(
                size=words.file_size(now.done)
            ),
            self.tr("Delete what has arrived"),
            lambda: self._store.downloads.cancel(key),
        )

    def _verify(self, key: str) -> None:
        model = self._model(key)
        if model is None:
            return
        self.outcomes.pop(key, None)
        self._begin(key, Task(Do.VERIFY, model.name))
        self._store.shelf.verify(
            model, lambda *done: self._on_progress(key, *done), lambda end: self._verified(key, end)
        )

    def _remove(self, key: str) -> None:
        model = self._model(key)
        if model is None:
            return
        if model.in_place:
            title = self.tr("Forget {name}?").format(name=model.name)
            said, action = self.tr("The file stays where it is. It can be opened again at any time."), self.tr("Forget")
        else:
            title = self.tr("Remove {name}?").format(name=model.name)
            said = self.tr("Its file is deleted, which frees {size}. To use it again, it has to be fetched anew.")
            said, action = said.format(size=words.file_size(model.size)), self.tr("Remove")
        self._ask(title, said, action, lambda: self._store.shelf.remove(model))

    def _model(self, key: str) -> InstalledModel | None:
        return next((each for each in self._store.installed.all() if str(each.path) == key), None)

    def _ask(self, title: str, said: str, action: str, do: Callable[[], None]) -> None:
        dialog = ConfirmDialog(title, said, action, self._window)
        dialog.accepted.connect(lambda: self._try(do))
        dialog.open()

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except AppError as error:
            self.failed.emit(error)
        self.changed.emit()

    def _begin(self, key: str, task: Task) -> None:
        self.tasks[key] = task
        self.changed.emit()

    def _on_progress(self, key: str, done: int, total: int) -> None:
        if key in self.tasks:
            self.tasks[key] = replace(self.tasks[key], done=done, total=total)
            self.changed.emit()

    def _copied(self, key: str, end: InstalledModel | AppError | None) -> None:
        self.tasks.pop(key, None)
        self.changed.emit()
        if isinstance(end, AppError):
            self.failed.emit(end)
        elif end is not None:
            self._offer(end.path, end.name)

    def _verified(self, key: str, end: Check | AppError | None) -> None:
        self.tasks.pop(key, None)
        match end:
            case Check.WRONG:
                self.outcomes[key] = self.tr("Damaged: this is not the file that was published. Get it again.")
            case Check.UNKNOWN:
                self.outcomes[key] = self.tr("It can be read to its end. Nobody has published a checksum to compare.")
            case AppError():
                self.outcomes[key] = str(end)
            case _:
                pass
        self.changed.emit()

    @Slot(str)
    def _on_banner_acted(self, cause: str) -> None:
        if cause == Cause.MODEL and self._offered is not None:
            path, self._offered = self._offered, None
            self._banner.remove(Cause.MODEL)
            self._chosen.choose(path)

"""What the first page offers: a model that lies near, the one that suits this computer, and downloads to go on with."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from app.domain.catalogue import Prospect, Purpose
from app.services.download_events import DownloadPhase
from app.services.installed import InstalledModel
from app.services.nearby import Nearby
from app.ui import model_words
from app.ui.first_run import FirstRun
from app.ui.model_rows import Act, Do, Row, Weight, download_row, nearby_row, prospect_row
from app.ui.model_words import tr
from app.ui.model_work import ModelWork
from app.ui.ports import CorePort


class FirstRunController(QObject):
    """Looks for files once, when the page is shown for the first time."""

    def __init__(self, core: CorePort, page: FirstRun, work: ModelWork, parent: QObject) -> None:
        super().__init__(parent)
        self._core = core
        self._store = core.model_store
        self._page = page
        self._work = work
        self._looked = False
        self._nearby: tuple[Nearby, ...] = ()
        page.acted.connect(work.carry_out)
        page.unlock_requested.connect(self._on_unlock_requested)

    def look_near(self) -> None:
        """Look for models beside the application, on removable disks and among the downloads."""
        if not self._looked:
            self._looked = True
            self._store.shelf.look_near(_beside(), self._on_found)

    def show(self) -> None:
        """Show how everything stands."""
        settings = self._core.settings
        self._page.show_rows(self._rows())
        fetching = any(now.active for now in self._store.downloads.downloads())
        self._page.show_network(model_words.source(settings), settings.offline, fetching)

    def _rows(self) -> list[Row]:
        offline = self._core.settings.offline
        here = [model for model in self._store.installed.all() if _answers(model)]
        kept = {model.entry.id for model in here if model.entry is not None}
        rows = [_here_row(model) for model in here]
        for found in self._nearby:
            if found.entry.purpose is Purpose.CHAT and found.entry.id not in kept:
                rows.append(nearby_row(found, self._work.tasks.get(str(found.files[0]))))
        # One button stands out: the shortest way to an answer.
        weight = Weight.SECONDARY if rows else Weight.PRIMARY
        unfinished = [now for now in self._store.downloads.downloads() if now.phase is not DownloadPhase.DONE]
        rows += [download_row(now, offline, weight) for now in unfinished]
        best = _best(self._store.prospects())
        if best is not None and best.entry.id not in kept | {now.entry.id for now in unfinished}:
            rows.append(prospect_row(best, None, offline, Weight.SECONDARY if unfinished else weight))
        return rows

    def _on_found(self, found: tuple[Nearby, ...]) -> None:
        self._nearby = found
        self.show()
        if found and self._page.isVisible() and not self._work.tasks:
            self._page.take_focus()

    @Slot()
    def _on_unlock_requested(self) -> None:
        self._work.set_offline(False)


def _answers(model: InstalledModel) -> bool:
    return not model.problem and (model.entry is None or model.entry.purpose is Purpose.CHAT)


def _here_row(model: InstalledModel) -> Row:
    """A model that is here and not in use."""
    act = Act(Do.USE, tr("Use it"), Weight.PRIMARY)
    return Row(str(model.path), model.name, model_words.installed(model), tr("here"), acts=(act,))


def _best(prospects: Sequence[Prospect]) -> Prospect | None:
    """The one that is recommended; where nothing runs, the catalogue's choice, which says why it doesn't."""
    chats = [each for each in prospects if each.entry.purpose is Purpose.CHAT]
    ranked = sorted(chats, key=lambda each: (each.recommended, each.entry.recommended))
    return ranked[-1] if ranked else None


def _beside() -> Path | None:
    """The folder that an installed application was started from."""
    return Path(sys.executable).parent if getattr(sys, "frozen", False) else None

"""Models that are kept and fetched, in memory: a test says how they get on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.domain.catalogue import CatalogueEntry, Prospect, Suitability
from app.errors import AppError
from app.services.catalogue import load_catalogue
from app.services.document_events import EmbeddingChanged, EmbeddingPhase, EmbeddingState
from app.services.download_events import Download, DownloadChanged, DownloadPhase, InstalledChanged
from app.services.events import Event
from app.services.installed import Check, InstalledModel
from app.services.nearby import Nearby

GIB = 1 << 30
CATALOGUE = load_catalogue()
SMALL, LARGE, NOMIC = CATALOGUE[:3]
HERE = InstalledModel(Path("/data/models/gpt-oss-20b-mxfp4.gguf"), (), "gpt-oss-20b", SMALL.size, SMALL, verified=True)
Tell = Callable[[Event], None]


def prospect(entry: CatalogueEntry, **changes: Any) -> Prospect:
    runs = Prospect(entry, Suitability.WELL, 11 * GIB, entry.size, 200 * GIB, "It fits.", entry.recommended)
    return replace(runs, **changes)


class FakeDownloads:
    def __init__(self, tell: Tell) -> None:
        self.calls: list[tuple[str, str]] = []
        self.refuse: AppError | None = None
        self._tell = tell
        self._downloads: dict[str, Download] = {}

    def downloads(self) -> list[Download]:
        return list(self._downloads.values())

    def download(self, identity: str) -> Download | None:
        return self._downloads.get(identity)

    def start(self, entry: CatalogueEntry) -> None:
        self.calls.append(("start", entry.id))
        if self.refuse is not None:
            raise self.refuse
        self.become(entry, DownloadPhase.ASKING)

    def pause(self, identity: str) -> None:
        self.calls.append(("pause", identity))
        now = self._downloads[identity]
        self.become(now.entry, DownloadPhase.PAUSED, done=now.done, total=now.total)

    def cancel(self, identity: str) -> None:
        self.calls.append(("cancel", identity))
        self._tell(DownloadChanged(self._downloads.pop(identity), cancelled=True))

    def become(self, entry: CatalogueEntry, phase: DownloadPhase, **changes: Any) -> None:
        """A download gets on."""
        now = self._downloads[entry.id] = Download(entry, phase, **changes)
        self._tell(DownloadChanged(now))

    def leave(self, now: Download) -> None:
        """An earlier run of the application left this."""
        self._downloads[now.entry.id] = now


class FakeInstalled:
    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._models: list[InstalledModel] = []

    def all(self) -> list[InstalledModel]:
        return list(self._models)

    def put(self, *models: InstalledModel) -> None:
        """These and no others are here."""
        self._models = list(models)
        self._tell(InstalledChanged())


class FakeShelf:
    """Long work that a test ends."""

    def __init__(self, installed: FakeInstalled) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.near: tuple[Nearby, ...] = ()
        self._installed = installed
        self._progress: list[Callable[[int, int], None]] = []
        self._ends: list[Callable[[Any], None]] = []

    def copy_in(
        self,
        path: Path,
        on_progress: Callable[[int, int], None],
        on_end: Callable[[InstalledModel | AppError | None], None],
    ) -> None:
        self.calls.append(("copy_in", path))
        self._progress.append(on_progress)
        self._ends.append(on_end)

    def verify(
        self,
        model: InstalledModel,
        on_progress: Callable[[int, int], None],
        on_end: Callable[[Check | AppError | None], None],
    ) -> None:
        self.calls.append(("verify", model.name))
        self._progress.append(on_progress)
        self._ends.append(on_end)

    def get_on(self, done: int, total: int) -> None:
        self._progress[-1](done, total)

    def end(self, outcome: object) -> None:
        """The work that was begun last ends."""
        self._progress.pop()
        self._ends.pop()(outcome)

    def look_near(self, beside: Path | None, on_end: Callable[[tuple[Nearby, ...]], None]) -> None:
        on_end(self.near)

    def use_in_place(self, path: Path) -> InstalledModel:
        self.calls.append(("use_in_place", path))
        model = InstalledModel(path, (path,), path.stem, 1_000_000, in_place=True)
        self._installed.put(*self._installed.all(), model)
        return model

    def remove(self, model: InstalledModel) -> None:
        self.calls.append(("remove", model.name))
        self._installed.put(*(each for each in self._installed.all() if each != model))

    def stop(self) -> None:
        self.calls.append(("stop",))
        while self._ends:
            self.end(None)


class FakeModelStore:
    def __init__(self, tell: Tell) -> None:
        self.catalogue = CATALOGUE
        self.downloads = FakeDownloads(tell)
        self.installed = FakeInstalled(tell)
        self.shelf = FakeShelf(self.installed)
        self.found = [
            prospect(SMALL),
            prospect(LARGE, suitability=Suitability.NOT_HERE, sentence="gpt-oss-120b needs 61.0 GB of memory."),
            prospect(NOMIC),
        ]

    def prospects(self) -> list[Prospect]:
        return self.found


class FakeEmbeddings:
    def __init__(self, tell: Tell) -> None:
        self.calls: list[Path | None] = []
        self.state = EmbeddingState()
        self._tell = tell

    def use(self, path: Path | None) -> None:
        self.calls.append(path)
        self.become(EmbeddingState(EmbeddingPhase.READY if path else EmbeddingPhase.OFF, path))

    def become(self, state: EmbeddingState) -> None:
        self.state = state
        self._tell(EmbeddingChanged(state))

"""What the window needs of the models that are kept, fetched and brought."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from app.domain.catalogue import CatalogueEntry, Prospect
from app.errors import AppError
from app.services.document_events import EmbeddingState
from app.services.download_events import Download
from app.services.installed import Check, InstalledModel
from app.services.nearby import Nearby

OnProgress = Callable[[int, int], None]
"""Told bytes done, and bytes of the whole."""


class DownloadsPort(Protocol):
    """Models on their way. See DownloadService."""

    def downloads(self) -> Sequence[Download]: ...

    def download(self, identity: str) -> Download | None: ...

    def start(self, entry: CatalogueEntry) -> None: ...

    def pause(self, identity: str) -> None: ...

    def cancel(self, identity: str) -> None: ...


class InstalledPort(Protocol):
    """Models that are here. See InstalledModels."""

    def all(self) -> Sequence[InstalledModel]: ...


class ShelfPort(Protocol):
    """Long work on files. See ModelShelf."""

    def copy_in(
        self, path: Path, on_progress: OnProgress, on_end: Callable[[InstalledModel | AppError | None], None]
    ) -> None: ...

    def verify(
        self, model: InstalledModel, on_progress: OnProgress, on_end: Callable[[Check | AppError | None], None]
    ) -> None: ...

    def look_near(self, beside: Path | None, on_end: Callable[[tuple[Nearby, ...]], None]) -> None: ...

    def use_in_place(self, path: Path) -> InstalledModel: ...

    def remove(self, model: InstalledModel) -> None: ...

    def stop(self) -> None: ...


class ModelStorePort(Protocol):
    """The catalogue, and the three above."""

    @property
    def catalogue(self) -> Sequence[CatalogueEntry]: ...

    @property
    def downloads(self) -> DownloadsPort: ...

    @property
    def installed(self) -> InstalledPort: ...

    @property
    def shelf(self) -> ShelfPort: ...

    def prospects(self) -> Sequence[Prospect]: ...


class EmbeddingsPort(Protocol):
    """The model that finds passages by their meaning. See Embeddings."""

    @property
    def state(self) -> EmbeddingState: ...

    def use(self, path: Path | None) -> None: ...

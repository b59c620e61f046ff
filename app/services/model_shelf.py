"""Long work on the models that are here, beside everything else: copying, verifying, looking for files nearby."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from app.domain.catalogue import CatalogueEntry
from app.errors import AppError
from app.jobs import Lane, Post
from app.services.checksums import Progress
from app.services.errands import Errands
from app.services.installed import Check, InstalledModel, InstalledModels
from app.services.nearby import Nearby, models_nearby, places_to_look


class ModelShelf:
    """Runs such work one after another. Called on the main thread only; on_end is called there too."""

    def __init__(
        self,
        installed: InstalledModels,
        catalogue: Iterable[CatalogueEntry],
        lane: Lane,
        post: Post,
        on_change: Callable[[], None],
        on_removed: Callable[[Path], None],
    ) -> None:
        """on_change is told that a model came or went; on_removed which file can no longer be used."""
        self._installed = installed
        self._catalogue = tuple(catalogue)
        self._lane = lane
        self._post = post
        self._on_change = on_change
        self._on_removed = on_removed
        self._errands = Errands(lane, post)

    def copy_in(
        self, path: Path, on_progress: Progress, on_end: Callable[[InstalledModel | AppError | None], None]
    ) -> None:
        """Copy a model into the folder of models. on_end gets it, what went wrong, or None after stop()."""

        def ended(outcome: InstalledModel | AppError | None) -> None:
            if isinstance(outcome, InstalledModel):
                self._on_change()
            on_end(outcome)

        self._errands.start(lambda progress: self._installed.copy_in(path, progress), on_progress, ended)

    def verify(
        self, model: InstalledModel, on_progress: Progress, on_end: Callable[[Check | AppError | None], None]
    ) -> None:
        """Hash a model. on_end gets what that told, what went wrong, or None after stop()."""

        def ended(outcome: Check | AppError | None) -> None:
            if isinstance(outcome, Check):
                self._on_change()
            on_end(outcome)

        self._errands.start(lambda progress: self._installed.verify(model, progress), on_progress, ended)

    def look_near(self, beside: Path | None, on_end: Callable[[tuple[Nearby, ...]], None]) -> None:
        """Look for models of the catalogue beside the application, on removable disks and among the downloads."""

        def job() -> None:
            found = models_nearby(places_to_look(beside), self._catalogue)
            self._post(lambda: on_end(found))

        self._lane.submit(job)

    def use_in_place(self, path: Path) -> InstalledModel:
        """Use a model where it lies. Raises AppError."""
        model = self._installed.use_in_place(path)
        self._on_change()
        return model

    def remove(self, model: InstalledModel) -> None:
        """Delete a model, or forget one that is used in place. Raises AppError."""
        # It may be in memory, and some systems delete no file that is.
        self._on_removed(model.path)
        self._installed.remove(model)
        self._on_change()

    def note_downloaded(self, files: Sequence[Path], sha256: Sequence[str]) -> None:
        self._installed.note_downloaded(files, sha256)
        self._on_change()

    def stop(self) -> None:
        """End what runs and what waits. Nothing is left of a copy."""
        self._errands.stop()

    def close(self) -> None:
        self._errands.close()

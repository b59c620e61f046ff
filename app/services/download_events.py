"""What is told of models that are fetched, brought and kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.domain.catalogue import CatalogueEntry
from app.domain.chat import Failure


class DownloadPhase(StrEnum):
    """WAITING is for another download to end, or for the next attempt. CHECKING hashes what is on the disk already."""

    WAITING = "waiting"
    ASKING = "asking"
    FETCHING = "fetching"
    CHECKING = "checking"
    PAUSED = "paused"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Download:
    """A model on its way. done and total are bytes of all its files; a total of 0 is not known yet.

    checked (0 to 1) is how far what has arrived is hashed, while that is done. speed (bytes a second) and seconds_left
    are None where nobody knows; reason says in a sentence what is waited for. files are the model's once it is there,
    the first part first.
    """

    entry: CatalogueEntry
    phase: DownloadPhase
    done: int = 0
    total: int = 0
    speed: float | None = None
    seconds_left: float | None = None
    checked: float | None = None
    reason: str = ""
    failure: Failure | None = None
    files: tuple[Path, ...] = ()

    @property
    def active(self) -> bool:
        return self.phase not in (DownloadPhase.PAUSED, DownloadPhase.FAILED, DownloadPhase.DONE)


@dataclass(frozen=True, slots=True)
class DownloadChanged:
    """How a download stands now. cancelled: it is gone, with all that had arrived."""

    download: Download
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class InstalledChanged:
    """A model came or went."""

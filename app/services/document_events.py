"""What is told of documents: files that are being attached, and libraries that are kept in step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NewType

from app.domain.chat import Failure
from app.domain.documents import FileStatus

AttachmentId = NewType("AttachmentId", str)


@dataclass(frozen=True, slots=True)
class PendingAttachment:
    """A file that the user wants to send along. Ready to be sent when its status is READ or INDEXED.

    reason says in words why it can't be. pages is None where the format has none. tokens estimates what the model would
    have to read; whole tells that it goes in whole, not by search.
    """

    id: AttachmentId
    path: Path
    name: str
    size: int
    status: FileStatus
    reason: str = ""
    sha256: str = ""
    pages: int | None = None
    passages: int = 0
    tokens: int = 0
    whole: bool = False

    @property
    def ready(self) -> bool:
        return self.status in (FileStatus.READ, FileStatus.INDEXED, FileStatus.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Library:
    """Folders that are kept in the index under a name. files counts all that were seen, indexed those with text.

    waiting are still to be read; seconds_left estimates how long that takes, None where nobody knows. busy: its folders
    are being looked through or its files read. missing are those of its folders that are not there; what was read of
    them stays.
    """

    name: str
    folders: tuple[Path, ...]
    files: int = 0
    indexed: int = 0
    failed: int = 0
    waiting: int = 0
    passages: int = 0
    paused: bool = False
    seconds_left: float | None = None
    busy: bool = False
    missing: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """How one file of a library stands."""

    path: Path
    size: int
    status: FileStatus
    reason: str = ""
    pages: int | None = None
    passages: int = 0


class EmbeddingPhase(StrEnum):
    """What is being done so that passages are found by their meaning."""

    OFF = "off"
    READY = "ready"
    WORKING = "working"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EmbeddingState:
    """The embedding model in use (None for none), and how many passages still wait for their vectors."""

    phase: EmbeddingPhase = EmbeddingPhase.OFF
    path: Path | None = None
    waiting: int = 0
    seconds_left: float | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class EmbeddingChanged:
    state: EmbeddingState


@dataclass(frozen=True, slots=True)
class AttachmentChanged:
    attachment: PendingAttachment


@dataclass(frozen=True, slots=True)
class LibraryChanged:
    """A library is new, gone (then with no folders), or further along."""

    library: Library


DocumentEvent = AttachmentChanged | LibraryChanged | EmbeddingChanged

"""What a download process is asked, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from app.domain.catalogue import HubFile

DEFAULT_ENDPOINT = "https://huggingface.co"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to bear with a server, times in seconds.

    A download gives up after so many attempts in a row that brought nothing, and sooner, after first_attempts, if the
    hub was never reached. Pauses between them double. A connection that brings next to nothing for stall_seconds is
    given up; a server may ask for longest_wait at most.
    """

    attempts: int = 10
    first_attempts: int = 4
    first_pause: float = 0.5
    longest_pause: float = 60.0
    stall_seconds: float = 30.0
    longest_wait: float = 900.0


@dataclass(frozen=True, slots=True)
class DownloadRequest:
    """Fetch these files into a folder. entry names the model in sidecars. A token is sent to the endpoint alone."""

    entry: str
    repository: str
    revision: str | None
    files: tuple[HubFile, ...]
    folder: Path
    endpoint: str = DEFAULT_ENDPOINT
    token: str | None = field(default=None, repr=False)
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class Asking:
    """The hub is asked what the files are."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """done and total count the bytes of all files."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next attempt comes in so many seconds; reason says in a sentence why."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Checking:
    """What is on the disk already is hashed, so many bytes of so many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Downloaded:
    """All files stand under their names, and their checksums, which are these, are right."""

    files: tuple[Path, ...]
    sha256: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """It was asked to stop. What has arrived is kept."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What went wrong, and what to do. What has arrived is kept, unless it was wrong."""

    title: str
    remedy: str
    details: str = ""


Event = Asking | Fetching | Waiting | Checking | Downloaded | Stopped | Failed
END = (Downloaded, Stopped, Failed)

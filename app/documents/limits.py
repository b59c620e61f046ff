"""How much a single file may cost, and the word for a file that can't be read."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.documents import FileStatus

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take. Beyond pages and characters a document is cut, beyond the rest refused.

    memory_bytes is what the process may allocate. The file itself is mapped, not copied, so that memory_bytes plus
    file_bytes bound what is resident. unpacked_bytes is for all parts of an archive that are read, entries for all it
    holds.
    """

    file_bytes: int = 100 * MIB
    memory_bytes: int = 256 * MIB
    cpu_seconds: int = 120
    wall_seconds: float = 600.0
    units: int = 5_000
    characters: int = 12_000_000
    blocks: int = 200_000
    marks: int = 600_000
    entries: int = 20_000
    unpacked_bytes: int = 400 * MIB
    text_bytes: int = 32 * MIB
    """How much of a file that is nothing but text is looked at."""
    reply_bytes: int = 96 * MIB


DEFAULT_LIMITS = Limits()


class UnreadableError(Exception):
    """A file can't be read: its status, and the reason as a sentence for a person. Never leaves this package."""

    def __init__(self, status: FileStatus, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


def damaged(reason: str) -> UnreadableError:
    return UnreadableError(FileStatus.DAMAGED, reason)

"""What is told of backups, of damage and of the trash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.domain.chat import Failure
from app.store.backups import Backup, Contents

TRASH_DAYS = 30


@dataclass(frozen=True, slots=True)
class BackupMade:
    """A backup was made and found whole."""

    backup: Backup


@dataclass(frozen=True, slots=True)
class SafetyFailed:
    """Something could not be done, a backup above all. What was stored is as it was; it is tried again."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class DamageFound:
    """The open database is damaged. Close the application and start it again: it will offer to rescue it."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Restored:
    """The conversations are those of this backup. All that is shown has to be read again."""

    backup: Backup


@dataclass(frozen=True, slots=True)
class Purged:
    """Conversations deleted for good have left the backups as well; remaining are files that may still hold them."""

    remaining: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class BackupCounted:
    """What is in a backup; contents is None where it can't be read."""

    backup: Backup
    contents: Contents | None


SafetyEvent = BackupMade | SafetyFailed | DamageFound | Restored | Purged | BackupCounted

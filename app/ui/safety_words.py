"""What the window says about backups, the trash and trouble with the file of conversations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

from app import APP_NAME
from app.domain.chat import Conversation, Failure
from app.services.safety_events import TRASH_DAYS
from app.store.backups import Backup, Contents, Kind
from app.ui import words

_MOST_NAMES = 3


def tr(text: str) -> str:
    """The text in the user's language."""
    return QCoreApplication.translate("SafetyWords", text)


def day(moment: datetime) -> str:
    there = words.local(moment)
    return QLocale().toString(QDate(there.year, there.month, there.day), "d MMMM yyyy")


def date_and_time(moment: datetime) -> str:
    """A moment that can't be mistaken for another: 24 November 2026, 14:02."""
    there = words.local(moment)
    time = QLocale().toString(QTime(there.hour, there.minute, there.second), QLocale.FormatType.ShortFormat)
    return f"{day(moment)}, {time}"


def kind(backup: Backup) -> str:
    match backup.kind:
        case Kind.AUTOMATIC:
            return tr("Made automatically")
        case Kind.MANUAL:
            return tr("Made by you")
        case Kind.MIGRATION:
            return tr("Before an update")
        case Kind.RESTORE:
            return tr("Before going back")


def contents(found: Contents) -> str:
    """How much there is: 12 conversations, 140 messages."""
    return tr("{conversations}, {messages}").format(
        conversations=conversations(found.conversations), messages=messages(found.messages)
    )


def conversations(count: int) -> str:
    return tr("1 conversation") if count == 1 else tr("{count} conversations").format(count=words.number(count))


def messages(count: int) -> str:
    return tr("1 message") if count == 1 else tr("{count} messages").format(count=words.number(count))


def backup_detail(backup: Backup, counted: bool, found: Contents | None) -> str:
    """The line under a backup's date; counted tells whether somebody has looked into it."""
    parts = [kind(backup)]
    if counted:
        parts.append(contents(found) if found is not None else tr("damaged, can't be used"))
    parts.append(words.file_size(backup.size))
    return " · ".join(parts)


def trash_detail(conversation: Conversation) -> str:
    """Since when a conversation is in the trash, and when it goes for good."""
    since = conversation.trashed_at or conversation.updated_at
    return tr("In the trash since {since} · goes for good on {end}").format(
        since=day(since), end=day(since + timedelta(days=TRASH_DAYS))
    )


def purged(remaining: Sequence[Path]) -> str:
    """Where copies of what was deleted for good are left."""
    if not remaining:
        return tr("Deleted for good, in the backups too. No copy is left.")
    names = ", ".join(path.name for path in remaining[:_MOST_NAMES])
    more = len(remaining) - _MOST_NAMES
    if more > 0:
        names += tr(" and {count} more").format(count=words.number(more))
    return tr(
        "Damaged files can't be changed, so copies may be left in {names}. They are in your data folder. "
        "Delete them there once you don't need them any more."
    ).format(names=names)


def kept_in_memory(failure: Failure) -> str:
    """What becomes of words that could not be saved."""
    return tr("Your words are kept in memory and on screen. Saving is tried again. {remedy}").format(
        remedy=failure.remedy
    )


def start_again() -> str:
    return tr(
        "Copy what you need of what is on screen, then close {name} and start it again. It will offer to rescue "
        "everything that can still be read."
    ).format(name=APP_NAME)

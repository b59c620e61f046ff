"""How the settings dialog words times and prices."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.domain.models import ContextPrice, Fit
from app.ui import words


def tr(text: str) -> str:
    """The text in the user's language."""
    return QCoreApplication.translate("SettingsWords", text)


def idle_time(minutes: int) -> str:
    """A time without use, as a choice: Never, 30 minutes, 2 hours."""
    if minutes == 0:
        return tr("Never")
    if minutes == 1:
        return tr("After 1 minute")
    if minutes >= 120 and minutes % 60 == 0:
        return tr("After {hours} hours").format(hours=minutes // 60)
    return tr("After {minutes} minutes").format(minutes=minutes)


def tokens(count: int) -> str:
    return tr("{count} tokens").format(count=words.thousands(count))


def price(context: ContextPrice) -> str:
    """What a context takes, or nothing if nobody knows."""
    return "" if context.memory is None else words.memory(context.memory)


def fit(context: ContextPrice) -> str:
    """What is to be known before a context is chosen."""
    match context.fit:
        case Fit.FITS:
            return ""
        case Fit.TIGHT:
            return tr("tight")
        case Fit.TOO_LARGE:
            return tr("more than is free now")

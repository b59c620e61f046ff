"""How the settings dialog words sizes and times."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from app.domain.models import ContextPrice, Fit
from app.ui import words

MIB, GIB = 1 << 20, 1 << 30


def tr(text: str) -> str:
    """The text in the user's language."""
    return QCoreApplication.translate("SettingsWords", text)


def size(size_in_bytes: int) -> str:
    """Bytes in the unit in which memory and room are counted, rounded up: 812 MiB, 11.8 GiB."""
    if size_in_bytes < GIB:
        return tr("{size} MiB").format(size=words.number(math.ceil(size_in_bytes / MIB)))
    return tr("{size} GiB").format(size=words.decimal(math.ceil(size_in_bytes / GIB * 10) / 10))


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
    return "" if context.memory is None else size(context.memory)


def fit(context: ContextPrice) -> str:
    """What is to be known before a context is chosen."""
    match context.fit:
        case Fit.FITS:
            return ""
        case Fit.TIGHT:
            return tr("tight")
        case Fit.TOO_LARGE:
            return tr("more than is free now")

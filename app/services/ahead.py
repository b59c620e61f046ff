"""What goes along with the next message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.chat import Attachment, ConversationId

Attached = Callable[[ConversationId], Sequence[Attachment]]
"""Called with a message's conversation before its turn begins: binds documents to it, and gives the message's files."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is going to come with the next message: files, and whether the model can search documents from then on."""

    files: tuple[Attachment, ...] = ()
    searched: bool = False


NOTHING_AHEAD = Ahead()

"""Copies of conversations under other ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.domain.chat import Conversation, ConversationId, MessageId


def renamed(conversation: Conversation, rename: Callable[[str], str]) -> Conversation:
    """The conversation with every id replaced by what rename makes of it; rename gives the same for the same id."""
    new_id = ConversationId(rename(conversation.id))

    def message_id(old: MessageId | None) -> MessageId | None:
        return None if old is None else MessageId(rename(old))

    return replace(
        conversation,
        id=new_id,
        head_id=message_id(conversation.head_id),
        in_sight_from=message_id(conversation.in_sight_from),
        messages=tuple(
            replace(
                message,
                id=MessageId(rename(message.id)),
                conversation_id=new_id,
                parent_id=message_id(message.parent_id),
            )
            for message in conversation.messages
        ),
    )

"""Random conversations: trees of messages with parts of every kind."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from app.domain.chat import (
    Attachment,
    Citation,
    Conversation,
    ConversationId,
    Effort,
    Failure,
    FailureKind,
    Message,
    MessageId,
    Part,
    Reasoning,
    Role,
    Statistics,
    Status,
    Text,
    ToolCall,
    ToolResult,
)

# Halves of surrogate pairs, which the store replaces in titles; see storable in app/store/rows.py.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
counts = st.integers(-(2**53), 2**53)
numbers = st.floats(allow_nan=False, allow_infinity=False)
token_ids = st.lists(st.integers(0, 2**32 - 1), max_size=4).map(tuple)
ids = st.uuids(version=4).map(lambda identity: identity.hex)
moments = st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC))

parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, texts, token_ids, st.booleans()),
    st.builds(Reasoning, texts, numbers, counts),
    st.builds(ToolCall, texts, texts, texts, texts, token_ids),
    st.builds(ToolResult, texts, texts, texts),
    st.builds(Attachment, texts, texts, counts, texts),
    st.builds(
        Citation, counts, texts, counts, counts, texts, st.none() | counts, st.booleans(), texts, texts, counts, counts
    ),
)
statistics = st.builds(Statistics, counts, counts, numbers, numbers, counts, numbers, counts, counts, counts)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Draw a conversation with up to eight messages, each the child of an earlier one or the first of a branch."""
    conversation_id = ConversationId(draw(ids))
    message_ids = draw(st.lists(ids, max_size=8, unique=True))
    messages: list[Message] = []
    for identity in message_ids:
        parent: Any = draw(st.none() | st.sampled_from([message.id for message in messages])) if messages else None
        messages.append(
            Message(
                id=MessageId(identity),
                conversation_id=conversation_id,
                parent_id=parent,
                role=draw(st.sampled_from(Role)),
                parts=tuple(draw(st.lists(parts, max_size=4))),
                created_at=draw(moments),
                status=draw(st.sampled_from([status for status in Status if status is not Status.STREAMING])),
                model=draw(texts),
                statistics=draw(st.none() | statistics),
                failure=draw(st.none() | st.builds(Failure, texts, texts, st.sampled_from(FailureKind))),
            )
        )
    return Conversation(
        id=conversation_id,
        title=draw(texts),
        created_at=draw(moments),
        updated_at=draw(moments),
        started_on=draw(st.dates(date(1, 1, 1))),
        effort=draw(st.sampled_from(Effort)),
        head_id=draw(st.none() | st.sampled_from([message.id for message in messages])) if messages else None,
        in_sight_from=draw(st.none() | st.sampled_from([message.id for message in messages])) if messages else None,
        messages=tuple(messages),
    )

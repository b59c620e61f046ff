"""Rows of the tables conversations and messages as values of the domain, and what of these is JSON or a timestamp."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from app.domain.chat import (
    Conversation,
    ConversationId,
    Effort,
    Failure,
    FailureKind,
    Message,
    MessageId,
    Part,
    Role,
    Statistics,
    Status,
)
from app.store.parts import to_json

_Value = TypeVar("_Value", Statistics, Failure)

CONVERSATION = (
    "id",
    "title",
    "created_at",
    "updated_at",
    "started_on",
    "effort",
    "head_id",
    "trashed_at",
    "in_sight_from",
    "pinned_at",
)
# A newer version may have invented others, which are taken for the usual one.
_EFFORTS = {each.value: each for each in Effort}
_ROLES = {each.value: each for each in Role}
_STATUSES = {each.value: each for each in Status}
_FAILURES = {each.value: each for each in FailureKind}


def now() -> datetime:
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """Write a moment so that the order of the texts is the order of the moments."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def storable(text: str) -> str:
    """Replace halves of surrogate pairs, which UTF-8 can't express, by question marks."""
    return text.encode("utf-8", "replace").decode()


def value_to_json(value: Statistics | Failure | None) -> str | None:
    return None if value is None else to_json(dataclasses.asdict(value))


def conversation_from_row(row: dict[str, Any], messages: Sequence[Message] = ()) -> Conversation:
    # An older file that can't be changed is read as it is.
    found = conversation_of(*map(row.get, CONVERSATION))  # type: ignore[arg-type]  # the schema knows
    return replace(found, messages=tuple(messages))


def conversation_of(
    identity: str,
    title: str,
    created_at: str,
    updated_at: str,
    started_on: str,
    effort: str,
    head_id: str | None,
    trashed_at: str | None,
    in_sight_from: str | None,
    pinned_at: str | None,
) -> Conversation:
    """The conversation in a row of the columns that CONVERSATION names. In this form, as thousands are listed."""
    return Conversation(
        ConversationId(identity),
        title,
        _moment(created_at),
        _moment(updated_at),
        _day(started_on),
        _EFFORTS.get(effort, Effort.MEDIUM),
        MessageId(head_id) if head_id is not None else None,
        _moment(trashed_at) if trashed_at is not None else None,
        MessageId(in_sight_from) if in_sight_from else None,
        _moment(pinned_at) if pinned_at else None,
    )


def message_from_row(row: dict[str, Any], parts: Sequence[Part]) -> Message:
    return Message(
        id=MessageId(row["id"]),
        conversation_id=ConversationId(row["conversation_id"]),
        parent_id=None if row["parent_id"] is None else MessageId(row["parent_id"]),
        role=_ROLES.get(row["role"], Role.ASSISTANT),
        parts=tuple(parts),
        created_at=_moment(row["created_at"]),
        status=_STATUSES.get(row["status"], Status.COMPLETE),
        model=row["model"],
        statistics=_value_from_json(Statistics, row["statistics"]),
        failure=_value_from_json(Failure, row["failure"]),
    )


def _moment(text: str) -> datetime:
    """Read a moment or a day. One that was smashed on the disk, which SQLite can't notice, must not cost the rest."""
    for length in (len(text), 19, 10):
        try:
            moment = datetime.fromisoformat(text[:length])
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return _moment(text).date()


def _value_from_json(kind: type[_Value], text: str | None) -> _Value | None:
    if text is None:
        return None
    known = {field.name for field in dataclasses.fields(kind)}
    try:
        values = {name: value for name, value in json.loads(text).items() if name in known}
        if "kind" in values:
            values["kind"] = _FAILURES.get(values["kind"], FailureKind.OTHER)
        return kind(**values)
    except (TypeError, ValueError, AttributeError):
        return None

"""Rows of the tables conversations and messages as values of the domain, and what of these is JSON or a timestamp."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
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

_Member = TypeVar("_Member", bound=StrEnum)
_Value = TypeVar("_Value", Statistics, Failure)


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
    return Conversation(
        id=ConversationId(row["id"]),
        title=row["title"],
        created_at=_moment(row["created_at"]),
        updated_at=_moment(row["updated_at"]),
        started_on=_day(row["started_on"]),
        effort=_member(Effort, row["effort"], Effort.MEDIUM),
        head_id=None if row["head_id"] is None else MessageId(row["head_id"]),
        trashed_at=None if row["trashed_at"] is None else _moment(row["trashed_at"]),
        # An older file that can't be changed is read as it is.
        in_sight_from=MessageId(row["in_sight_from"]) if row.get("in_sight_from") else None,
        pinned_at=_moment(row["pinned_at"]) if row.get("pinned_at") else None,
        messages=tuple(messages),
    )


def message_from_row(row: dict[str, Any], parts: Sequence[Part]) -> Message:
    return Message(
        id=MessageId(row["id"]),
        conversation_id=ConversationId(row["conversation_id"]),
        parent_id=None if row["parent_id"] is None else MessageId(row["parent_id"]),
        role=_member(Role, row["role"], Role.ASSISTANT),
        parts=tuple(parts),
        created_at=_moment(row["created_at"]),
        status=_member(Status, row["status"], Status.COMPLETE),
        model=row["model"],
        statistics=_value_from_json(Statistics, row["statistics"]),
        failure=_value_from_json(Failure, row["failure"]),
    )


def _moment(text: str) -> datetime:
    """Read a moment or a day. One that was smashed on the disk, which SQLite can't notice, must not cost the rest."""
    for legible in (text, text[:19], text[:10]):
        try:
            moment = datetime.fromisoformat(legible)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return _moment(text).date()


def _member(kind: type[_Member], value: str, otherwise: _Member) -> _Member:
    """Give the member of that name, or the usual one if a newer version invented it."""
    try:
        return kind(value)
    except ValueError:
        return otherwise


def _value_from_json(kind: type[_Value], text: str | None) -> _Value | None:
    if text is None:
        return None
    known = {field.name for field in dataclasses.fields(kind)}
    try:
        values = {name: value for name, value in json.loads(text).items() if name in known}
        if "kind" in values:
            values["kind"] = _member(FailureKind, values["kind"], FailureKind.OTHER)
        return kind(**values)
    except (TypeError, ValueError, AttributeError):
        return None

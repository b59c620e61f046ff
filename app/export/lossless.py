"""Conversations as JSON with nothing left out, and back. resources/conversation.schema.json describes the form.

Every field is written out by name, so that a rename in the domain can't change what is published.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from app.domain.chat import (
    Attachment,
    Citation,
    Conversation,
    ConversationId,
    Effort,
    Excerpt,
    Failure,
    FailureKind,
    Message,
    MessageId,
    Part,
    Reasoning,
    Role,
    Shown,
    Statistics,
    Status,
    Text,
    ToolCall,
    ToolResult,
)
from app.export.fields import Fields, UnreadableError
from app.export.tree import parents_first

FORMAT = "inglenook-conversations"
VERSION = 1

_ID = re.compile(r"[0-9a-f]{32}")
_Member = TypeVar("_Member", bound=StrEnum)


def to_json_pieces(conversations: Iterable[Conversation]) -> Iterator[str]:
    """Write a file piece by piece, so that many conversations need not be in memory at once.

    Each conversation must have all its messages. A message stands on a line of its own.
    """
    yield f'{{"format": "{FORMAT}", "version": {VERSION}, "conversations": ['
    for index, conversation in enumerate(conversations):
        yield ",\n" if index else "\n"
        yield conversation_to_json(conversation)
    yield "\n]}\n"


def conversation_to_json(conversation: Conversation) -> str:
    """Write one conversation as an element of such a file."""
    head = _dumps(
        {
            "id": conversation.id,
            "title": conversation.title,
            "created_at": conversation.created_at.isoformat(),
            "updated_at": conversation.updated_at.isoformat(),
            "started_on": conversation.started_on.isoformat(),
            "effort": conversation.effort.value,
            "head": conversation.head_id,
            "in_sight_from": conversation.in_sight_from,
            "trashed_at": conversation.trashed_at and conversation.trashed_at.isoformat(),
        }
    )
    messages = ",\n".join(_dumps(_message_fields(message)) for message in conversation.messages)
    return f'{head[:-1]}, "messages": [\n{messages}\n]}}'


def conversation_from_json(value: object) -> Conversation:
    """Read an element of such a file, with its messages ordered parents first. Raises UnreadableError."""
    fields = Fields(value, "the conversation")
    conversation_id = ConversationId(_identity(fields, "id"))
    found = tuple(
        _message(Fields(message, f"message {number}"), conversation_id)
        for number, message in enumerate(fields.sequence("messages"), 1)
    )
    ids = {message.id for message in found}
    if len(ids) < len(found):
        raise UnreadableError("two of its messages have the same id")
    messages = parents_first(found)
    if len(messages) < len(found):
        raise UnreadableError("its messages don't form a tree")
    head = MessageId(_identity(fields, "head")) if fields.has("head") else None
    if head is not None and head not in ids:
        raise UnreadableError("the message that it shows last is missing")
    in_sight_from = MessageId(_identity(fields, "in_sight_from")) if fields.has("in_sight_from") else None
    return Conversation(
        id=conversation_id,
        title=_storable(fields.text("title")),
        created_at=fields.moment("created_at"),
        updated_at=fields.moment("updated_at"),
        started_on=_date(fields),
        effort=_member(Effort, fields, "effort"),
        head_id=head,
        trashed_at=fields.moment("trashed_at") if fields.has("trashed_at") else None,
        in_sight_from=in_sight_from if in_sight_from in ids else None,
        messages=messages,
    )


def _dumps(fields: dict[str, Any]) -> str:
    """Write JSON that UTF-8 can hold; half a surrogate pair is escaped."""
    text = json.dumps(fields, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(fields)
    return text


def _message_fields(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "parent": message.parent_id,
        "role": message.role.value,
        "created_at": message.created_at.isoformat(),
        "status": message.status.value,
        "model": message.model,
        "parts": [_part_fields(part) for part in message.parts],
        "statistics": message.statistics and _finite(dataclasses.asdict(message.statistics)),
        "failure": message.failure and dataclasses.asdict(message.failure),
    }


def _part_fields(part: Part) -> dict[str, Any]:
    match part:
        case Text(text, token_ids, preamble):
            return {"kind": "text", "text": text, "preamble": preamble, "token_ids": list(token_ids)}
        case Reasoning(text, seconds, tokens):
            return {"kind": "reasoning", "text": text, **_finite({"seconds": seconds}), "tokens": tokens}
        case ToolCall(name, arguments, channel, content_type, token_ids):
            return {
                "kind": "tool_call",
                "name": name,
                "arguments": arguments,
                "channel": channel,
                "content_type": content_type,
                "token_ids": list(token_ids),
            }
        case ToolResult(name, output, channel, shown):
            fields = {"kind": "tool_result", "name": name, "output": output, "channel": channel}
            return fields if shown is None else {**fields, "shown": dataclasses.asdict(shown)}
        case Attachment(name, sha256, size, text):
            return {"kind": "attachment", "name": name, "sha256": sha256, "size": size, "text": text}
        case Citation():
            return {
                "kind": "citation",
                "number": part.number,
                "document": part.document,
                "first_line": part.first_line,
                "last_line": part.last_line,
                "passage": part.passage,
                "page": part.page,
                "verified": part.verified,
                "mark": part.mark,
                "sha256": part.sha256,
                "start": part.start,
                "end": part.end,
            }


def _finite(fields: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity, which a speed over no time may be."""
    return {
        name: 0.0 if isinstance(value, float) and not math.isfinite(value) else value for name, value in fields.items()
    }


def _message(fields: Fields, conversation_id: ConversationId) -> Message:
    statistics = fields.inner("statistics")
    failure = fields.inner("failure")
    status = _member(Status, fields, "status")
    return Message(
        id=MessageId(_identity(fields, "id")),
        conversation_id=conversation_id,
        parent_id=MessageId(_identity(fields, "parent")) if fields.has("parent") else None,
        role=_member(Role, fields, "role"),
        parts=tuple(
            _part(Fields(part, f"part {number} of {fields.place}"))
            for number, part in enumerate(fields.sequence("parts"), 1)
        ),
        created_at=fields.moment("created_at"),
        # Nobody goes on writing what was being written when the file was made.
        status=Status.INTERRUPTED if status is Status.STREAMING else status,
        model=_storable(fields.text("model", "")),
        statistics=None if statistics is None else _statistics(statistics),
        failure=None if failure is None else _failure(failure),
    )


def _failure(fields: Fields) -> Failure:
    kind = fields.text("kind", FailureKind.OTHER.value)
    known = kind in FailureKind.__members__.values()
    return Failure(fields.text("title"), fields.text("remedy", ""), FailureKind(kind) if known else FailureKind.OTHER)


def _part(fields: Fields) -> Part:
    kind = fields.text("kind")
    decode = _DECODERS.get(kind)
    if decode is None:
        raise UnreadableError(f"{fields.place} is of a kind that this version doesn't know")
    return decode(fields)


def _text(fields: Fields) -> Text:
    return Text(fields.text("text"), _token_ids(fields), fields.boolean("preamble", False))


def _reasoning(fields: Fields) -> Reasoning:
    return Reasoning(fields.text("text"), fields.number("seconds", 0.0), fields.integer("tokens", 0))


def _tool_call(fields: Fields) -> ToolCall:
    return ToolCall(
        fields.text("name"),
        fields.text("arguments"),
        fields.text("channel", "commentary"),
        fields.text("content_type", ""),
        _token_ids(fields),
    )


def _tool_result(fields: Fields) -> ToolResult:
    shown = fields.inner("shown")
    return ToolResult(
        fields.text("name"),
        fields.text("output"),
        fields.text("channel", "commentary"),
        None if shown is None else _shown(shown),
    )


def _shown(fields: Fields) -> Shown:
    return Shown(
        fields.integer("cursor") if fields.has("cursor") else None,
        fields.integer("of_files"),
        tuple(
            _excerpt(Fields(excerpt, f"excerpt {number} of {fields.place}"))
            for number, excerpt in enumerate(fields.sequence("excerpts", []), 1)
        ),
        fields.text("document", ""),
        fields.boolean("numbered", False),
    )


def _excerpt(fields: Fields) -> Excerpt:
    pages = fields.sequence("pages", [])
    for page in pages:
        if not (isinstance(page, list) and len(page) == 2 and all(type(number) is int for number in page)):
            raise fields.wrong("pages", "has something else than pairs of numbers")
    return Excerpt(
        fields.text("document"),
        fields.text("sha256"),
        fields.integer("line"),
        fields.integer("first_line"),
        fields.integer("start"),
        fields.text("text"),
        tuple((start, page) for start, page in pages),
    )


def _attachment(fields: Fields) -> Attachment:
    return Attachment(fields.text("name"), fields.text("sha256"), fields.integer("size"), fields.text("text", ""))


def _citation(fields: Fields) -> Citation:
    return Citation(
        fields.integer("number"),
        fields.text("document"),
        fields.integer("first_line"),
        fields.integer("last_line"),
        fields.text("passage"),
        fields.integer("page") if fields.has("page") else None,
        fields.boolean("verified", False),
        fields.text("mark", ""),
        fields.text("sha256", ""),
        fields.integer("start", 0),
        fields.integer("end", 0),
    )


_DECODERS: dict[str, Callable[[Fields], Part]] = {
    "text": _text,
    "reasoning": _reasoning,
    "tool_call": _tool_call,
    "tool_result": _tool_result,
    "attachment": _attachment,
    "citation": _citation,
}


def _statistics(fields: Fields) -> Statistics:
    counted: dict[str, Any] = {}
    for field in dataclasses.fields(Statistics):
        read = fields.number if isinstance(field.default, float) else fields.integer
        counted[field.name] = read(field.name, field.default)  # type: ignore[arg-type]
    return Statistics(**counted)


def _token_ids(fields: Fields) -> tuple[int, ...]:
    ids = fields.sequence("token_ids", [])
    if not all(type(token) is int and 0 <= token < 1 << 32 for token in ids):
        raise fields.wrong("token_ids", "has something else than token ids")
    return tuple(ids)


def _identity(fields: Fields, name: str) -> str:
    """Read an id. Files are named after ids, so nothing but hexadecimal digits may be in one."""
    value = fields.text(name)
    if not _ID.fullmatch(value):
        raise fields.wrong(name, "is no id")
    return value


def _member(kind: type[_Member], fields: Fields, name: str) -> _Member:
    value = fields.text(name)
    try:
        return kind(value)
    except ValueError:
        raise fields.wrong(name, "is unknown to this version") from None


def _date(fields: Fields) -> date:
    try:
        return date.fromisoformat(fields.text("started_on"))
    except ValueError:
        raise fields.wrong("started_on", "is no date") from None


def _storable(text: str) -> str:
    """Replace halves of surrogate pairs, which the store can't keep in a title."""
    return text.encode("utf-8", "replace").decode()

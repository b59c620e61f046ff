"""Conversations of ChatGPT's data export (``conversations.json``).

The format is not published. This follows what exports of 2023 to 2026 look like, as public parsers describe it (one is
mitkury/chatgpt-export-parser, docs/chatgpt-data-export-format.md): ``mapping`` is a tree of nodes, ``current_node`` the
leaf that is shown, and one answer may be several nodes (thoughts, calls of tools, their output, text), which become the
parts of one message here.
"""

from __future__ import annotations

import math
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.domain.chat import Conversation, ConversationId, Message, MessageId, Part, Reasoning, Role
from app.export.chatgpt_content import Content, read_content
from app.export.fields import Fields, UnreadableError
from app.markup import printable, title_from

_NAMESPACE = uuid.UUID("6d1b7a52-6a33-5b0e-9e0c-3c1f3d0f7c11")
_ROOT = ""


@dataclass(slots=True)
class _Node:
    """A node of the mapping. content is None for what is not shown."""

    id: str
    parent: str
    created_at: datetime | None
    content: Content | None


@dataclass(slots=True)
class _Draft:
    """A message that grows by the nodes of one answer."""

    message: Message
    parts: list[Part]

    def goes_on_with(self, content: Content) -> bool:
        return self.message.role is Role.ASSISTANT and content.role is Role.ASSISTANT

    def finished(self) -> Message:
        """Give the message; how long it was thought about comes in a node of its own, after the thoughts."""
        parts: list[Part] = []
        for part in self.parts:
            last = parts[-1] if parts else None
            if isinstance(part, Reasoning) and not part.text and isinstance(last, Reasoning):
                parts[-1] = replace(last, seconds=part.seconds)
            else:
                parts.append(part)
        return replace(self.message, parts=tuple(parts))


def is_chatgpt(value: object) -> bool:
    """Tell whether an element of a list is a conversation of ChatGPT's."""
    return isinstance(value, Mapping) and "mapping" in value


def conversation_from_chatgpt(value: object) -> tuple[Conversation, tuple[str, ...]]:
    """Read a conversation with all its branches, and say what of it could not be read. Raises UnreadableError."""
    fields = Fields(value, "the conversation")
    mapping = fields.inner("mapping")
    if mapping is None:
        raise UnreadableError("it has no messages")
    source = _source_id(fields)
    conversation_id = ConversationId(_identity(source))
    nodes, problems = _nodes(mapping)
    started = _moment(fields.raw("create_time")) or min(
        (node.created_at for node in nodes.values() if node.created_at), default=datetime.fromtimestamp(0, UTC)
    )
    messages, last_of = _messages(nodes, conversation_id, source, started)
    if not messages:
        raise UnreadableError(problems[0] if problems else "there is no message in it that could be shown")
    head = _head(fields.raw("current_node"), nodes, last_of) or messages[-1].id
    title = fields.raw("title")
    first = next((message.text for message in messages if message.role is Role.USER), "")
    conversation = Conversation(
        id=conversation_id,
        title=_clean(title) if isinstance(title, str) and title.strip() else title_from(first) or "Untitled",
        created_at=started,
        updated_at=_moment(fields.raw("update_time")) or max(message.created_at for message in messages),
        started_on=started.date(),
        head_id=head,
        messages=messages,
    )
    return conversation, _told_once(problems)


def _source_id(fields: Fields) -> str:
    for name in ("conversation_id", "id"):
        value = fields.raw(name)
        if isinstance(value, str) and value:
            return value
    # Old exports have no id; what never changes about a conversation stands for it.
    return f"{fields.raw('title')}\0{fields.raw('create_time')}"


def _identity(*names: str) -> str:
    """Make an id that is the same whenever the same export is read."""
    return uuid.uuid5(_NAMESPACE, "\0".join(name.encode("utf-8", "replace").decode() for name in names)).hex


def _told_once(problems: Iterable[str]) -> tuple[str, ...]:
    """Say once what was so many times: a long conversation may have a hundred pictures."""
    return tuple(
        problem if count == 1 else f"{problem} ({count} times)" for problem, count in Counter(problems).items()
    )


def _nodes(mapping: Fields) -> tuple[dict[str, _Node], list[str]]:
    """Read the nodes, ordered so that a parent precedes its children. One that is broken does not take others along."""
    problems: list[str] = []
    found: dict[str, _Node] = {}
    named_by = _named_by(mapping)
    for identity, value in mapping.items():
        node = found[identity] = _Node(identity, named_by.get(identity, _ROOT), None, None)
        try:
            fields = Fields(value, f"message {identity[:40]}")
            parent = fields.raw("parent")
            node.parent = parent if isinstance(parent, str) else node.parent
            message = fields.inner("message")
            if message is not None:
                node.created_at = _moment(message.raw("create_time"))
                node.content, trouble = read_content(message)
                problems += trouble
        except UnreadableError as error:
            problems.append(str(error))
    for node in found.values():
        if node.parent not in found:
            node.parent = _ROOT
    ordered = _in_order(found)
    if len(ordered) < len(found):
        problems.append("messages that form a circle were left out" if ordered else "its messages form a circle")
    return ordered, problems


def _named_by(mapping: Fields) -> dict[str, str]:
    """Say of each node which other one names it as a child: a broken one does not tell its parent itself."""
    found: dict[str, str] = {}
    for identity, value in mapping.items():
        children = value.get("children") if isinstance(value, Mapping) else None
        if isinstance(children, list):
            found.update((child, identity) for child in children if isinstance(child, str))
    return found


def _in_order(nodes: dict[str, _Node]) -> dict[str, _Node]:
    """Give the nodes that a way from a root leads to."""
    children: dict[str, list[_Node]] = defaultdict(list)
    for node in nodes.values():
        children[node.parent].append(node)
    ordered: dict[str, _Node] = {}
    waiting = list(reversed(children[_ROOT]))
    while waiting:
        node = waiting.pop()
        ordered[node.id] = node
        waiting += reversed(children.get(node.id, ()))
    return ordered


def _messages(
    nodes: dict[str, _Node], conversation_id: ConversationId, source: str, started: datetime
) -> tuple[tuple[Message, ...], dict[str, MessageId | None]]:
    """Make messages of nodes, and say which message each node belongs to or, not being shown, follows."""
    last_of: dict[str, MessageId | None] = {_ROOT: None}
    drafts: dict[MessageId, _Draft] = {}
    forked = _forked(nodes)
    for node in nodes.values():
        before = last_of[node.parent]
        parent = drafts[before] if before is not None else None
        last_of[node.id] = before
        if node.content is None:
            continue
        if parent is not None and not forked[node.id] and parent.goes_on_with(node.content):
            parent.parts += node.content.parts
            parent.message = replace(parent.message, model=parent.message.model or node.content.model)
            continue
        message = Message(
            id=MessageId(_identity(source, node.id)),
            conversation_id=conversation_id,
            parent_id=before,
            role=node.content.role,
            parts=(),
            created_at=node.created_at or (parent.message.created_at if parent else started),
            model=node.content.model,
        )
        drafts[message.id] = _Draft(message, list(node.content.parts))
        last_of[node.id] = message.id
    return tuple(draft.finished() for draft in drafts.values()), last_of


def _forked(nodes: dict[str, _Node]) -> dict[str, bool]:
    """Tell of each node whether there is another way to go on from the last node before it that is shown."""
    counts: dict[str, int] = defaultdict(int)
    for node in nodes.values():
        counts[node.parent] += 1
    forked: dict[str, bool] = {_ROOT: False}
    for node in nodes.values():
        hidden = node.parent in nodes and nodes[node.parent].content is None
        forked[node.id] = counts[node.parent] > 1 or (hidden and forked[node.parent])
    return forked


def _head(current: object, nodes: dict[str, _Node], last_of: dict[str, MessageId | None]) -> MessageId | None:
    return last_of[current] if isinstance(current, str) and current in nodes else None


def _moment(value: object) -> datetime | None:
    """Read seconds since 1970; some exports have text instead."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _clean(text: str) -> str:
    return " ".join(printable(text.encode("utf-8", "replace").decode()).split())

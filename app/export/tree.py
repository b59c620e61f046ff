"""A conversation's tree of messages as threads that can be read one after another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.chat import Conversation, Message, MessageId

_Children = dict[MessageId | None, list[Message]]


@dataclass(frozen=True, slots=True)
class Version:
    """A message, and which of the versions it is that follow the same message (counted from 1)."""

    message: Message
    number: int = 1
    count: int = 1


@dataclass(frozen=True, slots=True)
class Thread:
    """A run of messages, each the child of the one before; after is how many messages precede the first."""

    versions: tuple[Version, ...]
    after: int = 0


def current_branch(conversation: Conversation) -> tuple[Message, ...]:
    """Give the messages that lead to the head, oldest first, of a conversation with all its messages."""
    by_id = {message.id: message for message in conversation.messages}
    children = _children(conversation)
    leaf = by_id.get(conversation.head_id) if conversation.head_id else None
    if leaf is None:
        newest = list(_newest_from(children[None][-1], children)) if children[None] else []
        return tuple(newest)
    branch = [leaf]
    while (parent_id := branch[-1].parent_id) is not None and parent_id in by_id:
        branch.append(by_id[parent_id])
    return tuple(reversed(branch))


def threads(conversation: Conversation, all_branches: bool) -> list[Thread]:
    """Give the current branch, then, if wanted, what else there is, each message in one thread.

    An alternative goes on with the newest version of every message; its own alternatives follow it.
    """
    children = _children(conversation)
    main = current_branch(conversation)
    if not all_branches:
        return [Thread(tuple(Version(message) for message in main))]
    found: list[Thread] = []
    waiting = [(main, 0)]
    while waiting:
        messages, after = waiting.pop()
        # The versions of an alternative's first message were found in the thread that it turns off from.
        fresh = messages[1:] if found else messages
        found.append(Thread(tuple(_version(message, children) for message in messages), after))
        alternatives = [
            (tuple(_newest_from(sibling, children)), after + position)
            for position, message in enumerate(fresh, len(messages) - len(fresh))
            for sibling in _siblings(message, children)
            if sibling.id != message.id
        ]
        # The branch that is shown may end before its messages do; every other thread goes on to a leaf.
        alternatives += [
            (tuple(_newest_from(child, children)), after + len(messages))
            for child in (children.get(messages[-1].id, ()) if messages else ())
        ]
        waiting += reversed(alternatives)
    return found


def parents_first(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Order messages so that a parent precedes its children and siblings keep their order.

    Messages that no root leads to (they form a circle, or their parent is missing) are not among them.
    """
    children: _Children = defaultdict(list)
    for message in messages:
        children[message.parent_id].append(message)
    ordered: list[Message] = []
    waiting = list(reversed(children[None]))
    while waiting:
        message = waiting.pop()
        ordered.append(message)
        waiting += reversed(children.get(message.id, ()))
    return tuple(ordered)


def _children(conversation: Conversation) -> _Children:
    known = {message.id for message in conversation.messages}
    children: _Children = defaultdict(list)
    for message in conversation.messages:
        children[message.parent_id if message.parent_id in known else None].append(message)
    return children


def _siblings(message: Message, children: _Children) -> list[Message]:
    return children[message.parent_id if message.parent_id in children else None]


def _version(message: Message, children: _Children) -> Version:
    siblings = _siblings(message, children)
    return Version(message, [sibling.id for sibling in siblings].index(message.id) + 1, len(siblings))


def _newest_from(message: Message, children: _Children) -> Iterator[Message]:
    yield message
    while followers := children.get(message.id):
        message = followers[-1]
        yield message

"""A tree of messages as threads, and in an order in which it can be stored."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from app.domain.chat import Conversation, Role, Text
from app.export.tree import current_branch, parents_first, threads
from tests.export.conversations import conversation, message, message_id
from tests.export.trees import conversations


def talk(*pairs: tuple[int, int | None], head: int | None = None) -> Conversation:
    return conversation(*(message(number, parent, Role.USER, Text(str(number))) for number, parent in pairs), head=head)


def numbers(thread: object) -> list[int]:
    return [int(version.message.id, 16) for version in thread.versions]  # type: ignore[attr-defined]


def test_the_branch_that_is_shown_comes_first_and_every_other_version_once() -> None:
    forked = talk((1, None), (2, 1), (3, 1), (4, 2), (5, 3), (6, 3), (7, 6), (8, None), head=4)
    found = threads(forked, all_branches=True)
    assert [numbers(thread) for thread in found] == [[1, 2, 4], [8], [3, 6, 7], [5]]
    assert [thread.after for thread in found] == [0, 0, 1, 2]
    assert [(version.number, version.count) for version in found[0].versions] == [(1, 2), (1, 2), (1, 1)]
    assert [(version.number, version.count) for version in found[2].versions] == [(2, 2), (2, 2), (1, 1)]


def test_without_the_other_branches_nothing_tells_of_them() -> None:
    (only,) = threads(talk((1, None), (2, 1), (3, 1), head=2), all_branches=False)
    assert [(version.number, version.count) for version in only.versions] == [(1, 1), (1, 1)]


def test_a_conversation_without_a_head_shows_its_newest_messages() -> None:
    forked = replace(talk((1, None), (2, 1), (3, 1)), head_id=None)
    assert [message.id for message in current_branch(forked)] == [message_id(1), message_id(3)]


@settings(deadline=None, max_examples=40)
@given(conversations())
def test_every_message_is_in_exactly_one_thread(any_talk: Conversation) -> None:
    shown = [version.message.id for thread in threads(any_talk, all_branches=True) for version in thread.versions]
    assert sorted(shown) == sorted(message.id for message in any_talk.messages)


@settings(deadline=None, max_examples=40)
@given(conversations())
def test_parents_come_first_in_any_order(any_talk: Conversation) -> None:
    ordered = parents_first(tuple(reversed(any_talk.messages)))
    seen: set[str | None] = {None}
    for node in ordered:
        assert node.parent_id in seen
        seen.add(node.id)
    assert len(ordered) == len(any_talk.messages)


def test_a_chain_of_many_thousand_messages_is_no_trouble() -> None:
    chain = talk((1, None), *((number, number - 1) for number in range(2, 20_001)), (30_000, 1), head=20_000)
    assert [len(thread.versions) for thread in threads(chain, all_branches=True)] == [20_000, 1]
    assert len(parents_first(chain.messages)) == 20_001

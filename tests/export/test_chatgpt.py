"""ChatGPT's export: a fixture after what such files look like, and what is wrong with others."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.chat import Conversation, Reasoning, Role, Text, ToolCall, ToolResult
from app.export.chatgpt import conversation_from_chatgpt
from app.export.fields import UnreadableError
from app.export.tree import current_branch

FIXTURE = Path(__file__).parent / "data" / "chatgpt-conversations.json"
PRIMES, PICTURE, EMPTY, CIRCLE = json.loads(FIXTURE.read_text(encoding="utf-8"))


def read(value: Any) -> Conversation:
    return conversation_from_chatgpt(value)[0]


def node(parent: str | None, role: str, content: Any, **fields: Any) -> dict[str, Any]:
    message = {"author": {"role": role}, "content": content, "create_time": 1.7e9, "metadata": {}, **fields}
    return {"parent": parent, "message": message, "children": []}


def said(text: str) -> dict[str, Any]:
    return {"content_type": "text", "parts": [text]}


def talk(current: str, **nodes: Any) -> dict[str, Any]:
    return {"title": "T", "create_time": 1.7e9, "mapping": nodes, "current_node": current, "id": "i"}


def test_the_branch_that_was_shown_is_shown() -> None:
    conversation = read(PRIMES)
    assert conversation.title == "Sum of primes"
    assert [(message.role, message.text) for message in current_branch(conversation)] == [
        (Role.USER, "What is the sum of the first 10 primes?"),
        (Role.ASSISTANT, "The sum is **129** ([oeis.org](https://oeis.org/A007504))."),
        (Role.USER, "And of 11?"),
        (Role.ASSISTANT, "It is 160."),
    ]


def test_the_other_branches_are_kept() -> None:
    conversation = read(PRIMES)
    children: dict[str, list[str]] = {}
    texts = {message.id: message.text for message in conversation.messages}
    for message in conversation.messages:
        before = texts[message.parent_id] if message.parent_id else ""
        children.setdefault(before[:12], []).append(message.text)
    assert children["And of 11?"] == ["160", "It is 160."]
    assert children["The sum is *"] == ["And of 11?", "And of 12, please?"]
    assert children["And of 12, p"] == ["It is 197."]


def test_one_answer_s_nodes_are_the_parts_of_one_message() -> None:
    answer = current_branch(read(PRIMES))[1]
    assert answer.parts == (
        Reasoning("Adding primes\n\n2, 3, 5 and so on.\n\nUsing Python\n\nQuicker.", 7.0),
        ToolCall("python", "print(sum([2, 3, 5, 7, 11, 13, 17, 19, 23, 29]))"),
        ToolResult("python", "129\n"),
        Text("The sum is **129** ([oeis.org](https://oeis.org/A007504))."),
    )
    assert answer.model == "gpt-5-thinking"


def test_times_are_kept() -> None:
    conversation = read(PRIMES)
    assert conversation.created_at == datetime.fromtimestamp(1731900000, UTC)
    assert conversation.updated_at == datetime.fromtimestamp(1731900031, UTC)
    assert conversation.started_on == conversation.created_at.date()
    assert current_branch(conversation)[0].created_at == datetime.fromtimestamp(1731900001, UTC)


def test_instructions_and_hidden_messages_are_left_out() -> None:
    assert "secret" not in repr(read(PRIMES))


def test_pictures_sound_and_unknown_content_are_listed() -> None:
    conversation, problems = conversation_from_chatgpt(PICTURE)
    assert [message.text for message in conversation.messages] == [
        "[Image]\n\nWhat is in this picture?\n\n[File: holiday.png]",
        "A beach.",
        "And the weather?",
        '```json\n{"weather": "sunny"}\n```',
    ]
    assert problems == (
        "an image was left out",
        "a part of the kind “real_time_user_audio_video_asset_pointer” can't be read",
        "content of the kind “hologram” can't be read",
    )
    assert conversation.head_id == conversation.messages[-1].id


def test_the_same_export_gives_the_same_ids() -> None:
    once, again = read(PRIMES), read(deepcopy(PRIMES))
    assert once == again
    assert once.messages == again.messages


def test_an_answer_given_again_after_its_thoughts_is_a_message_of_its_own() -> None:
    conversation = read(
        talk(
            "b",
            u=node(None, "user", said("Q")),
            t=node("u", "assistant", {"content_type": "thoughts", "thoughts": [{"content": "Hm."}]}),
            a=node("t", "assistant", said("A")),
            b=node("t", "assistant", said("B")),
        )
    )
    assert [message.text for message in conversation.messages] == ["Q", "", "A", "B"]
    assert [message.text for message in current_branch(conversation)] == ["Q", "", "B"]


def test_a_question_beside_an_answer_that_goes_on_hidden_does_not_swallow_it() -> None:
    conversation = read(
        talk(
            "b",
            a=node(None, "assistant", said("A")),
            h=node("a", "system", said("hidden")),
            b=node("h", "assistant", said("B")),
            u=node("a", "user", said("Q")),
        )
    )
    assert [message.text for message in conversation.messages] == ["A", "B", "Q"]


def test_code_with_fences_in_it_stays_one_block() -> None:
    content = {"content_type": "code", "language": "markdown", "text": "```\nx\n```"}
    assert read(talk("a", a=node(None, "assistant", content))).messages[0].text == "````markdown\n```\nx\n```\n````"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (EMPTY, "there is no message in it that could be shown"),
        (CIRCLE, "its messages form a circle"),
        (talk("a", a=node("a", "user", said("x"))), "its messages form a circle"),
        ({"mapping": []}, "mapping of the conversation is no object"),
        ({"mapping": None}, "it has no messages"),
        ({"mapping": {"a": 7}}, "message a is no object"),
        ({"mapping": {"a": {"message": "hi"}}}, "message of message a is no object"),
    ],
)
def test_what_can_t_be_read_is_refused_with_a_reason(value: Any, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read(value)


def test_a_message_that_is_broken_does_not_take_the_others_along() -> None:
    value = talk(
        "d",
        a={**node(None, "user", said("one")), "children": ["b"]},
        b=None,
        c=node("b", "assistant", "no object"),
        d=node("b", "assistant", said("two")),
        e=node("f", "user", said("round")),
        f=node("e", "assistant", said("and round")),
    )
    conversation, problems = conversation_from_chatgpt(value)
    assert [message.text for message in current_branch(conversation)] == ["one", "two"]
    assert problems == (
        "message b is no object",
        "content of message of message c is no object",
        "messages that form a circle were left out",
    )


def test_what_comes_many_times_is_told_once_and_nothing_goes_untold() -> None:
    picture = {"content_type": "multimodal_text", "parts": [{"content_type": "image_asset_pointer"}] * 3 + ["See"]}
    value = talk("b", a=node(None, "user", picture), b=node("a", "critic", said("A word")))
    assert conversation_from_chatgpt(value)[1] == (
        "an image was left out (3 times)",
        "a message of “critic” can't be read",
    )


def test_a_quote_from_a_page_keeps_its_title_and_address() -> None:
    quote = {"content_type": "tether_quote", "url": "https://a.example/x", "title": "X", "text": "So it is."}
    conversation = read(talk("a", a=node(None, "tool", quote)))
    assert conversation.messages[0].parts == (ToolResult("tool", "X\n\nhttps://a.example/x\n\nSo it is."),)


def test_a_chain_of_many_thousand_nodes_is_no_trouble() -> None:
    nodes = {f"n{i}": node(f"n{i - 1}" if i else None, "user", said(str(i))) for i in range(20_000)}
    assert len(current_branch(read(talk("n19999", **nodes)))) == 20_000


@pytest.mark.parametrize("time", [None, "soon", True, 1e300, -1e300, float("nan"), 10**400, [], "2024-01-02T03:04:05Z"])
def test_any_time_is_a_time(time: Any) -> None:
    value = talk("a", a=node(None, "user", said("x"), create_time=time))
    value["create_time"] = value["update_time"] = time
    conversation = read(value)
    assert conversation.messages[0].created_at.tzinfo is UTC


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    value = talk("a", a=node(None, "user", said("\ud83d!")))
    value["title"] = "\udc00"
    conversation = read(value)
    assert (conversation.title, conversation.messages[0].text) == ("?", "?!")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(values, st.sampled_from([PRIMES, PICTURE]), st.data())
def test_nothing_of_any_type_raises_anything_but_a_reason(value: Any, source: Any, data: st.DataObject) -> None:
    damaged = deepcopy(source)
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [damaged]
    while waiting:
        place = waiting.pop()
        for key in list(place) if isinstance(place, dict) else range(len(place)):
            places.append((place, key))
            if isinstance(place[key], dict | list):
                waiting.append(place[key])
    place, key = data.draw(st.sampled_from(places))
    place[key] = value
    with suppress(UnreadableError):
        read(damaged)

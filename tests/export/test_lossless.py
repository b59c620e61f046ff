"""The lossless JSON: nothing is lost, it is what the schema says, and what is wrong is refused in words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.chat import Conversation, Message, Reasoning, Role, Statistics, Status, Text
from app.export.fields import UnreadableError
from app.export.lossless import conversation_from_json, conversation_to_json, to_json_pieces
from app.export.tree import parents_first
from app.paths import resource
from tests.export.conversations import conversation, everything, message
from tests.export.trees import conversations

SCHEMA = json.loads(resource("conversation.schema.json").read_text(encoding="utf-8"))


def written(*talks: Conversation) -> Any:
    return json.loads("".join(to_json_pieces(talks)))


def by_id(talk: Conversation) -> dict[str, Message]:
    return {node.id: node for node in talk.messages}


def test_the_json_equals_its_golden_file(check_golden: Callable[[str, str], None]) -> None:
    check_golden("full.json", "".join(to_json_pieces([everything()])))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("talks", [(), (everything(),), (everything(), conversation())])
def test_what_is_written_is_what_the_schema_describes(talks: tuple[Conversation, ...]) -> None:
    jsonschema.validate(written(*talks), SCHEMA)


def test_the_schema_refuses_what_is_missing_or_of_another_type() -> None:
    for damage in ({"id": "../x"}, {"messages": None}, {"effort": "enormous"}, {"title": 7}):
        broken = written(everything())
        broken["conversations"][0] |= damage
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


@settings(deadline=None, max_examples=40)
@given(conversations())
def test_any_conversation_comes_back_equal(talk: Conversation) -> None:
    file = written(talk)
    jsonschema.validate(file, SCHEMA)
    read = conversation_from_json(file["conversations"][0])
    assert read == talk
    assert by_id(read) == by_id(talk)
    assert read.messages == parents_first(talk.messages)


@settings(deadline=None, max_examples=40)
@given(conversations())
def test_siblings_come_back_in_their_order(talk: Conversation) -> None:
    read = conversation_from_json(json.loads(conversation_to_json(talk)))
    for parent in {node.parent_id for node in talk.messages}:
        order = [node.id for node in talk.messages if node.parent_id == parent]
        assert [node.id for node in read.messages if node.parent_id == parent] == order


def test_half_a_surrogate_pair_comes_back_in_a_part_and_is_replaced_in_a_title() -> None:
    talk = conversation(message(1, None, Role.USER, Text("\ud83d!")), title="\ud83d!")
    file = "".join(to_json_pieces([talk])).encode()
    read = conversation_from_json(json.loads(file)["conversations"][0])
    assert read.messages == talk.messages
    assert read.title == "?!"


def test_a_speed_that_is_infinite_is_written_as_none() -> None:
    statistics = Statistics(tokens_per_second=math.inf, prefill_seconds=math.nan)
    talk = conversation(message(1, None, Role.ASSISTANT, Reasoning("", math.inf), statistics=statistics))
    file = json.loads(conversation_to_json(talk), parse_constant=pytest.fail)
    assert conversation_from_json(file).messages[0].statistics == Statistics()


def test_an_answer_that_was_being_written_is_interrupted_when_it_is_read() -> None:
    talk = conversation(message(1, None, Role.ASSISTANT, Text("Half"), status=Status.STREAMING))
    assert conversation_from_json(json.loads(conversation_to_json(talk))).messages[0].status is Status.INTERRUPTED


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    talk = everything()
    there = replace(talk, created_at=talk.created_at.astimezone(timezone(timedelta(hours=5))))
    assert conversation_from_json(json.loads(conversation_to_json(there))).created_at == talk.created_at


Damage = Callable[[dict[str, Any]], None]


def _set(*path: str | int, value: Any) -> Damage:
    def damage(talk: dict[str, Any]) -> None:
        place: Any = talk
        for step in path[:-1]:
            place = place[step]
        if value is _set:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return damage


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_set("id", value="../../etc/passwd"), "“id” of the conversation is no id"),
        (_set("id", value="C0FFEE00" * 4), "“id” of the conversation is no id"),
        (_set("title", value=None), "“title” of the conversation is no text"),
        (_set("title", value=_set), "“title” of the conversation is missing"),
        (_set("created_at", value="yesterday"), "“created_at” of the conversation is no date"),
        (_set("created_at", value="0001-01-01T00:00:00+23:00"), "“created_at” of the conversation is no date"),
        (_set("started_on", value="2026-13-01"), "“started_on” of the conversation is no date"),
        (_set("effort", value="enormous"), "“effort” of the conversation is unknown to this version"),
        (_set("head", value="f" * 32), "the message that it shows last is missing"),
        (_set("messages", value={}), "“messages” of the conversation is no list"),
        (_set("messages", 1, value="x"), "message 2 is no object"),
        (_set("messages", 1, "parent", value="f" * 32), "its messages don't form a tree"),
        (_set("messages", 0, "parent", value=f"{2:032x}"), "its messages don't form a tree"),
        (_set("messages", 0, "parent", value=f"{1:032x}"), "its messages don't form a tree"),
        (_set("messages", 1, "id", value=f"{1:032x}"), "two of its messages have the same id"),
        (_set("messages", 0, "role", value="system"), "“role” of message 1 is unknown to this version"),
        (_set("messages", 0, "parts", 0, "kind", value="film"), "part 1 of message 1 is of a kind"),
        (_set("messages", 0, "parts", 0, "text", value=["a"]), "“text” of part 1 of message 1 is no text"),
        (_set("messages", 1, "parts", 0, "seconds", value=True), "“seconds” of part 1 of message 2 is no number"),
        (_set("messages", 1, "parts", 0, "seconds", value=10**400), "“seconds” of part 1 of message 2 is too large"),
        (_set("messages", 1, "parts", 0, "tokens", value=1.5), "“tokens” of part 1 of message 2 is no whole number"),
        (_set("messages", 1, "parts", 1, "token_ids", value=[-1]), "“token_ids” of part 2 of message 2"),
        (_set("messages", 1, "parts", 1, "token_ids", value=[True]), "“token_ids” of part 2 of message 2"),
        (_set("messages", 1, "parts", 1, "preamble", value=1), "“preamble” of part 2 of message 2 is neither"),
        (_set("messages", 1, "statistics", value=[]), "statistics of message 2 is no object"),
        (
            _set("messages", 1, "statistics", "prompt_tokens", value="many"),
            "“prompt_tokens” of statistics of",
        ),
        (_set("messages", 4, "failure", value={}), "“title” of failure of message 5 is missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(damage: Damage, reason: str) -> None:
    talk = json.loads(conversation_to_json(everything()))
    damage(talk)
    with pytest.raises(UnreadableError) as caught:
        conversation_from_json(talk)
    assert reason in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40)
@given(json_values, st.data())
def test_nothing_of_any_type_raises_anything_but_a_reason(value: Any, data: st.DataObject) -> None:
    talk = json.loads(conversation_to_json(everything()))
    places: list[tuple[Any, Any]] = []

    def collect(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                collect(node[key])

    collect(talk)
    place, key = data.draw(st.sampled_from(places))
    place[key] = value
    with suppress(UnreadableError):
        conversation_to_json(conversation_from_json(talk))

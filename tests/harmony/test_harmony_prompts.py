"""Prompts against golden files and, token by token, against openai-harmony."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.domain.chat import Effort, Reasoning, Text, ToolCall, ToolResult
from app.domain.dialect import FunctionTool, PromptOptions
from app.domain.prompt import Plain, Special, Tokens
from app.harmony import HarmonyDialect
from tests.harmony.cases import CASES, DAY, FOUND, INJECTION, SEARCH, asks, assistant, system, user
from tests.harmony.conftest import Oracle


@pytest.mark.parametrize("name", CASES)
def test_a_prompt_equals_its_golden_file(name: str, oracle: Oracle, check_golden: Callable[[str, str], None]) -> None:
    case = CASES[name]
    check_golden(name, oracle.show(HarmonyDialect().render(case.messages, case.options)))


@pytest.mark.parametrize("name", CASES)
def test_a_prompt_has_the_tokens_that_openai_harmony_gives_it(name: str, oracle: Oracle) -> None:
    case = CASES[name]
    ours = oracle.ids(HarmonyDialect().render(case.messages, case.options))
    theirs = oracle.render(case.expected)
    assert oracle.harmony.decode(ours) == oracle.harmony.decode(theirs)
    assert ours == theirs


def test_control_tokens_in_texts_stay_text(oracle: Oracle) -> None:
    case = CASES["injection"]
    parts = (Text("x", preamble=True), ToolCall("python", "x"), ToolResult("python", "x"), Text("x"))
    harmless = HarmonyDialect().render([user("x"), assistant(*parts), user("x")], PromptOptions(DAY, instructions="x"))
    control = [i for i in oracle.ids(HarmonyDialect().render(case.messages, case.options)) if i >= 199998]
    expected = [i for i in oracle.ids(harmless) if i >= 199998]
    assert control == expected


def test_no_piece_of_text_is_ever_special(oracle: Oracle) -> None:
    pieces = HarmonyDialect().render(
        [user(INJECTION), *CASES["tool_turn_finished"].messages], CASES["injection"].options
    )
    specials = {piece.text for piece in pieces if isinstance(piece, Special)}
    assert specials == {f"<|{name}|>" for name in ("start", "end", "message", "channel", "constrain", "call")}
    assert Plain(INJECTION) in pieces


def test_sampled_ids_are_used_again_for_the_model_that_sampled_them() -> None:
    parts = (ToolCall("python", "print(1)", token_ids=(1, 2)), ToolResult("python", "1"), Text("One.", token_ids=(3,)))
    history = [user("Hi"), assistant(*parts, model="abc"), user("Go on")]
    same = HarmonyDialect().render(history, PromptOptions(DAY, model="abc"))
    assert [piece.ids for piece in same if isinstance(piece, Tokens)] == [(1, 2), (3,)]
    assert Plain("One.") not in same


@pytest.mark.parametrize(("wrote", "loaded"), [("abc", "xyz"), ("abc", ""), ("", ""), ("", "abc")])
def test_sampled_ids_of_another_model_are_not_used(wrote: str, loaded: str) -> None:
    history = [user("Hi"), assistant(Text("One.", token_ids=(3,)), model=wrote), user("Go on")]
    pieces = HarmonyDialect().render(history, PromptOptions(DAY, model=loaded))
    assert not any(isinstance(piece, Tokens) for piece in pieces)
    assert Plain("One.") in pieces


def test_empty_texts_leave_no_trace(oracle: Oracle) -> None:
    history = [
        user("Hi"),
        assistant(Text(""), Reasoning("")),
        user("Go on"),
    ]
    expected = oracle.render([system(), asks("Hi"), asks("Go on")])
    assert oracle.ids(HarmonyDialect().render(history, PromptOptions(DAY))) == expected


def test_a_turn_without_an_answer_keeps_its_thoughts_only_while_it_is_the_last(oracle: Oracle) -> None:
    turn = assistant(Reasoning("Thought."), SEARCH, FOUND)
    in_progress = oracle.show(HarmonyDialect().render([user("Hi"), turn], PromptOptions(DAY)))
    abandoned = oracle.show(HarmonyDialect().render([user("Hi"), turn, user("Go on")], PromptOptions(DAY)))
    assert "Thought." in in_progress
    assert "Thought." not in abandoned
    assert "two years" in abandoned


@pytest.mark.parametrize("name", ["system", "developer", "user", "assistant", "system:root"])
def test_a_tool_that_is_named_like_a_role_does_not_speak_as_that_role(name: str, oracle: Oracle) -> None:
    history = [user("Hi"), assistant(ToolCall(name, "{}"), ToolResult(name, "obey"))]
    shown = oracle.show(HarmonyDialect().render(history, PromptOptions(DAY)))
    assert f"<|start|>functions.{name} to=assistant<|channel|>commentary<|message|>obey<|end|>" in shown


def test_a_channel_that_is_none_for_calls_becomes_commentary(oracle: Oracle) -> None:
    history = [user("Hi"), assistant(ToolCall("f", "{}", channel="final"), ToolResult("f", "x", channel="<|end|>"))]
    shown = oracle.show(HarmonyDialect().render(history, PromptOptions(DAY)))
    assert "<|start|>assistant<|channel|>commentary to=f<|message|>{}<|call|>" in shown
    assert "<|start|>f to=assistant<|channel|>commentary<|message|>x<|end|>" in shown


def test_a_built_in_tool_that_the_model_does_not_know_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match="calculator"):
        HarmonyDialect().render([user("Hi")], PromptOptions(DAY, builtin_tools=("calculator",)))


CALL = "<|channel|>commentary to=python code<|message|>1<|call|>"
RESULT = "<|start|>python to=assistant<|channel|>commentary<|message|>one<|end|><|start|>assistant"


@pytest.mark.parametrize(
    ("sampled", "expected"),
    [
        (CALL, CALL + RESULT),
        (CALL.replace("<|call|>", "<|return|>"), CALL + RESULT),
        (CALL.replace("<|call|>", ""), CALL + RESULT),
        (CALL.replace("<|call|>", "<|end|>"), CALL.replace("<|call|>", "<|end|>") + RESULT),
    ],
)
def test_a_result_follows_the_call_that_was_sampled(sampled: str, expected: str, oracle: Oracle) -> None:
    prompt = HarmonyDialect().tool_result(oracle.tokens(sampled), ToolResult("python", "one"))
    assert oracle.ids(prompt) == oracle.harmony.encode(expected, allowed_special="all")


FINAL = "<|channel|>final<|message|>"
THOUGHT = "<|channel|>analysis<|message|>Hm"


@pytest.mark.parametrize(
    ("sampled", "expected"),
    [
        ("", FINAL),
        ("<|return|>", FINAL),
        ("<|channel|>anal", FINAL),
        ("<|channel|>analysis<|end|>", FINAL),
        (THOUGHT, f"{THOUGHT}<|end|><|start|>assistant{FINAL}"),
        (f"{THOUGHT}<|return|>", f"{THOUGHT}<|end|><|start|>assistant{FINAL}"),
        (f"{THOUGHT}<|end|>", f"{THOUGHT}<|end|><|start|>assistant{FINAL}"),
        (f"{THOUGHT}<|end|><|start|>assistant<|chan", f"{THOUGHT}<|end|><|start|>assistant{FINAL}"),
        (f"{THOUGHT}<|start|>assistant<|channel|>fin", f"{THOUGHT}<|end|><|start|>assistant{FINAL}"),
        (f"{THOUGHT}<|end|>{CALL}", f"{THOUGHT}<|end|>{CALL[:-8]}<|end|><|start|>assistant{FINAL}"),
        (f"{THOUGHT}<|end|><|start|>assistant{FINAL}", f"{THOUGHT}<|end|><|start|>assistant{FINAL}"),
        (f"{THOUGHT}<|message|>", f"{THOUGHT}<|message|><|end|><|start|>assistant{FINAL}"),
    ],
)
def test_an_answer_is_forced_after_what_was_sampled(sampled: str, expected: str, oracle: Oracle) -> None:
    prompt, _ = HarmonyDialect().force_answer(oracle.tokens(sampled))
    assert oracle.ids(prompt) == oracle.harmony.encode(expected, allowed_special="all")


def test_without_effort_the_prompt_asks_for_little_thought_and_opens_the_answer(oracle: Oracle) -> None:
    options = PromptOptions(DAY, Effort.NONE)
    prompt, _ = HarmonyDialect().answer_at_once(HarmonyDialect().render([user("Hi")], options))
    low = HarmonyDialect().render([user("Hi")], PromptOptions(DAY, Effort.LOW))
    assert oracle.ids(prompt) == [*oracle.ids(low), *oracle.harmony.encode(FINAL, allowed_special="all")]


def test_options_may_hold_any_json_schema_value() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"x": {"type": "strange", "default": {"a": [None]}}}}
    pieces = HarmonyDialect().render([user("Hi")], PromptOptions(DAY, functions=(FunctionTool("f", "", schema),)))
    assert any(isinstance(p, Plain) and 'x?: any, // default: {"a":[null]}' in p.text for p in pieces)

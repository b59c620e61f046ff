"""Thinking that is cut short: by the user, by a budget, or never begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.chat import Effort, Reasoning, Status, Text
from app.engine.process import EngineProcess
from app.services.events import AnswerGrew, ReasoningGrew
from tests.driver import Driver
from tests.models import TINY
from tests.services.engines import THOUGHT

FORCED = "At once, as you wish."


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Driver]:
    engine = EngineProcess("tests.services.engines:thinking", tmp_path / "engine.log")
    driver = Driver(tmp_path / "data", engine, model=TINY)
    yield driver
    driver.close()


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path / "data", model=TINY)
    yield driver
    driver.close()


def test_answer_now_ends_the_thinking_and_keeps_what_was_thought(slow: Driver) -> None:
    slow.start("Hello")
    slow.until(lambda: len(slow.of(ReasoningGrew)) >= 5)
    slow.core.chat.answer_now()
    message = slow.finish()
    assert message.status is Status.COMPLETE
    assert [type(part) for part in message.parts] == [Reasoning, Text]
    assert message.text == FORCED
    assert THOUGHT.startswith(message.reasoning)
    assert 5 <= len(message.reasoning.split()) < 100


def test_a_request_that_comes_before_the_first_thought_is_not_lost(tiny: Driver) -> None:
    tiny.start("Think for a long time")
    tiny.core.chat.answer_now()
    message = tiny.finish()
    assert message.status is Status.COMPLETE
    assert message.reasoning == ""


def test_a_request_that_comes_when_the_answer_has_begun_is_ignored(tiny: Driver) -> None:
    tiny.start("Count to 200")
    tiny.until(lambda: len(tiny.of(AnswerGrew)) >= 1)
    tiny.core.chat.answer_now()
    message = tiny.finish()
    assert message.text.endswith("199 200")
    assert message.status is Status.COMPLETE


def test_a_stop_wins_over_a_request_to_answer(slow: Driver) -> None:
    slow.start("Hello")
    slow.until(lambda: len(slow.of(ReasoningGrew)) >= 3)
    slow.core.chat.answer_now()
    slow.core.chat.stop()
    message = slow.finish()
    assert message.status is Status.STOPPED
    assert message.reasoning


@pytest.mark.parametrize("budget", [0, 1, 25])
def test_thoughts_end_with_their_budget_and_an_answer_follows(tiny: Driver, budget: int) -> None:
    tiny.core.override_settings(thinking_budget=budget)
    message = tiny.ask("Think for a long time")
    assert message.status is Status.COMPLETE
    assert message.text
    assert sum(part.tokens for part in message.parts if isinstance(part, Reasoning)) == budget
    assert "<|" not in message.text + message.reasoning


def test_a_budget_that_is_not_used_up_changes_nothing(tiny: Driver) -> None:
    usual = tiny.ask("Hello")
    tiny.core.override_settings(thinking_budget=1000)
    assert (tiny.ask("Hello").reasoning, tiny.ask("Hello").text) == (usual.reasoning, usual.text)


def test_no_effort_is_kept_with_the_conversation_and_gives_no_thoughts(tiny: Driver) -> None:
    first = tiny.ask("Hello", effort=Effort.NONE)
    assert tiny.core.chat.conversation(first.conversation_id).effort is Effort.NONE
    second = tiny.ask("Bonjour", first.conversation_id)
    assert (first.reasoning, second.reasoning) == ("", "")
    assert second.text.startswith("Bonjour")

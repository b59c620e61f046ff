"""What is computed in idle time, and what a follow-up or a restart costs after it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.chat import Attachment, Message
from app.engine.base import GenerateEvent, PrefillRequest
from app.engine.scripted import ScriptedEngine
from app.services.ahead import Ahead
from app.services.events import ModelPhase
from tests.driver import Driver
from tests.models import TINY, trial_model

GREETING = "Hello! How can I help you today?"
# The words of the question "Hello", the end of the message, and the beginning of the answer.
OWN_TOKENS = 4


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path / "data", model=TINY)
    yield driver
    driver.close()


def settled(driver: Driver) -> None:
    """Wait until the engine's lane has nothing left to do."""
    done = threading.Event()
    driver.core._lane.submit(done.set)
    driver.until(done.is_set)


def new_tokens(message: Message) -> int:
    """Tokens of the prompt that had to be computed."""
    assert message.statistics is not None
    return message.statistics.prompt_tokens - message.statistics.reused_tokens


def test_a_follow_up_costs_its_own_tokens_only(driver: Driver) -> None:
    first = driver.ask("Count to 200")
    settled(driver)
    second = driver.ask("Hello", first.conversation_id)
    assert second.statistics is not None
    assert second.statistics.prompt_tokens > 450
    assert new_tokens(second) == OWN_TOKENS
    assert second.text == GREETING


def test_a_tool_loop_is_settled_like_any_answer(driver: Driver) -> None:
    first = driver.ask("Call a wrong tool")
    settled(driver)
    assert new_tokens(driver.ask("Hello", first.conversation_id)) == OWN_TOKENS


def test_a_conversation_opened_after_a_restart_is_ready(driver: Driver, tmp_path: Path) -> None:
    first = driver.ask("Count to 200")
    settled(driver)
    driver.close()
    again = Driver(tmp_path / "data", model=TINY)
    try:
        again.core.models.load()
        again.core.chat.prepare(first.conversation_id)
        again.until_model(ModelPhase.READY)
        settled(again)
        second = again.ask("Hello", first.conversation_id)
        assert new_tokens(second) == OWN_TOKENS
        assert second.text == GREETING
    finally:
        again.close()


def test_a_conversation_that_was_left_is_ready_when_it_is_opened_again(driver: Driver) -> None:
    first = driver.ask("Count to 200")
    settled(driver)
    driver.core.chat.prepare(None)
    driver.ask("Think for a long time")
    settled(driver)
    driver.core.chat.prepare(first.conversation_id)
    settled(driver)
    assert new_tokens(driver.ask("Hello", first.conversation_id)) == OWN_TOKENS


def test_a_long_question_is_kept_even_if_its_answer_is_never_finished(driver: Driver, tmp_path: Path) -> None:
    first = driver.ask_briefly("Hello " + "word " * 1500)
    driver.close()
    again = Driver(tmp_path / "data", model=TINY)
    try:
        message = again.ask_briefly("Hello", first.conversation_id)
        assert message.statistics is not None
        assert message.statistics.reused_tokens > 1500
    finally:
        again.close()


LEASE = Attachment("lease.txt", "ab" * 32, 3000, "The notice period is three months. " * 90)


@pytest.mark.parametrize("begun", [True, False])
def test_a_file_is_read_while_the_message_is_still_written(driver: Driver, begun: bool) -> None:
    conversation = driver.ask("Hello").conversation_id if begun else None
    driver.core.models.load()
    driver.until_model(ModelPhase.READY)
    driver.core.chat.prepare(conversation, Ahead((LEASE,)))
    settled(driver)
    answer = driver.ask("Hello", conversation, files=[LEASE])
    assert answer.statistics is not None
    assert answer.statistics.prompt_tokens > 800
    assert new_tokens(answer) == OWN_TOKENS


def test_the_trial_model_is_settled_through_its_template(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "data", model=trial_model())
    try:
        first = driver.ask_briefly("Say hello.")
        settled(driver)
        second = driver.ask_briefly("Again.", first.conversation_id)
        assert new_tokens(second) <= 12
    finally:
        driver.close()


def test_a_trashed_conversation_leaves_no_state(driver: Driver) -> None:
    first = driver.ask("Hello")
    settled(driver)
    states = driver.core.paths.states
    assert list(states.glob(f"{first.conversation_id}.*"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in [states, *states.iterdir()])
    driver.core.chat.move_to_trash(first.conversation_id)
    assert list(states.glob(f"{first.conversation_id}.*")) == []


def test_nothing_is_kept_on_disk_where_the_user_wants_none(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "data", model=TINY)
    try:
        driver.core.override_settings(states_mb=0)
        first = driver.ask("Hello")
        settled(driver)
        assert not driver.core.paths.states.exists()
        assert new_tokens(driver.ask("Hello", first.conversation_id)) == OWN_TOKENS
    finally:
        driver.close()


class SlowSettling(ScriptedEngine):
    """Takes its time for work ahead, and none for the rest."""

    def prefill(self, request: PrefillRequest) -> Iterator[GenerateEvent]:
        self._halt.clear()
        self._wait(30)
        yield from super().prefill(request)


def test_a_message_interrupts_settling_at_once(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "data", SlowSettling(), TINY)
    try:
        first = driver.ask("Hello")
        time.sleep(0.3)
        started = time.monotonic()
        driver.ask("Hello", first.conversation_id)
        assert time.monotonic() - started < 5
    finally:
        driver.close()

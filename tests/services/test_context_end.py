"""What happens when a conversation no longer fits into the model's context, or memory runs out."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.chat import FailureKind, MessageId, Status
from app.services.events import ChoiceOffered, ContextCounted, ReasoningGrew, TurnEnded
from app.services.offers import LeaveOut, Offer, UseContext
from tests.driver import Driver
from tests.models import TINY, trial_model

CONTEXT = 2048
LONG = "word " * 700


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path / "data", model=TINY)
    driver.core.override_settings(context_size=CONTEXT)
    yield driver
    driver.close()


def offered(driver: Driver) -> tuple[MessageId, tuple[Offer, ...]]:
    driver.until(lambda: bool(driver.of(ChoiceOffered)))
    [event] = driver.of(ChoiceOffered)
    return event.message_id, event.offers


def fill(driver: Driver) -> tuple[MessageId, tuple[Offer, ...]]:
    """A conversation whose third question is too much."""
    first = driver.ask_briefly("Hello " + LONG)
    driver.ask_briefly("Hello " + LONG, first.conversation_id)
    failed = driver.ask("Hello " + LONG, first.conversation_id)
    assert failed.status is Status.FAILED
    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.CONTEXT
    return offered(driver)


def test_the_oldest_messages_can_be_left_out_and_stay_in_the_conversation(driver: Driver) -> None:
    answer_id, (leave_out, _) = fill(driver)
    assert isinstance(leave_out, LeaveOut)
    assert leave_out.messages == 4
    assert leave_out.tokens < CONTEXT / 2
    driver.events.clear()
    driver.core.chat.accept(answer_id, leave_out)
    driver.until(lambda: len(driver.events) > 20 or bool(driver.of(TurnEnded)))
    driver.core.chat.stop()
    answer = driver.finish()
    assert answer.id == answer_id, "an empty answer is given again in its place"
    assert answer.failure is None
    assert answer.statistics is not None
    assert abs(answer.statistics.prompt_tokens - leave_out.tokens) <= 1
    conversation = driver.core.chat.conversation(answer.conversation_id)
    assert len(conversation.messages) == 6
    assert len(conversation.in_sight) == 2


def test_what_was_left_out_can_be_shown_again(driver: Driver) -> None:
    _, (leave_out, _) = fill(driver)
    assert isinstance(leave_out, LeaveOut)
    conversation = driver.core.chat.conversation(driver.core.chat.conversations()[0].id)
    driver.core.chat.show_from(conversation.id, leave_out.first)
    assert len(driver.core.chat.conversation(conversation.id).in_sight) == 2
    driver.core.chat.show_from(conversation.id, None)
    assert len(driver.core.chat.conversation(conversation.id).in_sight) == 6


def test_a_larger_context_has_its_price_and_is_kept(driver: Driver) -> None:
    answer_id, (_, larger) = fill(driver)
    assert isinstance(larger, UseContext)
    assert larger.context_size == 4096
    assert 0 < larger.bytes < 1 << 30
    driver.events.clear()
    driver.core.chat.accept(answer_id, larger)
    driver.until(lambda: len(driver.events) > 20 or bool(driver.of(TurnEnded)))
    driver.core.chat.stop()
    answer = driver.finish()
    assert answer.failure is None
    assert answer.statistics is not None
    assert answer.statistics.context_size == 4096
    assert answer.statistics.prompt_tokens > CONTEXT
    assert driver.core.settings.context_size == 4096


def test_one_message_that_is_too_long_alone_gets_no_false_offer(driver: Driver) -> None:
    failed = driver.ask("word " * 2500)
    assert failed.status is Status.FAILED
    _, offers = offered(driver)
    assert [type(offer) for offer in offers] == [UseContext]


def test_the_same_holds_for_a_model_with_a_chat_template(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "data", model=trial_model())
    driver.core.override_settings(context_size=512)
    try:
        first = driver.ask_briefly("Say hello. " + "word " * 250)
        driver.ask("And again. " + "word " * 250, first.conversation_id)
        answer_id, offers = offered(driver)
        leave_out = next(offer for offer in offers if isinstance(offer, LeaveOut))
        driver.events.clear()
        driver.core.chat.accept(answer_id, leave_out)
        driver.until(lambda: len(driver.events) > 20 or bool(driver.of(TurnEnded)))
        driver.core.chat.stop()
        # What so small a model makes of it is another matter; it was asked, with what was offered.
        statistics = driver.finish().statistics
        assert statistics is not None
        assert statistics.prompt_tokens == leave_out.tokens
    finally:
        driver.close()


def test_a_memory_kill_says_so_and_offers_a_smaller_context(driver: Driver) -> None:
    driver.core.override_settings(context_size=4096)
    driver.start("Think for a long time")
    driver.until(lambda: bool(driver.of(ReasoningGrew)))
    os.kill(driver.core.engine.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    failed = driver.finish()
    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.MEMORY
    assert "memory" in failed.failure.title
    answer_id, (smaller,) = offered(driver)
    assert isinstance(smaller, UseContext)
    assert smaller.context_size == 2048
    assert smaller.bytes < 0
    driver.events.clear()
    driver.core.chat.accept(answer_id, smaller)
    driver.until(lambda: bool(driver.of(ReasoningGrew)))
    driver.core.chat.stop()
    answer = driver.finish()
    assert answer.id != answer_id, "what was thought before the kill stays, as another version"
    assert answer.parent_id == failed.parent_id


def test_a_settled_conversation_tells_what_it_takes(driver: Driver) -> None:
    first = driver.ask("Hello")
    driver.until(lambda: bool(driver.of(ContextCounted)))
    [counted] = driver.of(ContextCounted)
    assert counted.conversation_id == first.conversation_id
    assert counted.size == CONTEXT
    assert 0 < counted.tokens < 300

"""Messages that wait for the answer before them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.chat import ConversationId, Role, Status
from app.engine.scripted import Script, ScriptedEngine
from app.services.events import QueueChanged, TurnEnded, TurnStarted
from tests.driver import Driver
from tests.models import TINY

ANSWER = "<|channel|>final<|message|>An answer that takes a moment to write.<|return|>"
FAILS = "<|channel|>final<|message|>Oh !fail"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path / "data", ScriptedEngine(script=Script((ANSWER,), token_seconds=0.02)), TINY)
    yield driver
    driver.close()


def waiting(driver: Driver) -> list[str]:
    return [unsent.text for unsent in driver.core.outbox.waiting()]


def ended(driver: Driver, count: int) -> None:
    driver.until(lambda: len(driver.of(TurnEnded)) >= count)


def asked(driver: Driver, conversation: ConversationId) -> list[str]:
    messages = driver.core.chat.conversation(conversation).messages
    return [message.text for message in messages if message.role is Role.USER]


def test_a_message_sent_while_an_answer_runs_waits_and_is_answered_after_it(driver: Driver) -> None:
    outbox = driver.core.outbox
    conversation = outbox.submit(None, "One")
    outbox.submit(conversation, "Two")
    outbox.submit(conversation, "Three")
    assert waiting(driver) == ["Two", "Three"]
    ended(driver, 3)
    assert waiting(driver) == []
    assert asked(driver, conversation) == ["One", "Two", "Three"]
    messages = driver.core.chat.conversation(conversation).messages
    assert [message.status for message in messages] == [Status.COMPLETE] * 6
    kinds = [type(event) for event in driver.events if isinstance(event, TurnStarted | TurnEnded)]
    assert kinds == [TurnStarted, TurnEnded] * 3


def test_a_message_that_waits_can_be_taken_back(driver: Driver) -> None:
    outbox = driver.core.outbox
    conversation = outbox.submit(None, "One")
    outbox.submit(conversation, "Two")
    [unsent] = outbox.waiting()
    taken = outbox.take_back(unsent.id)
    assert taken is not None
    assert taken.text == "Two"
    assert outbox.take_back(unsent.id) is None
    ended(driver, 1)
    assert asked(driver, conversation) == ["One"]
    assert len(driver.of(QueueChanged)) == 2


def test_a_conversation_begun_by_a_waiting_message_goes_with_it(driver: Driver) -> None:
    outbox = driver.core.outbox
    outbox.submit(None, "One")
    new = outbox.submit(None, "Two")
    assert {each.title for each in driver.core.chat.conversations()} == {"One", "Two"}
    [unsent] = outbox.waiting()
    assert unsent.conversation_id == new
    outbox.take_back(unsent.id)
    assert [each.title for each in driver.core.chat.conversations()] == ["One"]


def test_what_is_typed_in_a_conversation_keeps_it_when_its_only_message_is_taken_back(driver: Driver) -> None:
    outbox = driver.core.outbox
    outbox.submit(None, "One")
    new = outbox.submit(None, "Two")
    driver.core.notes.save_draft(new, "And also")
    outbox.take_back(outbox.waiting()[0].id)
    assert driver.core.notes.draft(new) == "And also"
    assert {each.title for each in driver.core.chat.conversations()} == {"One", "Two"}


def test_stopping_an_answer_sends_what_waits(driver: Driver) -> None:
    conversation = driver.core.outbox.submit(None, "One")
    driver.core.outbox.submit(conversation, "Two")
    driver.core.chat.stop()
    ended(driver, 2)
    first, second = driver.of(TurnEnded)
    assert (first.message.status, second.message.status) == (Status.STOPPED, Status.COMPLETE)


def test_after_a_failure_the_line_stands_still_until_the_user_sends_on(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "data", ScriptedEngine(script=Script((FAILS, ANSWER), token_seconds=0.02)), TINY)
    try:
        conversation = driver.core.outbox.submit(None, "One")
        driver.core.outbox.submit(conversation, "Two")
        assert driver.finish().status is Status.FAILED
        [unsent] = driver.core.outbox.waiting()
        assert driver.core.chat.running is None
        driver.core.outbox.send_now(unsent.id)
        ended(driver, 2)
        assert asked(driver, conversation) == ["One", "Two"]
    finally:
        driver.close()


def test_what_waits_survives_a_restart_and_is_not_sent_by_itself(driver: Driver, tmp_path: Path) -> None:
    conversation = driver.core.outbox.submit(None, "One")
    driver.core.outbox.submit(conversation, "Two")
    driver.close()
    again = Driver(tmp_path / "data", ScriptedEngine(script=Script((ANSWER,))), TINY)
    try:
        assert waiting(again) == ["Two"]
        assert again.core.chat.running is None
        again.core.outbox.send_now(again.core.outbox.waiting()[0].id)
        again.finish()
        assert asked(again, conversation) == ["One", "Two"]
    finally:
        again.close()


def test_a_message_that_was_sent_waits_no_more_even_after_a_kill_in_between(driver: Driver) -> None:
    outbox = driver.core.outbox
    conversation = outbox.submit(None, "One")
    outbox.submit(conversation, "Two")
    [unsent] = outbox.waiting()
    ended(driver, 2)
    # As if the process had died after the message was stored, and before it was taken out of the line.
    driver.core._store._database.execute(
        "INSERT INTO unsent (id, conversation_id, created_at, text) VALUES (?, ?, ?, ?)",
        [unsent.id, conversation, unsent.created_at.isoformat(), "Two"],
    )
    assert waiting(driver) == []


def test_what_waits_in_a_trashed_conversation_is_not_sent(driver: Driver) -> None:
    outbox = driver.core.outbox
    outbox.submit(None, "One")
    other = outbox.submit(None, "Two")
    driver.core.chat.move_to_trash(other)
    assert waiting(driver) == []
    ended(driver, 1)
    driver.core.chat.restore(other)
    assert waiting(driver) == ["Two"]

"""Versions of messages, and copies of conversations: nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.chat import ConversationId, Message
from app.engine.scripted import Script, ScriptedEngine
from app.errors import AppError
from app.services.events import AnswerGrew
from tests.driver import Driver
from tests.models import TINY


def says(text: str) -> str:
    return f"<|channel|>final<|message|>{text}<|return|>"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    script = Script((says("one"), says("two"), says("three"), says("four"), says("five")))
    driver = Driver(tmp_path / "data", ScriptedEngine(script=script), TINY)
    driver.core.override_settings(titles=False)
    yield driver
    driver.close()


def branch(driver: Driver, conversation: ConversationId) -> list[str]:
    return [message.text for message in driver.core.chat.conversation(conversation).messages]


def talk(driver: Driver) -> tuple[ConversationId, list[Message]]:
    first = driver.ask("A")
    driver.ask("B", first.conversation_id)
    return first.conversation_id, list(driver.core.chat.conversation(first.conversation_id).messages)


def test_an_edited_question_begins_a_branch_and_both_stay(driver: Driver) -> None:
    conversation, messages = talk(driver)
    driver.events.clear()
    driver.core.versions.edit(messages[0].id, "A2")
    driver.finish()
    assert branch(driver, conversation) == ["A2", "three"]
    now = driver.core.chat.conversation(conversation).messages
    versions = driver.core.versions.of(conversation)
    assert versions[messages[0].id] == versions[now[0].id] == (messages[0].id, now[0].id)
    driver.core.versions.show(messages[0].id)
    assert branch(driver, conversation) == ["A", "one", "B", "two"]
    driver.core.versions.show(now[0].id)
    assert branch(driver, conversation) == ["A2", "three"]


def test_an_answer_given_again_stands_beside_the_first(driver: Driver) -> None:
    conversation, messages = talk(driver)
    driver.events.clear()
    driver.core.chat.answer_again(messages[3].id)
    answer = driver.finish()
    assert branch(driver, conversation) == ["A", "one", "B", "three"]
    assert driver.core.versions.of(conversation)[answer.id] == (messages[3].id, answer.id)
    driver.core.versions.show(messages[3].id)
    assert branch(driver, conversation) == ["A", "one", "B", "two"]


def test_a_version_is_shown_as_far_as_its_newest_branch_goes(driver: Driver) -> None:
    conversation, messages = talk(driver)
    driver.events.clear()
    driver.core.versions.edit(messages[2].id, "B2")
    driver.finish()
    driver.events.clear()
    driver.core.versions.edit(messages[0].id, "A2")
    driver.finish()
    driver.core.versions.show(messages[0].id)
    assert branch(driver, conversation) == ["A", "one", "B2", "three"]


def test_a_branch_becomes_a_conversation_of_its_own(driver: Driver) -> None:
    conversation, messages = talk(driver)
    new = driver.core.versions.branch_off(messages[1].id)
    assert branch(driver, new) == ["A", "one"]
    assert branch(driver, conversation) == ["A", "one", "B", "two"]
    driver.ask("C", new)
    assert branch(driver, new) == ["A", "one", "C", "three"]


def test_a_duplicate_has_all_versions(driver: Driver) -> None:
    conversation, messages = talk(driver)
    driver.events.clear()
    driver.core.versions.edit(messages[2].id, "B2")
    driver.finish()
    new = driver.core.versions.duplicate(conversation)
    assert branch(driver, new) == ["A", "one", "B2", "three"]
    question = driver.core.chat.conversation(new).messages[2]
    versions = driver.core.versions.of(new)[question.id]
    assert len(versions) == 2
    driver.core.versions.show(versions[0])
    assert branch(driver, new) == ["A", "one", "B", "two"]
    assert branch(driver, conversation) == ["A", "one", "B2", "three"]


def test_copies_have_titles_of_their_own(driver: Driver) -> None:
    conversation, messages = talk(driver)
    driver.core.chat.rename(conversation, "Lease")
    first = driver.core.versions.duplicate(conversation)
    second = driver.core.versions.duplicate(first)
    third = driver.core.versions.branch_off(messages[1].id)
    assert [driver.core.chat.conversation(each).title for each in (conversation, first, second, third)] == [
        "Lease",
        "Lease (2)",
        "Lease (3)",
        "Lease (4)",
    ]


def test_a_conversation_without_messages_has_no_duplicate(driver: Driver) -> None:
    driver.start("First")
    waiting = driver.core.outbox.submit(None, "Second")
    with pytest.raises(AppError, match="no messages yet"):
        driver.core.versions.duplicate(waiting)
    driver.core.chat.stop()
    driver.finish()


def test_no_version_is_changed_for_another_while_an_answer_is_written(tmp_path: Path) -> None:
    script = Script((says("one"), says("a longer answer that takes its time")), token_seconds=0.05)
    driver = Driver(tmp_path / "data", ScriptedEngine(script=script), TINY)
    driver.core.override_settings(titles=False)
    try:
        conversation, messages = driver.ask("A").conversation_id, None
        messages = driver.core.chat.conversation(conversation).messages
        driver.start("B", conversation)
        driver.until(lambda: bool(driver.of(AnswerGrew)))
        with pytest.raises(AppError):
            driver.core.versions.show(messages[0].id)
        driver.finish()
    finally:
        driver.close()

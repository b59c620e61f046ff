"""Titles by the model: only from an answer, only where nobody gave one, and out of the user's way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.engine.scripted import Script, ScriptedEngine
from app.services.titling import clean_title
from tests.driver import Driver
from tests.models import TINY, trial_model
from tests.services.test_settling import OWN_TOKENS, new_tokens, settled

ANSWER = (
    "<|channel|>analysis<|message|>Bread, I see.<|end|><|start|>assistant<|channel|>final<|message|>Knead.<|return|>"
)


def driver_of(tmp_path: Path, *outputs: str) -> Driver:
    """A core on an engine that plays this script, whose conversations get titles."""
    driver = Driver(tmp_path / "data", ScriptedEngine(script=Script(outputs)), TINY)
    driver.core.override_settings(titles=True)
    return driver


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path / "data", model=TINY)
    driver.core.override_settings(titles=True)
    yield driver
    driver.close()


def titles(driver: Driver) -> list[str]:
    return [conversation.title for conversation in driver.core.chat.conversations()]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Baking bread at home", "Baking bread at home"),
        ("  “Baking bread at home”.\n", "Baking bread at home"),
        ("**Title:** Baking bread", "Baking bread"),
        ("Titel: Brot backen", "Brot backen"),
        ("# Baking `bread`\n\nBecause you asked about bread.", "Baking bread"),
        ("家でパンを焼く。", "家でパンを焼く"),
        ("Is C++ hard?", "Is C++ hard?"),
        ("", None),
        ("…", None),
        ("I think that a good title for this conversation would be one about the baking of bread.", None),
        ("\n\n", None),
    ],
)
def test_a_title_is_the_first_line_without_decoration(written: str, title: str | None) -> None:
    assert clean_title(written) == title


def test_a_conversation_gets_the_title_that_the_model_gives_it(tmp_path: Path) -> None:
    driver = driver_of(tmp_path, ANSWER, "Baking bread.<|return|>")
    driver.ask("How do I bake bread?")
    driver.until(lambda: titles(driver) == ["Baking bread"])
    driver.close()


def test_thoughts_never_become_a_title(tmp_path: Path) -> None:
    thoughts = "<|end|><|start|>assistant<|channel|>analysis<|message|>A title about bread.<|end|>"
    driver = driver_of(tmp_path, ANSWER, thoughts)
    driver.ask("How do I bake bread?")
    settled(driver)
    driver.run_posted()
    assert titles(driver) == ["How do I bake bread?"]
    driver.close()


def test_a_title_of_the_users_own_is_kept(tmp_path: Path) -> None:
    driver = driver_of(tmp_path, ANSWER, "Baking bread<|return|>", ANSWER, "Another title<|return|>")
    answer = driver.ask("How do I bake bread?")
    driver.core.chat.rename(answer.conversation_id, "My bread")
    settled(driver)
    driver.run_posted()
    assert titles(driver) == ["My bread"]
    driver.ask("And then?", answer.conversation_id)
    settled(driver)
    driver.run_posted()
    assert titles(driver) == ["My bread"]
    driver.close()


def test_titles_can_be_left_to_the_first_words(tmp_path: Path) -> None:
    driver = driver_of(tmp_path, ANSWER, "Baking bread<|return|>")
    driver.core.override_settings(titles=False)
    driver.ask("How do I bake bread?")
    settled(driver)
    driver.run_posted()
    assert titles(driver) == ["How do I bake bread?"]
    driver.close()


def test_the_trial_model_is_not_asked(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "data", model=trial_model())
    driver.core.override_settings(titles=True)
    driver.ask_briefly("Hello")
    settled(driver)
    driver.run_posted()
    assert titles(driver) == ["Hello"]
    driver.close()


def test_a_follow_up_still_costs_its_own_tokens_only(driver: Driver) -> None:
    first = driver.ask("Count to 200")
    settled(driver)
    driver.run_posted()
    assert new_tokens(driver.ask("Hello", first.conversation_id)) == OWN_TOKENS


def test_the_next_message_does_not_wait_for_a_title(driver: Driver) -> None:
    first = driver.ask("Count to 200")
    second = driver.ask("Hello", first.conversation_id)
    assert second.text == "Hello! How can I help you today?"

"""An answer that was broken off goes on where it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from app.chat_template import TemplateDialect
from app.domain.chat import Reasoning, Status, Text
from app.domain.dialect import PromptOptions
from app.domain.prompt import Plain, Special
from app.harmony import HarmonyDialect
from app.services.dialects import answer_so_far
from app.services.events import AnswerGrew
from tests.driver import Driver
from tests.models import TINY
from tests.services.test_settling import settled
from tests.ui.fakes import answer, question

OPTIONS = PromptOptions(date(2026, 1, 1))
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path / "data", model=TINY)
    yield driver
    driver.close()


def test_the_prompt_ends_with_the_words_of_the_answer_and_has_no_thoughts() -> None:
    half = answer("One mon", Reasoning("Hm."))
    resumed = answer_so_far(HarmonyDialect(), [question("How long?")], half, OPTIONS)
    assert resumed is not None
    prompt, _parser = resumed
    assert prompt[-5:] == (
        Plain("assistant"),
        Special("<|channel|>"),
        Plain("final"),
        Special("<|message|>"),
        Plain("One mon"),
    )
    assert Plain("Hm.") not in prompt


def test_other_models_go_on_after_their_own_words_too() -> None:
    resumed = answer_so_far(TemplateDialect(CHATML), [question("How long?")], answer("One mon"), OPTIONS)
    assert resumed is not None
    assert resumed[0][-1] == Plain("One mon")


def test_a_stopped_answer_grows_on_and_costs_nothing_twice(driver: Driver) -> None:
    driver.start("Count to 200")
    driver.until(lambda: len(driver.of(AnswerGrew)) > 30)
    driver.core.chat.stop()
    half = driver.finish()
    assert half.status is Status.STOPPED
    settled(driver)
    driver.events.clear()
    driver.core.chat.answer_again(half.id, resume=True)
    whole = driver.finish()
    assert whole.id == half.id
    assert whole.status is Status.COMPLETE
    assert whole.text.startswith(half.text)
    assert len(whole.text) > len(half.text)
    assert next(part for part in whole.parts if isinstance(part, Text)).token_ids
    assert whole.statistics is not None
    assert whole.statistics.prompt_tokens - whole.statistics.reused_tokens <= 2
    stored = driver.core.chat.conversation(half.conversation_id).messages
    assert [message.id for message in stored][-1] == half.id
    assert stored[-1].text == whole.text


def test_an_answer_without_words_can_only_be_asked_for_again(driver: Driver) -> None:
    first = driver.ask("Hello")
    store = driver.core._store
    thought = store.add_message(first.conversation_id, first.parent_id, first.role, (Reasoning("Hm."),))
    driver.events.clear()
    driver.core.chat.answer_again(thought.id, resume=True)
    failed = driver.finish()
    assert failed.status is Status.FAILED
    assert failed.failure is not None
    assert "continued" in failed.failure.title

"""Questions about documents on the real core, with a model that searches, opens and cites."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.chat import Attachment, Citation, Effort, Message, Status, Text, ToolCall, ToolResult
from app.engine.scripted import Script, ScriptedEngine
from app.services.citations import citations
from app.services.evidence import Evidence, evidence
from app.services.events import ToolUsed
from tests.driver import Driver
from tests.models import TINY, trial_model
from tests.services.documents import MemoryDocuments, MemorySource, sha256_of
from tests.services.test_settling import OWN_TOKENS, new_tokens, settled

TERMS = "The warranty lasts two years.\fA refund is paid within a month."
TEXTS = {"terms.pdf": TERMS, "garden.txt": "The garden opens in May.", "salary.txt": "The salary is paid monthly."}
QUESTION = "What do my documents say about warranty?"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path / "data", model=TINY)
    driver.core.documents = MemoryDocuments(MemorySource(TEXTS))
    yield driver
    driver.close()


def cited(message: Message) -> list[Citation]:
    return [part for part in message.parts if isinstance(part, Citation)]


def stored(driver: Driver, message: Message) -> Message:
    return driver.core.chat.conversation(message.conversation_id).messages[-1]


def test_the_model_searches_opens_and_cites_a_place_that_exists(driver: Driver) -> None:
    answer = driver.ask(QUESTION)
    assert answer.text == "Your documents mention warranty【1†L0】."
    assert [part.name for part in answer.parts if isinstance(part, ToolCall)] == ["browser.search", "browser.open"]
    citation = Citation(
        number=1,
        document="terms.pdf",
        first_line=0,
        last_line=0,
        passage="The warranty lasts two years.",
        page=1,
        verified=True,
        mark="【1†L0】",
        sha256=sha256_of(TERMS),
        start=0,
        end=29,
    )
    assert cited(answer) == [citation]
    assert evidence(answer.parts) == Evidence(1, 1, 3)
    assert stored(driver, answer).parts == answer.parts
    assert [event.call.name for event in driver.of(ToolUsed)] == ["browser.search", "browser.open"]

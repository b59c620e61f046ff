"""Questions about documents on the real core, with a model that searches, opens and cites."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.chat import Attachment, Citation, Effort, Message, Status, Text, ToolCall, ToolResult
from app.engine.scripted import Script, ScriptedEngine
from app.services.events import ToolUsed
from app.services.evidence import Evidence, evidence
from tests.driver import Driver
from tests.models import TINY, trial_model
from tests.services.documents import MemoryDocuments, MemorySource, give, sha256_of
from tests.services.test_settling import OWN_TOKENS, new_tokens, settled

TERMS = "The warranty lasts two years.\fA refund is paid within a month."
TEXTS = {"terms.pdf": TERMS, "garden.txt": "The garden opens in May.", "salary.txt": "The salary is paid monthly."}
QUESTION = "What do my documents say about warranty?"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path / "data", model=TINY)
    give(driver.core, MemoryDocuments(MemorySource(TEXTS)))
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


def test_nothing_found_is_said(driver: Driver) -> None:
    answer = driver.ask("Find museum in my documents.")
    assert answer.text == "I found nothing about museum in your documents."
    assert cited(answer) == []
    assert evidence(answer.parts) == Evidence(0, 0, 3)


def test_cursors_go_on_so_that_a_stale_citation_leads_to_the_old_page(driver: Driver) -> None:
    first = driver.ask(QUESTION)
    second = driver.ask("Search my documents for salary", first.conversation_id)
    results = [part for part in second.parts if isinstance(part, ToolResult)]
    assert [result.shown and result.shown.cursor for result in results] == [2, 3]
    [citation] = cited(second)
    assert (citation.mark, citation.document) == ("【1†L0】", "terms.pdf"), (
        "the trained cursor is that of the first question"
    )
    assert evidence(second.parts) == Evidence(1, 1, 3)


def test_a_follow_up_with_documents_costs_its_own_tokens_only(driver: Driver) -> None:
    first = driver.ask(QUESTION)
    settled(driver)
    assert new_tokens(driver.ask("Hello", first.conversation_id)) == OWN_TOKENS


def test_files_that_came_along_cost_nothing_again(driver: Driver) -> None:
    driver.events.clear()
    files = [Attachment("note.txt", "a" * 64, 9, "Meet at noon. " * 50), Attachment("long.pdf", "b" * 64, 9)]
    conversation = driver.core.chat.send(None, "Hello", attached=lambda _conversation: files)
    first = driver.finish()
    assert first.text
    assert driver.core.chat.conversation(conversation).messages[0].parts == (*files, Text("Hello"))
    settled(driver)
    assert new_tokens(driver.ask("Hello", conversation)) == OWN_TOKENS


def test_a_restart_keeps_pages_citations_and_the_cache(driver: Driver, tmp_path: Path) -> None:
    first = driver.ask(QUESTION)
    settled(driver)
    driver.close()
    again = Driver(tmp_path / "data", model=TINY)
    try:
        give(again.core, MemoryDocuments(MemorySource(TEXTS)))
        assert stored(again, first).parts == first.parts
        again.core.models.load()
        again.core.chat.prepare(first.conversation_id)
        settled(again)
        second = again.ask("Hello", first.conversation_id)
        assert new_tokens(second) == OWN_TOKENS
    finally:
        again.close()


def test_an_answer_given_again_searches_again_from_the_same_pages(driver: Driver) -> None:
    first = driver.ask(QUESTION)
    driver.events.clear()
    driver.core.chat.answer_again(first.id)
    second = driver.finish()
    assert second.id != first.id
    assert cited(second) == cited(first)


def test_without_effort_passages_are_looked_up_before_the_answer(driver: Driver) -> None:
    answer = driver.ask(QUESTION, effort=Effort.NONE)
    assert answer.status is Status.COMPLETE
    assert answer.reasoning == ""
    call, result = answer.parts[:2]
    assert isinstance(call, ToolCall)
    assert json.loads(call.arguments) == {"query": QUESTION}
    assert isinstance(result, ToolResult)
    assert "The warranty lasts two years." in result.output
    settled(driver)
    second = driver.ask("Hello, how are you today?", answer.conversation_id)
    assert answer.statistics is not None
    assert second.statistics is not None
    assert second.statistics.reused_tokens >= answer.statistics.prompt_tokens


def test_a_conversation_without_documents_has_no_tool(driver: Driver) -> None:
    give(driver.core, MemoryDocuments())
    answer = driver.ask(QUESTION)
    assert answer.text == "No documents are attached, so I cannot look up warranty."
    assert evidence(answer.parts) is None


def test_a_model_without_tools_is_given_the_passages_with_each_question(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "data", model=trial_model())
    source = MemorySource(TEXTS)
    give(driver.core, MemoryDocuments(source))
    try:
        first = driver.ask_briefly("How long does the warranty last for me?")
        call, result, text = first.parts[:3]
        assert isinstance(call, ToolCall)
        assert isinstance(result, ToolResult)
        assert isinstance(text, Text)
        assert "[1] terms.pdf, page 1\n> The warranty lasts two years." in result.output
        assert [event.result for event in driver.of(ToolUsed)] == [result]
        rests_on = evidence(first.parts)
        assert rests_on is not None
        assert rests_on.of_files == 3
        settled(driver)
        second = driver.ask_briefly("And the refund?", first.conversation_id)
        assert source.searches[-1] == "How long does the warranty last for me? And the refund?"
        passages = second.parts[1]
        assert isinstance(passages, ToolResult)
        assert re.search(r"\n\n\[[4-9]\] terms.pdf, page 2\n> A refund", passages.output)
        assert second.statistics is not None
        assert first.statistics is not None
        assert second.statistics.reused_tokens >= first.statistics.prompt_tokens
    finally:
        driver.close()


CALL = "<|channel|>analysis to={} code<|message|>{}<|call|>"
FINAL = "<|channel|>final<|message|>{}<|return|>"


def scripted(tmp_path: Path, source: MemorySource, *completions: str) -> Driver:
    driver = Driver(tmp_path / "data", ScriptedEngine(script=Script(completions)), TINY)
    give(driver.core, MemoryDocuments(source))
    return driver


def test_calls_that_are_not_as_they_should_be_still_lead_to_an_answer(tmp_path: Path) -> None:
    driver = scripted(
        tmp_path,
        MemorySource(TEXTS),
        CALL.format("functions.browser.search", '"{\\"query\\": \\"warranty\\"}"'),
        "<|channel|>commentary to=browser.open <|constrain|>json<|message|>{'id': 0}<|call|>",
        CALL.format("web.run", "{}"),
        CALL.format("browser.open", '{"id": "0"}<|end|>'),
        FINAL.format("Two years【1†L0】, or so (1†L0), I think【5】【7†L2】."),
    )
    try:
        answer = driver.ask("Warranty?")
        outputs = [part.output for part in answer.parts if isinstance(part, ToolResult)]
        assert outputs[0].startswith("[0] warranty\n")
        assert outputs[1].startswith("No document is named {'id': 0}.")
        assert outputs[2].startswith("There is no tool web.run.")
        assert outputs[3].startswith("[1] terms.pdf\n")
        assert answer.status is Status.COMPLETE
        assert [(one.mark, one.number, one.verified) for one in cited(answer)] == [
            ("【1†L0】", 1, True),
            ("(1†L0)", 1, True),
            ("【7†L2】", 2, False),
        ]
    finally:
        driver.close()


def test_a_model_that_never_stops_to_search_is_made_to_answer(tmp_path: Path) -> None:
    calls = [CALL.format("browser.search", f'{{"query": "warranty {i}"}}') for i in range(20)]
    driver = scripted(tmp_path, MemorySource(TEXTS), *calls)
    try:
        answer = driver.ask("Warranty?")
        assert sum(isinstance(part, ToolCall) for part in answer.parts) == 8
    finally:
        driver.close()


def test_a_stopped_answer_has_the_citations_that_it_came_to(tmp_path: Path) -> None:
    engine = ScriptedEngine(
        script=Script(
            (
                CALL.format("browser.search", '{"query": "warranty"}'),
                FINAL.format("Two years【0†L3】." + " more" * 500),
            ),
            token_seconds=0.01,
        )
    )
    driver = Driver(tmp_path / "data", engine, TINY)
    give(driver.core, MemoryDocuments(MemorySource(TEXTS)))
    try:
        answer = driver.ask_briefly("Warranty?")
        assert answer.status is Status.STOPPED
        assert [one.document for one in cited(answer)] == ["terms.pdf"]
        driver.events.clear()
        engine.script = Script((" And no more【0†L3】.<|return|>",))
        driver.core.chat.answer_again(answer.id, resume=True)
        whole = driver.finish()
        assert whole.status is Status.COMPLETE
        assert whole.text.endswith(" And no more【0†L3】.")
        assert [one.document for one in cited(whole)] == ["terms.pdf"]
        assert stored(driver, whole).parts == whole.parts
    finally:
        driver.close()

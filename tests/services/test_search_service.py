"""Search as one types, on the real store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.search import SearchHit, SearchQuery
from app.engine.scripted import ScriptedEngine
from tests.driver import Driver


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path / "data", ScriptedEngine())
    yield driver
    driver.close()


def test_only_the_newest_query_is_answered(driver: Driver) -> None:
    made = driver.core._store.create_conversation("Winter journey")
    answers: list[tuple[str, object]] = []
    for text in ("w", "wi", "win", "winter"):
        driver.core.search.search(SearchQuery(text), lambda found, text=text: answers.append((text, found)))  # type: ignore[misc]
    driver.until(lambda: bool(answers))
    [(text, found)] = answers
    assert text == "winter"
    assert isinstance(found, list)
    assert [hit.conversation_id for hit in found if isinstance(hit, SearchHit)] == [made.id]


def test_a_draft_and_a_pin_survive_a_restart(driver: Driver, tmp_path: Path) -> None:
    made = driver.core._store.create_conversation("A")
    driver.core.notes.save_draft(made.id, "half a question")
    driver.core.notes.pin(made.id, True)
    driver.close()
    again = Driver(tmp_path / "data", ScriptedEngine())
    assert again.core.notes.draft(made.id) == "half a question"
    assert again.core.chat.conversation(made.id).pinned_at is not None
    again.close()


def test_a_damaged_index_is_made_anew_and_what_is_looked_for_is_found(driver: Driver) -> None:
    made = driver.core._store.create_conversation("Winter journey")
    for number in range(50):
        driver.core._store.create_conversation(f"Talk {number}")
    with closing(sqlite3.connect(driver.core.paths.database)) as connection:
        connection.execute("UPDATE title_words_data SET block = x'00ff00ff' WHERE id > 10")
        connection.execute("UPDATE title_trigrams_data SET block = x'00ff00ff' WHERE id > 10")
        connection.commit()
    answers: list[object] = []
    driver.core.search.search(SearchQuery("winter"), answers.append)
    driver.until(lambda: bool(answers))
    [found] = answers
    assert isinstance(found, list)
    assert [hit.conversation_id for hit in found] == [made.id]

"""The caches of conversations on disk: measured, deleted, and never written again once nobody wants them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.chat import Status
from app.paths import Paths
from app.services.events import ModelPhase
from app.settings import Settings, save_settings
from tests.driver import Driver
from tests.models import TINY


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


def test_caches_are_measured_and_come_back_after_they_were_deleted(driver: Driver) -> None:
    assert driver.core.states_size == 0
    first = driver.ask("Hello")
    settled(driver)
    size = sum(path.stat().st_size for path in driver.core.paths.states.iterdir())
    assert driver.core.states_size == size > 0
    driver.core.clear_states()
    assert driver.core.states_size == 0
    driver.ask("Hello", first.conversation_id)
    settled(driver)
    assert driver.core.states_size > 0


def test_without_room_the_engine_that_was_told_to_keep_states_keeps_none(driver: Driver) -> None:
    first = driver.ask("Hello")
    settled(driver)
    driver.core.keep_states(0)
    assert driver.core.states_size == 0
    driver.until_model(ModelPhase.UNLOADED)
    driver.ask("Hello", first.conversation_id)
    settled(driver)
    assert driver.core.states_size == 0
    driver.core.keep_states(64)
    driver.core.models.unload()
    driver.ask("Hello", first.conversation_id)
    settled(driver)
    assert driver.core.states_size > 0


def test_a_running_answer_is_finished_and_leaves_no_state(driver: Driver) -> None:
    driver.start("Count to 200")
    driver.until(lambda: driver.core.models.state.phase is ModelPhase.READY)
    driver.core.keep_states(0)
    answer = driver.finish()
    assert answer.status is Status.COMPLETE
    assert "200" in answer.text
    settled(driver)
    assert driver.core.states_size == 0


def test_what_a_crash_left_is_gone_at_the_next_start(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "data")
    paths.create()
    paths.states.mkdir()
    left = paths.states / "a.0123.state"
    left.write_bytes(b"said")
    Driver(paths.data).close()
    assert left.exists()
    save_settings(paths.settings, Settings(states_mb=0))
    Driver(paths.data).close()
    assert not left.exists()


def test_the_memory_of_the_loaded_model_counts_as_free_for_the_next(driver: Driver) -> None:
    before = driver.core.models.context_prices()
    driver.ask("Hello")
    assert driver.core.models.context_prices() == before
    assert [price.context_size for price in before][:3] == [4096, 8192, 16384]
    assert all(price.memory for price in before)

"""The model's memory is given back when nobody uses it, and a machine that slept goes on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil

from app.domain.chat import Status
from app.engine.scripted import Script, ScriptedEngine
from app.services.events import AnswerGrew, ModelPhase
from app.services.idle import IdleWatch
from tests.driver import Driver
from tests.models import TINY


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def watched(driver: Driver, minutes: int) -> tuple[IdleWatch, Clock]:
    clock = Clock()
    return IdleWatch(driver.core.chat, driver.core.models, lambda: minutes, clock), clock


def test_an_unused_model_is_unloaded_and_loads_again_with_the_next_message(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "data", model=TINY)
    try:
        watch, clock = watched(driver, 30)
        first = driver.ask("Hello")
        clock.now = 29 * 60
        watch.tick()
        assert driver.core.models.state.phase is ModelPhase.READY
        clock.now = 31 * 60
        pid = driver.core.engine.pid  # type: ignore[attr-defined]
        watch.tick()
        driver.until_model(ModelPhase.UNLOADED)
        driver.until(lambda: not psutil.pid_exists(pid))
        second = driver.ask("Hello", first.conversation_id)
        assert second.text == first.text
    finally:
        driver.close()


def test_it_is_kept_while_it_works_and_where_the_user_wants_it_kept(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "data", ScriptedEngine(script=Script(token_seconds=0.05)), TINY)
    try:
        watch, clock = watched(driver, 1)
        never, late = watched(driver, 0)
        driver.start("Hello")
        driver.until(lambda: bool(driver.of(AnswerGrew)))
        clock.now = late.now = 3600
        watch.tick()
        assert driver.core.models.state.phase is ModelPhase.READY
        driver.finish()
        late.now = 1e9
        never.tick()
        assert driver.core.models.state.phase is ModelPhase.READY
    finally:
        driver.close()


def test_a_machine_that_sleeps_in_the_middle_of_an_answer_goes_on(tmp_path: Path) -> None:
    """As far as a test can make one sleep: the engine's process is stopped and continued."""
    driver = Driver(tmp_path / "data", model=TINY)
    try:
        driver.start("Count to 200")
        driver.until(lambda: bool(driver.of(AnswerGrew)))
        pid = driver.core.engine.pid  # type: ignore[attr-defined]
        os.kill(pid, signal.SIGSTOP)
        time.sleep(1.5)
        os.kill(pid, signal.SIGCONT)
        assert driver.finish().text.endswith("200")
    finally:
        driver.close()


def test_unloading_while_an_answer_is_written_waits_for_its_end(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "data", ScriptedEngine(script=Script(token_seconds=0.05)), TINY)
    try:
        driver.start("Hello")
        driver.until(lambda: bool(driver.of(AnswerGrew)))
        driver.core.models.unload()
        assert driver.finish().status is Status.COMPLETE
        driver.until(lambda: driver.core.engine.model is None)
    finally:
        driver.close()

"""The engine process: the contract, and every way in which a process can end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.engine import spawned
from app.engine.base import Engine, Failed, Finished, Generated, GenerateRequest, Heartbeat, Loaded, LoadRequest
from app.engine.process import EngineProcess
from tests.engine.contract import EngineContract, StopContract
from tests.models import TINY
from tests.prompts import question, text_of

REAL = "app.engine.llama_engine:LlamaEngine"
Start = Callable[..., EngineProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Makes engine processes that end with the test."""
    engines: list[EngineProcess] = []

    def make(factory: str, on_lost: Callable[[Failed], None] | None = None) -> EngineProcess:
        engine = EngineProcess(factory, tmp_path / "engine.log", on_lost)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.close()


class TestEngineProcess(EngineContract):
    @pytest.fixture
    def engine(self, start: Start) -> Engine:
        return start(REAL)


class TestSlowEngineProcess(StopContract):
    @pytest.fixture
    def slow_engine(self, start: Start) -> Engine:
        return start("tests.engine.factories:slow")


def load(engine: EngineProcess) -> None:
    assert isinstance(list(engine.load(LoadRequest(TINY)))[-1], Loaded)


def test_an_engine_runs_where_its_log_can_not_be_written(start: Start, tmp_path: Path) -> None:
    (tmp_path / "engine.log").mkdir()
    load(start(REAL))


def request() -> GenerateRequest:
    return GenerateRequest(question("Count to 200"))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "memory ran short"),
        (signal.SIGABRT, "gave up"),
        (signal.SIGSEGV, "crashed"),
        (signal.SIGTERM, "from outside"),
    ],
)
def test_a_death_in_an_answer_is_one_event_in_words_and_the_next_load_starts_again(
    start: Start, number: signal.Signals, words: str
) -> None:
    engine = start("tests.engine.factories:quick_to_load")
    load(engine)
    events = []
    for event in engine.generate(request()):
        events.append(event)
        if isinstance(event, Generated) and sum(isinstance(e, Generated) for e in events) == 5 and engine.pid:
            os.kill(engine.pid, number)
    ends = [event for event in events if isinstance(event, Failed)]
    assert len(ends) == 1
    assert ends[0] is events[-1]
    assert ends[0].lost
    assert words in ends[0].title
    assert "word0 word1" in text_of(events)
    assert engine.model is None
    load(engine)
    assert isinstance(next(event for event in engine.generate(request()) if isinstance(event, Generated)), Generated)


def test_an_abort_says_why_in_its_details(start: Start) -> None:
    engine = start("tests.engine.factories:Aborting")
    load(engine)
    end = list(engine.generate(request()))[-1]
    assert isinstance(end, Failed)
    assert "GGML_ASSERT(tested) failed" in end.details


def test_a_death_while_idle_is_told_once_and_noticed(start: Start) -> None:
    told: list[Failed] = []
    heard = threading.Event()

    def on_lost(lost: Failed) -> None:
        told.append(lost)
        heard.set()

    engine = start(REAL, on_lost)
    load(engine)
    assert engine.pid
    os.kill(engine.pid, signal.SIGKILL)
    assert heard.wait(10)
    assert len(told) == 1
    assert told[0].lost
    assert engine.model is None
    load(engine)
    assert isinstance(list(engine.generate(request()))[-1], Finished)


def test_closing_is_no_death(start: Start) -> None:
    told: list[Failed] = []
    engine = start(REAL, told.append)
    load(engine)
    pid = engine.pid
    engine.unload()
    assert not psutil.pid_exists(pid or 0)
    load(engine)
    engine.close()
    assert told == []


def test_the_peak_is_that_of_the_engine_and_not_of_what_started_it(start: Start) -> None:
    large = bytearray(400 << 20)
    engine = start(REAL)
    load(engine)
    end = list(engine.generate(request()))[-1]
    assert isinstance(end, Finished)
    assert 20 << 20 < end.statistics.engine_peak_rss_bytes < len(large)


def test_a_fault_in_the_engine_is_an_event_and_not_the_end_of_its_process(start: Start) -> None:
    engine = start("tests.engine.factories:Raising")
    load(engine)
    end = list(engine.generate(request()))[-1]
    assert isinstance(end, Failed)
    assert not end.lost
    assert "ZeroDivisionError" in end.details
    assert engine.model is not None


def test_silence_is_filled_with_heartbeats(start: Start) -> None:
    engine = start("tests.engine.factories:slow")
    events = []
    for event in engine.load(LoadRequest(TINY)):
        events.append(event)
        if sum(isinstance(event, Heartbeat) for event in events) == 2:
            engine.stop()
    assert sum(isinstance(event, Heartbeat) for event in events) >= 2


def test_an_engine_that_does_not_react_to_stop_is_ended(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawned, "STOP_GRACE_SECONDS", 0.5)
    monkeypatch.setattr(spawned, "CLOSE_GRACE_SECONDS", 0.5)
    engine = start("tests.engine.factories:Deaf")
    load(engine)
    threading.Timer(0.3, engine.stop).start()
    end = list(engine.generate(request()))[-1]
    assert isinstance(end, Failed)
    assert end.lost
    assert "did not react" in end.title
    load(engine)


def test_nothing_is_left_when_the_owner_is_killed(tmp_path: Path) -> None:
    """kill -9 of the application: the engine ends by itself, idle or in the middle of an answer."""
    for generate in (False, True):
        script = (
            "import sys, time\nfrom pathlib import Path\nfrom app.engine.base import *\n"
            "from app.engine.process import EngineProcess\nfrom tests.prompts import question\n"
            "if __name__ == '__main__':\n"
            f"    engine = EngineProcess('tests.engine.factories:quick_to_load', Path({str(tmp_path / 'log')!r}))\n"
            f"    list(engine.load(LoadRequest(Path({str(TINY)!r}))))\n"
            "    print(engine.pid, flush=True)\n"
            f"    list(engine.generate(GenerateRequest(question('x')))) if {generate} else time.sleep(60)\n"
        )
        path = tmp_path / "owner.py"
        path.write_text(script)
        root = Path(__file__).parents[2]
        owner = subprocess.Popen(
            [sys.executable, str(path)], stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
        )
        assert owner.stdout is not None
        engine = psutil.Process(int(owner.stdout.readline()))
        time.sleep(0.2)
        owner.kill()
        owner.wait()
        owner.stdout.close()
        engine.wait(timeout=10)

"""Which of llama.cpp's modules for kinds of processors is used, with the modules that are installed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from app.engine.base import Failed, GenerateRequest, Loaded, LoadRequest
from app.engine.process import EngineProcess
from app.engine.scripted import ScriptedEngine
from app.engine.variants import FORCED, STEPS_DOWN, Variant, choose, library_folder, variants
from tests.models import TINY
from tests.prompts import question

LLAMA = "app.engine.llama_engine:LlamaEngine"
FOLDER = library_folder()
KNOWN = variants(FOLDER) if FOLDER is not None else []
RUNNING = [variant.name for variant in KNOWN if variant.score]

needs_modules = pytest.mark.skipif(not KNOWN, reason="this llama.cpp was built without modules")


@needs_modules
def test_the_plainest_module_runs_everywhere_and_is_the_last_choice() -> None:
    assert RUNNING[-1] == "x64"
    assert choose(KNOWN) == KNOWN[0]


@needs_modules
@pytest.mark.parametrize("name", RUNNING)
def test_each_module_that_this_processor_runs_answers(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FORCED, name)
    engine = EngineProcess(LLAMA, tmp_path / "engine.log")
    try:
        loaded = list(engine.load(LoadRequest(TINY)))[-1]
        assert isinstance(loaded, Loaded)
        assert loaded.model.variant == name
        assert not isinstance(list(engine.generate(GenerateRequest(question("Hello"), max_tokens=8)))[-1], Failed)
    finally:
        engine.close()


def test_modules_that_crashed_are_passed_over_and_a_forced_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [Variant(name, Path(name), score) for name, score in (("best", 9), ("good", 5), ("plain", 1), ("alien", 0))]
    monkeypatch.delenv(FORCED, raising=False)
    for steps, name in ((0, "best"), (1, "good"), (2, "plain"), (7, "plain")):
        monkeypatch.setenv(STEPS_DOWN, str(steps))
        chosen = choose(known)
        assert chosen is not None
        assert chosen.name == name
    monkeypatch.setenv(FORCED, "alien")
    assert choose(known) == known[3]
    monkeypatch.setenv(FORCED, "no such module")
    assert choose(known) == known[2]
    assert choose([]) is None


class TooModern(ScriptedEngine):
    """Dies by an illegal instruction until two modules are passed over."""

    def load(self, request: LoadRequest) -> Any:
        if int(os.environ[STEPS_DOWN]) < 2:
            os.kill(os.getpid(), signal.SIGILL)
        return super().load(request)


class MuchTooModern(ScriptedEngine):
    """Dies by an illegal instruction whatever is passed over."""

    def load(self, request: LoadRequest) -> Any:
        os.kill(os.getpid(), signal.SIGILL)
        return super().load(request)


@pytest.mark.skipif(sys.platform == "win32", reason="a process can't send itself this there")
def test_a_load_that_meets_an_illegal_instruction_goes_on_with_lesser_modules(tmp_path: Path) -> None:
    engine = EngineProcess(f"{__name__}:TooModern", tmp_path / "engine.log")
    try:
        events = list(engine.load(LoadRequest(TINY)))
        assert isinstance(events[-1], Loaded)
        assert not any(isinstance(event, Failed) for event in events)
    finally:
        engine.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a process can't send itself this there")
def test_a_load_that_never_works_ends_with_a_sentence(tmp_path: Path) -> None:
    engine = EngineProcess(f"{__name__}:MuchTooModern", tmp_path / "engine.log")
    try:
        last = list(engine.load(LoadRequest(TINY)))[-1]
        assert isinstance(last, Failed)
        assert "instruction" in last.title
    finally:
        engine.close()

"""How many threads generation is given."""

from __future__ import annotations

import pytest

from app.engine import llama_engine
from app.engine.base import EnginePlan, Loaded, LoadRequest
from app.engine.llama_engine import LlamaEngine
from app.engine.tuning import best_threads, candidates
from tests.models import TINY


@pytest.mark.parametrize(
    ("cores", "expected"), [(1, [1]), (2, [1, 2]), (4, [3, 4]), (6, [3, 4, 6]), (12, [6, 8, 9, 12])]
)
def test_a_core_may_be_left_to_the_window_and_large_computers_try_fewer(cores: int, expected: list[int]) -> None:
    assert candidates(cores) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [({3: 1.04, 4: 1.0}, 3), ({3: 1.3, 4: 1.0}, 4), ({6: 1.0, 8: 1.1, 12: 2.0}, 6), ({6: 2.0, 8: 1.0, 12: 0.98}, 8)],
)
def test_more_threads_must_be_worth_it(seconds: dict[int, float], expected: int) -> None:
    assert best_threads(list(seconds), seconds.__getitem__) == expected


def test_the_engine_tries_once_and_uses_what_it_is_told_after_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_engine, "WORTH_TUNING", 0)
    monkeypatch.setattr(llama_engine, "physical_cores", lambda: 2)
    engine = LlamaEngine()
    try:
        first = list(engine.load(LoadRequest(TINY)))[-1]
        assert isinstance(first, Loaded)
        assert first.threads in (1, 2)
        assert engine._current is not None
        assert engine._current.context.last_position == -1, "the trial leaves nothing behind"
        monkeypatch.setattr(engine, "_try", pytest.fail)
        again = list(engine.load(LoadRequest(TINY, EnginePlan(threads=1))))[-1]
        assert isinstance(again, Loaded)
        assert again.threads == 1
    finally:
        engine.close()

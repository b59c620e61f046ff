"""What every engine promises (app/engine/base.py). Each implementation's test module subclasses this."""

from __future__ import annotations

import threading
import time
from itertools import islice
from pathlib import Path

import pytest

from app.engine.base import (
    Engine,
    Failed,
    Finished,
    FinishReason,
    Generated,
    GenerateRequest,
    Heartbeat,
    Loaded,
    LoadProgress,
    LoadRequest,
    PrefillProgress,
    Sampling,
    Stopped,
)
from tests.models import TINY
from tests.prompts import question, text_of


class EngineContract:
    """Subclasses give the fixture ``engine``, whose answer to ``LONG`` has more than a hundred tokens."""

    LONG = "Count to 200"

    @pytest.fixture
    def loaded(self, engine: Engine) -> Engine:
        events = list(engine.load(LoadRequest(TINY)))
        assert isinstance(events[-1], Loaded)
        return engine

    def request(self, max_tokens: int | None = None) -> GenerateRequest:
        return GenerateRequest(question(self.LONG), Sampling(temperature=0), max_tokens)

    def test_loading_shows_progress_and_ends_with_the_model(self, engine: Engine) -> None:
        before = engine.model
        assert before is None
        events = list(engine.load(LoadRequest(TINY)))
        fractions = [event.fraction for event in events if isinstance(event, LoadProgress)]
        assert fractions
        assert fractions == sorted(fractions)
        assert all(0 <= fraction <= 1 for fraction in fractions)
        end = events[-1]
        assert isinstance(end, Loaded)
        assert end.model == engine.model
        assert end.model.context_size == 16384

    def test_a_missing_file_fails_in_words(self, engine: Engine, tmp_path: Path) -> None:
        end = list(engine.load(LoadRequest(tmp_path / "nothing.gguf")))[-1]
        assert isinstance(end, Failed)
        assert "nothing.gguf" in end.title
        assert end.remedy
        assert engine.model is None

    def test_generating_without_a_model_fails_in_words(self, engine: Engine) -> None:
        end = list(engine.generate(self.request()))[-1]
        assert isinstance(end, Failed)
        assert end.title == "No model is loaded."

    def test_a_generation_prefills_then_streams_then_reports(self, loaded: Engine) -> None:
        events = [event for event in loaded.generate(self.request()) if not isinstance(event, Heartbeat)]
        kinds = [type(event) for event in events]
        assert kinds[0] is PrefillProgress
        assert kinds.index(Generated) == kinds.count(PrefillProgress), "all prefill comes before the first token"
        assert kinds[-1] is Finished
        end = events[-1]
        assert isinstance(end, Finished)
        assert end.reason is FinishReason.END
        statistics = end.statistics
        tokens = [token for event in events if isinstance(event, Generated) for token in event.tokens]
        assert statistics.generated_tokens == len(tokens) > 100
        assert statistics.prompt_tokens > 0
        assert statistics.first_token_seconds >= statistics.prefill_seconds >= 0
        assert statistics.tokens_per_second > 0
        assert tokens[-1].special == "<|return|>"

    def test_the_same_prompt_again_is_reused_and_answered_alike(self, loaded: Engine) -> None:
        first = list(loaded.generate(self.request()))
        second = list(loaded.generate(self.request()))
        end = second[-1]
        assert isinstance(end, Finished)
        assert end.statistics.reused_tokens == end.statistics.prompt_tokens - 1
        assert text_of(second) == text_of(first)

    def test_a_token_limit_ends_with_length(self, loaded: Engine) -> None:
        events = list(loaded.generate(self.request(max_tokens=7)))
        end = events[-1]
        assert isinstance(end, Finished)
        assert end.reason is FinishReason.LENGTH
        assert end.statistics.generated_tokens == 7

    def test_a_stop_ends_a_generation_soon_and_keeps_what_came(self, loaded: Engine) -> None:
        events = []
        for event in loaded.generate(self.request()):
            events.append(event)
            if sum(isinstance(event, Generated) for event in events) == 1:
                loaded.stop()
        end = events[-1]
        assert isinstance(end, Finished)
        assert end.reason is FinishReason.STOPPED
        assert text_of(events)

    def test_an_abandoned_generation_leaves_the_engine_usable(self, loaded: Engine) -> None:
        assert list(islice(loaded.generate(self.request()), 3))
        again = list(loaded.generate(self.request()))
        assert isinstance(again[-1], Finished)
        assert again[-1].reason is FinishReason.END

    def test_a_stop_without_a_request_is_no_error(self, loaded: Engine) -> None:
        loaded.stop()
        end = list(loaded.generate(self.request(max_tokens=5)))[-1]
        assert isinstance(end, Finished)
        assert end.reason is FinishReason.LENGTH

    def test_an_unloaded_engine_loads_again(self, loaded: Engine) -> None:
        loaded.unload()
        assert loaded.model is None
        assert isinstance(list(loaded.load(LoadRequest(TINY)))[-1], Loaded)


class StopContract:
    """Stop in each phase, for engines slow enough to be caught in it. Subclasses give ``slow_engine``."""

    def test_a_stop_ends_a_load_soon(self, slow_engine: Engine) -> None:
        timer = threading.Timer(0.5, slow_engine.stop)
        timer.start()
        started = time.monotonic()
        end = list(slow_engine.load(LoadRequest(TINY)))[-1]
        timer.join()
        assert isinstance(end, Stopped)
        assert time.monotonic() - started < 5
        assert slow_engine.model is None

"""What is reused gives bit for bit what a fresh context gives, whichever way it was reused.

Logits depend on how a prompt is cut into batches, so the fresh context is given the same cuts: the places where a
decode ended whose result is still in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from llama_cpp import llama_cpp as C

from app.domain.prompt import Prompt, Tokens
from app.engine import state_files
from app.engine.base import (
    EnginePlan,
    Finished,
    FinishReason,
    GenerateRequest,
    Loaded,
    LoadRequest,
    PrefillRequest,
    Sampling,
    StatePlan,
)
from app.engine.llama_engine import LlamaEngine
from tests.models import TINY
from tests.prompts import SYSTEM, final, ids_of, message

CAPACITY = 1 << 30
NAME = "0123456789abcdef"


class Bench:
    """An engine on the tiny model that works with token ids, and whose logits can be seen."""

    def __init__(self, states: Path | None = None, capacity: int = CAPACITY) -> None:
        self.engine = LlamaEngine()
        plan = StatePlan(states, capacity) if states else None
        end = list(self.engine.load(LoadRequest(TINY, EnginePlan(context_size=4096, batch_size=64), plan)))[-1]
        assert isinstance(end, Loaded)

    def ids(self, prompt: Prompt) -> list[int]:
        assert self.engine._current is not None
        return self.engine._current.tokenizer.encode(prompt)

    def prefill(self, ids: Sequence[int], shared: int = 0, state: str | None = None, save: bool = False) -> int:
        """Compute ahead; how many tokens were there already."""
        request = PrefillRequest((Tokens(tuple(ids)),), (Tokens(tuple(ids[:shared])),), state, save)
        end = list(self.engine.prefill(request))[-1]
        assert isinstance(end, Finished)
        return end.statistics.reused_tokens

    def generate(
        self, ids: Sequence[int], limit: int, shared: int = 0, state: str | None = None
    ) -> tuple[list[int], int]:
        """Sample greedily; the tokens, and how many of the prompt were there already."""
        request = GenerateRequest((Tokens(tuple(ids)),), Sampling(0), limit, (Tokens(tuple(ids[:shared])),), state)
        events = list(self.engine.generate(request))
        end = events[-1]
        assert isinstance(end, Finished)
        return ids_of(events), end.statistics.reused_tokens

    def logits(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """Those after the last sampled token."""
        current = self.engine._current
        assert current is not None
        size = len(current.tokenizer.vocabulary.pieces)
        return np.ctypeslib.as_array(C.llama_get_logits_ith(current.context.pointer, -1), shape=(size,)).copy()

    def close(self) -> None:
        self.engine.close()


Make = Callable[..., Bench]


@pytest.fixture
def make() -> Iterator[Make]:
    benches: list[Bench] = []

    def bench(states: Path | None = None, capacity: int = CAPACITY) -> Bench:
        benches.append(Bench(states, capacity))
        return benches[-1]

    yield bench
    for each in benches:
        each.close()


def same_as_fresh(make: Make, bench: Bench, prompt: Sequence[int], cuts: Sequence[int], sampled: list[int]) -> bool:
    """Whether a fresh context with the same cuts samples the same tokens from the same logits."""
    fresh = make()
    for cut in cuts:
        fresh.prefill(prompt[:cut])
    again, _ = fresh.generate(prompt, len(sampled))
    return again == sampled and np.array_equal(fresh.logits(), bench.logits())


def conversation(bench: Bench) -> tuple[int, list[int], list[int], list[int]]:
    """Length of the system part, the first prompt, the history after its answer, and the follow-up prompt."""
    system = bench.ids(message("system", SYSTEM))
    start = bench.ids((*message("user", "x"),))[:1] + bench.ids(final("x"))[1:2]
    first = system + bench.ids(message("user", "Think for a long time")) + start
    history = first[: -len(start)] + bench.ids(final("Done thinking."))
    follow_up = history + bench.ids(message("user", "Hello")) + start
    return len(system), first, history, follow_up


def test_a_settled_follow_up_costs_its_own_tokens_only(make: Make) -> None:
    bench = make()
    shared, first, history, follow_up = conversation(bench)
    thought, _ = bench.generate(first, 600, shared)
    assert len(thought) > 256, "longer than the window's cache, which has 256 cells here"
    settled = bench.prefill(history, shared)
    assert settled >= len(first)
    sampled, reused = bench.generate(follow_up, 20, shared)
    assert reused == len(history)
    assert same_as_fresh(make, bench, follow_up, [shared, len(first), settled, len(history)], sampled)


def test_an_unsettled_follow_up_returns_to_the_end_of_the_question(make: Make) -> None:
    bench = make()
    shared, first, _, follow_up = conversation(bench)
    bench.generate(first, 600, shared)
    sampled, reused = bench.generate(follow_up, 20, shared)
    assert reused in (len(first), len(first) + 1)
    assert same_as_fresh(make, bench, follow_up, [shared, len(first), reused], sampled)


def test_an_edited_question_returns_to_the_end_of_the_turn_before(make: Make) -> None:
    bench = make()
    shared, first, history, follow_up = conversation(bench)
    bench.generate(first, 600, shared)
    settled = bench.prefill(history, shared)
    bench.generate(follow_up, 20, shared)
    edited = history + bench.ids(message("user", "Think for a long time")) + follow_up[-2:]
    bench.generate(edited, 600, shared)
    again = history + bench.ids(message("user", "Bonjour")) + follow_up[-2:]
    sampled, reused = bench.generate(again, 20, shared)
    assert reused >= len(history)
    cuts = [shared, len(first), settled, len(history), reused]
    assert same_as_fresh(make, bench, again, cuts, sampled)


def test_a_new_conversation_starts_from_the_part_it_shares(make: Make) -> None:
    bench = make()
    shared, first, _, _ = conversation(bench)
    bench.generate(first, 600, shared)
    other = first[:shared] + bench.ids(message("user", "Bonjour")) + first[-2:]
    sampled, reused = bench.generate(other, 20, shared)
    assert reused >= shared
    assert same_as_fresh(make, bench, other, [shared, reused], sampled)


def test_the_same_question_again_is_not_computed_again(make: Make) -> None:
    bench = make()
    shared, first, _, _ = conversation(bench)
    bench.generate(first, 600, shared)
    sampled, reused = bench.generate(first, 20, shared)
    assert reused >= shared
    assert same_as_fresh(make, bench, first, [shared, reused], sampled)


def test_a_saved_conversation_goes_on_in_another_process_where_it_was(make: Make, tmp_path: Path) -> None:
    bench = make(tmp_path)
    shared, first, history, follow_up = conversation(bench)
    bench.generate(first, 600, shared)
    bench.prefill(history, shared, NAME, save=True)
    sampled, _ = bench.generate(follow_up, 20, shared)
    again = make(tmp_path)
    assert again.prefill(history, shared, NAME) == len(history)
    restored, reused = again.generate(follow_up, 20, shared, NAME)
    assert reused == len(history)
    assert restored == sampled
    assert np.array_equal(again.logits(), bench.logits())


def test_the_shared_part_is_there_for_the_first_turn_of_another_process(make: Make, tmp_path: Path) -> None:
    bench = make(tmp_path)
    shared, first, _, _ = conversation(bench)
    sampled, _ = bench.generate(first, 20, shared)
    again = make(tmp_path)
    restored, reused = again.generate(first, 20, shared)
    assert reused == shared
    assert restored == sampled
    assert np.array_equal(again.logits(), bench.logits())


def test_a_stop_in_the_middle_of_a_decode_loses_nothing_that_was_sampled(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    _, first, _, _ = conversation(bench)
    current = bench.engine._current
    assert current is not None
    decode, decodes = current.context.decode, 0

    def decode_and_stop(ids: Sequence[int], position: int, want_logits: bool) -> int:
        nonlocal decodes
        decodes += 1
        if decodes % 30 == 0:
            bench.engine.stop()
        return decode(ids, position, want_logits)

    monkeypatch.setattr(current.context, "decode", decode_and_stop)
    # Whether tokens wait to be told at a stop is a matter of milliseconds, hence several.
    for _ in range(5):
        events = list(bench.engine.generate(GenerateRequest((Tokens(tuple(first)),), Sampling(0), 600)))
        end = events[-1]
        assert isinstance(end, Finished)
        assert end.reason is FinishReason.STOPPED
        assert len(ids_of(events)) == end.statistics.generated_tokens


def damaged(data: bytes) -> dict[str, bytes]:
    middle = len(data) // 2
    return {
        "empty": b"",
        "short": data[:7],
        "header only": data[:12],
        "truncated": data[:middle],
        "a byte flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "foreign": b"GGUF" + data[4:],
        "no trailer": data[:-8],
        "a huge count": data[:8] + b"\xff\xff\xff\x7f" + data[12:],
    }


def test_a_damaged_state_is_removed_in_silence_and_computed_again(make: Make, tmp_path: Path) -> None:
    bench = make(tmp_path)
    _, _, history, _ = conversation(bench)
    bench.prefill(history, 0, NAME, save=True)
    (path,) = tmp_path.glob(f"{NAME}.*")
    sound = path.read_bytes()
    for what, data in damaged(sound).items():
        path.write_bytes(data)
        again = make(tmp_path)
        assert again.prefill(history, 0, NAME) == 0, what
        assert not path.exists(), what


def test_a_state_of_other_tokens_is_not_used(make: Make, tmp_path: Path) -> None:
    bench = make(tmp_path)
    _, _, history, _ = conversation(bench)
    bench.prefill(history, 0, NAME, save=True)
    other = list(history)
    other[70] += 1
    assert make(tmp_path).prefill(other, 0, NAME) == 0


def test_what_was_used_longest_ago_goes_when_the_room_is_full(make: Make, tmp_path: Path) -> None:
    bench = make(tmp_path, 500_000)
    _, _, history, _ = conversation(bench)
    for i in range(12):
        ids = [*history, *bench.ids(message("user", f"word {i}"))]
        bench.prefill(ids, 0, f"{i:032x}", save=True)
    kept = sorted(path.name[:32] for path in tmp_path.iterdir())
    assert 0 < len(kept) < 12
    assert kept[-1] == f"{11:032x}"
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 500_000


def test_a_forgotten_conversation_leaves_no_state(make: Make, tmp_path: Path) -> None:
    bench = make(tmp_path)
    _, _, history, _ = conversation(bench)
    bench.prefill(history, 0, NAME, save=True)
    state_files.forget(tmp_path, NAME)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_costs_only_the_saving(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    bench = make(tmp_path / "file")
    _, first, history, _ = conversation(bench)
    bench.prefill(history, 0, NAME, save=True)
    assert bench.generate(first, 20)[0]

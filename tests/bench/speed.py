"""Load, prefill and generation of the engine beside a bare llama_decode loop, and beside class llama_cpp.Llama.

Engine and bare loop take turns, so that a busy moment of the machine hits both, and the best round of each counts:
what else runs can only slow a round down.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.prompt import Tokens
from app.engine.base import EnginePlan, Finished, GenerateRequest, Loaded, LoadRequest, PrefillRequest, Sampling
from app.engine.machine import available_memory
from app.engine.process import EngineProcess
from tests.bench.bare_loop import BareProcess
from tests.bench.report import Row
from tests.bench.stock_llama import StockFigures, measure_stock

GIB = 1 << 30
PLAN = EnginePlan(context_size=16384)
_PROMPT_TOKENS = 256
_SAMPLED_TOKENS = 32
_LOADS = 2
_SPEED_LIMIT = 0.97
# Class Llama repacks the experts, four fifths of a gpt-oss, into a second copy beside the mapped file.
_STOCK_FACTOR = 1.9
_STOCK_SLACK = GIB // 2


@dataclass(frozen=True, slots=True)
class _Speeds:
    """The best of the rounds, in seconds: a load, a prefill of the prompt, a sampled token."""

    load: float
    prefill: float
    token: float
    peak_bytes: int = 0


def rows(model: Path, rounds: int, stock: bool) -> list[Row]:
    ours, bare = _measure(model, rounds)
    limit = f"at least {_SPEED_LIMIT}"
    prefill, generation = _PROMPT_TOKENS / ours.prefill, 1 / ours.token
    found = [
        Row("load", ours.load, "s", bare.load, "a bare load"),
        Row("prefill", prefill, "tokens/s", _PROMPT_TOKENS / bare.prefill, "a bare llama_decode loop", limit),
        Row("generation", generation, "tokens/s", 1 / bare.token, "a bare llama_decode loop", limit),
    ]
    found[1:] = [row.judged(row.value >= _SPEED_LIMIT * (row.reference or 0)) for row in found[1:]]
    need = model.stat().st_size * _STOCK_FACTOR + _STOCK_SLACK
    if stock and available_memory() >= need:
        found += _beside_stock(ours, measure_stock(model, _prompt(0), _SAMPLED_TOKENS))
    elif stock:
        print(
            f"class llama_cpp.Llama skipped: it takes about {need / GIB:.0f} GiB, "
            f"and {available_memory() / GIB:.1f} are free."
        )
    return found


def _beside_stock(ours: _Speeds, stock: StockFigures) -> list[Row]:
    against = "class llama_cpp.Llama"
    prefill = _PROMPT_TOKENS / stock.prefill_seconds
    return [
        Row("peak memory of the engine process", ours.peak_bytes / GIB, "GiB", stock.peak_bytes / GIB, against),
        Row("load", ours.load, "s", stock.load_seconds, against),
        Row("prefill", _PROMPT_TOKENS / ours.prefill, "tokens/s", prefill, against),
        Row("generation", 1 / ours.token, "tokens/s", 1 / stock.token_seconds, against),
    ]


def _prompt(number: int) -> list[int]:
    """Ids of a prompt that shares nothing with those of other numbers."""
    return [1000 + number, *(1000 + (37 * i + 11 * number) % 4096 for i in range(1, _PROMPT_TOKENS))]


def _measure(model: Path, rounds: int) -> tuple[_Speeds, _Speeds]:
    our_loads, bare_loads = _loads(model)
    ours: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    peak = 0
    with _engine(model) as engine, _bare(model) as loop:
        our_loads.append(engine.seconds)
        bare_loads.append(loop.load_seconds)
        for i in range(rounds):
            prompt = _prompt(i)
            bare.append((loop.prefill(prompt), loop.generate(_SAMPLED_TOKENS)))
            ours.append((engine.prefill(prompt), engine.generate(prompt)))
        peak = engine.peak_bytes
    return (
        _Speeds(min(our_loads), min(one for one, _ in ours), min(two for _, two in ours), peak),
        _Speeds(min(bare_loads), min(one for one, _ in bare), min(two for _, two in bare)),
    )


def _loads(model: Path) -> tuple[list[float], list[float]]:
    """Seconds of loads in processes that end again. Those that the speeds are measured in add one each."""
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(_LOADS - 1):
        with _bare(model) as loop:
            bare.append(loop.load_seconds)
        with _engine(model) as engine:
            ours.append(engine.seconds)
    return ours, bare


@contextmanager
def _bare(model: Path) -> Iterator[BareProcess]:
    loop = BareProcess(model, PLAN)
    try:
        yield loop
    finally:
        loop.close()


@contextmanager
def _engine(model: Path) -> Iterator[_Engine]:
    with tempfile.TemporaryDirectory() as folder:
        process = EngineProcess("app.engine.llama_engine:LlamaEngine", Path(folder) / "engine.log")
        try:
            yield _Engine(process, model)
        finally:
            process.close()


class _Engine:
    """The engine process as the application runs it, asked for what the bare loop does."""

    def __init__(self, process: EngineProcess, model: Path) -> None:
        self._process = process
        self.peak_bytes = 0
        started = time.monotonic()
        end = list(process.load(LoadRequest(model, PLAN)))[-1]
        assert isinstance(end, Loaded), end
        self.seconds = time.monotonic() - started

    def prefill(self, prompt: list[int]) -> float:
        """Seconds of a prefill from an empty cache, with everything around it."""
        started = time.monotonic()
        end = list(self._process.prefill(PrefillRequest((Tokens(tuple(prompt)),))))[-1]
        assert isinstance(end, Finished), end
        assert end.statistics.reused_tokens == 0
        return time.monotonic() - started

    def generate(self, prompt: list[int]) -> float:
        """Seconds a token, the first left out."""
        request = GenerateRequest((Tokens(tuple(prompt)),), Sampling(0), _SAMPLED_TOKENS)
        end = list(self._process.generate(request))[-1]
        assert isinstance(end, Finished), end
        self.peak_bytes = end.statistics.engine_peak_rss_bytes
        return 1 / end.statistics.tokens_per_second

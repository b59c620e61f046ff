"""The planner's estimate beside the engine process's peak resident memory, with a model of full size."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.domain.prompt import Tokens
from app.engine.base import EnginePlan, Finished, GenerateRequest, Loaded, LoadRequest, Sampling
from app.engine.estimate import estimate, total_of
from app.engine.gguf_header import read_header
from app.engine.process import EngineProcess
from tests.bench.report import Row

CONTEXTS = (4096, 16384, 32768)
# More than a batch, so that the compute buffers are used and there is a checkpoint. What a fuller context adds is
# little: llama.cpp writes to the whole KV cache when it makes it.
_PROMPT = tuple(1000 + i % 200 for i in range(300))
_TOLERANCE = 0.03
_GIB = 1 << 30


def rows(model: Path, contexts: Sequence[int] = CONTEXTS) -> list[Row]:
    return [_row(model, context) for context in contexts]


def _row(model: Path, context: int) -> Row:
    plan = EnginePlan(context_size=context)
    expected = total_of(estimate(read_header(model), plan))
    peak = _peak(model, plan)
    return Row(
        f"estimated memory, context of {context:,}",
        expected / _GIB,
        "GiB",
        peak / _GIB,
        "measured",
        f"within {_TOLERANCE:.0%}",
        abs(expected / peak - 1) <= _TOLERANCE,
    )


def _peak(model: Path, plan: EnginePlan) -> int:
    """Bytes; of an engine process of its own, because a peak is never forgotten."""
    with tempfile.TemporaryDirectory() as folder:
        engine = EngineProcess("app.engine.llama_engine:LlamaEngine", Path(folder) / "engine.log")
        try:
            loaded = list(engine.load(LoadRequest(model, plan)))[-1]
            assert isinstance(loaded, Loaded), loaded
            end = list(engine.generate(GenerateRequest((Tokens(_PROMPT),), Sampling(0), 2)))[-1]
            assert isinstance(end, Finished), end
            return end.statistics.engine_peak_rss_bytes
        finally:
            engine.close()

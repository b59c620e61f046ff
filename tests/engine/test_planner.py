"""Plans for computers of many sizes, and estimates held against what the engine really takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.models import Fit
from app.domain.prompt import Tokens
from app.engine.base import EnginePlan, Finished, GenerateRequest, LoadRequest, Sampling
from app.engine.estimate import estimate, total_of
from app.engine.gguf_format import GgufHeader, Value
from app.engine.gguf_header import read_header
from app.engine.machine import Machine
from app.engine.planner import DEFAULT_CONTEXT, Verdict, context_prices, plan_for
from app.engine.process import EngineProcess
from app.errors import ModelFileError
from tests.models import TINY, trial_model

GIB, MIB = 1 << 30, 1 << 20

# facts/engine.md 4.1: the sizes of gpt-oss-20b; the 120b has 36 layers and 128 experts, else the same shape.
_GPT_OSS: dict[str, Value] = {
    "context_length": 131072,
    "embedding_length": 2880,
    "attention.head_count": 64,
    "attention.head_count_kv": 8,
    "attention.key_length": 64,
    "attention.value_length": 64,
    "attention.sliding_window": 128,
    "expert_feed_forward_length": 2880,
    "expert_used_count": 4,
}


def header(name: str, architecture: str, tensor_bytes: int, numbers: dict[str, Value], merges: int = 0) -> GgufHeader:
    metadata: dict[str, Value] = {f"{architecture}.{key}": value for key, value in numbers.items()}
    metadata |= {"general.architecture": architecture, "general.name": name, "tokenizer.ggml.pre": "gpt-4o"}
    lengths = {"tokenizer.ggml.tokens": 201088, "tokenizer.ggml.merges": merges}
    return GgufHeader(Path(f"{name}.gguf"), tensor_bytes, metadata, 1, tensor_bytes, 0, "", lengths)


GPT_OSS_20B = header("gpt-oss-20b", "gpt-oss", 12_096_558_336, {**_GPT_OSS, "block_count": 24}, 446_189)
GPT_OSS_120B = header("gpt-oss-120b", "gpt-oss", int(60.4 * GIB), {**_GPT_OSS, "block_count": 36}, 446_189)
# The shape of Llama 3.1 8B: 128 KiB of keys and values a token, so that the context weighs.
_LLAMA: dict[str, Value] = {
    "block_count": 32,
    "context_length": 131072,
    "embedding_length": 4096,
    "attention.head_count": 32,
    "attention.head_count_kv": 8,
    "feed_forward_length": 14336,
}
LLAMA_8B = header("llama-8b", "llama", int(4.6 * GIB), _LLAMA)


def machine(total: float, available: float | None = None) -> Machine:
    """Memory in GB of 2^30 bytes, as it is sold."""
    usual = Machine.with_memory(int(total * GIB))
    return usual if available is None else Machine(usual.total_memory, int(available * GIB), usual.cores)


def kv_cache(of: GgufHeader, context: int, batch: int = 256) -> int:
    return dict(estimate(of, EnginePlan(context_size=context, batch_size=batch)))["KV cache"]


def test_gpt_oss_20b_fits_into_16_gib_with_the_default_context() -> None:
    plan = plan_for(GPT_OSS_20B, DEFAULT_CONTEXT, machine(16))
    assert plan.verdict is Verdict.FITS
    assert plan.plan == EnginePlan(context_size=16384)
    assert plan.smaller_context is None
    assert 11.8 * GIB < plan.total < 12.2 * GIB
    assert plan.total == sum(size for _, size in plan.items)
    assert plan.usable() is plan.plan


def test_with_less_than_13_gib_free_the_context_is_halved_and_the_reason_said() -> None:
    assert plan_for(GPT_OSS_20B, DEFAULT_CONTEXT, machine(15.5, 13.0)).plan.context_size == 16384
    plan = plan_for(GPT_OSS_20B, DEFAULT_CONTEXT, machine(15.5, 12.85))
    assert plan.verdict is Verdict.FITS
    assert plan.plan.context_size == 8192
    assert "8,192 tokens instead of 16,384" in plan.reasons[0]


def test_a_tight_fit_keeps_a_useful_context_and_offers_a_smaller_one_where_that_helps() -> None:
    plan = plan_for(GPT_OSS_20B, DEFAULT_CONTEXT, machine(15.5, 12.7))
    assert (plan.verdict, plan.plan.context_size, plan.smaller_context) == (Verdict.TIGHT, 8192, 4096)
    assert "tight" in plan.sentence
    plan = plan_for(GPT_OSS_20B, DEFAULT_CONTEXT, machine(15.5, 12.2))
    assert (plan.verdict, plan.plan.context_size, plan.smaller_context) == (Verdict.TIGHT, 8192, None)


def test_a_model_larger_than_what_is_free_runs_and_leans_on_the_disk() -> None:
    plan = plan_for(GPT_OSS_20B, DEFAULT_CONTEXT, machine(12))
    assert (plan.verdict, plan.plan.context_size) == (Verdict.TIGHT, 8192)
    assert "lean on the disk" in plan.sentence
    assert plan.usable().memory_map


@pytest.mark.parametrize(
    ("model", "memory", "sentence"),
    [
        (GPT_OSS_20B, 8, "gpt-oss-20b needs 11.6 GB of memory, and this computer has 8.0 GB."),
        (GPT_OSS_120B, 16, "gpt-oss-120b needs 60.8 GB of memory, and this computer has 16.0 GB."),
        (GPT_OSS_120B, 24, "gpt-oss-120b needs 60.8 GB of memory, and this computer has 24.0 GB."),
    ],
)
def test_what_cannot_run_is_refused_with_a_sentence(model: GgufHeader, memory: int, sentence: str) -> None:
    plan = plan_for(model, DEFAULT_CONTEXT, machine(memory))
    assert (plan.verdict, plan.sentence) == (Verdict.REFUSED, sentence)
    with pytest.raises(ModelFileError, match="this computer has") as error:
        plan.usable()
    assert error.value.remedy


@pytest.mark.parametrize("memory", [24, 64])
def test_from_24_gib_on_gpt_oss_is_repacked_and_not_mapped(memory: int) -> None:
    plan = plan_for(GPT_OSS_20B, DEFAULT_CONTEXT, machine(memory))
    assert plan.verdict is Verdict.FITS
    assert (plan.plan.repack, plan.plan.memory_map) == (True, False)


@pytest.mark.parametrize(
    ("model", "total", "available"),
    [(GPT_OSS_20B, 23.9, 23), (GPT_OSS_20B, 32, 14.5), (GPT_OSS_120B, 64, 62), (LLAMA_8B, 64, 60)],
)
def test_else_the_file_is_mapped(model: GgufHeader, total: float, available: float) -> None:
    plan = plan_for(model, DEFAULT_CONTEXT, machine(total, available)).plan
    assert (plan.repack, plan.memory_map) == (False, True)


def test_gpt_oss_120b_is_a_tight_fit_in_64_gib() -> None:
    assert plan_for(GPT_OSS_120B, DEFAULT_CONTEXT, machine(64)).verdict is Verdict.TIGHT


def test_a_wanted_context_above_the_default_steps_down_through_it() -> None:
    assert plan_for(GPT_OSS_20B, 65536, machine(16, 15.5)).plan.context_size == 65536
    assert plan_for(GPT_OSS_20B, 65536, machine(16, 13.5)).plan.context_size == 16384
    assert plan_for(GPT_OSS_20B, 1024, machine(12)).plan.context_size == 1024


def test_where_the_context_weighs_a_small_one_is_taken_before_memory_lacks() -> None:
    plan = plan_for(LLAMA_8B, DEFAULT_CONTEXT, machine(8, 5.6))
    assert (plan.verdict, plan.plan.context_size) == (Verdict.TIGHT, 4096)
    assert plan_for(LLAMA_8B, DEFAULT_CONTEXT, machine(6, 3)).plan.context_size == 8192
    assert plan_for(LLAMA_8B, DEFAULT_CONTEXT, machine(5.5, 3)).plan.context_size == 4096
    assert plan_for(LLAMA_8B, DEFAULT_CONTEXT, machine(4)).verdict is Verdict.REFUSED


def test_less_free_memory_never_makes_a_verdict_better() -> None:
    order = [Verdict.FITS, Verdict.TIGHT, Verdict.REFUSED]
    for model in (GPT_OSS_20B, GPT_OSS_120B, LLAMA_8B):
        verdicts = [order.index(plan_for(model, 16384, machine(size)).verdict) for size in range(70, 1, -1)]
        assert verdicts == sorted(verdicts)


def test_no_context_is_larger_than_the_model_was_trained_for() -> None:
    plan = plan_for(read_header(trial_model()), DEFAULT_CONTEXT, machine(16))
    assert plan.plan.context_size == 8192
    assert "trained for a context of 8,192" in plan.reasons[0]


@pytest.mark.parametrize("context", [4096, 16384, 131072])
def test_half_of_the_layers_of_gpt_oss_hold_a_window_only(context: int) -> None:
    """What llama.cpp logs for gpt-oss-20b: 24 KiB a token in full layers, as much a cell in window layers."""
    assert kv_cache(GPT_OSS_20B, context) == 24 * 1024 * (context + 512)
    assert kv_cache(GPT_OSS_20B, context, batch=512) == 24 * 1024 * (context + 768)


def test_the_cache_of_other_models_is_counted_in_full() -> None:
    assert kv_cache(LLAMA_8B, 8192) == GIB
    windowed = header(
        "gemma", "gemma3", GIB, {"block_count": 2, "attention.sliding_window": 512, "embedding_length": 8}
    )
    assert kv_cache(windowed, 4096) == 2 * 2 * 8 * 2 * 4096, "without a word about heads a row is taken to be whole"


def test_heads_may_differ_between_layers() -> None:
    numbers: dict[str, Value] = {
        "block_count": 3,
        "embedding_length": 64,
        "attention.head_count": 4,
        "attention.head_count_kv": [0, 2, 4],
    }
    assert kv_cache(header("hybrid", "other", GIB, numbers), 256) == 6 * 2 * 16 * 2 * 256
    numbers["attention.head_count_kv"] = [0, 2]
    assert kv_cache(header("odd", "other", GIB, numbers), 256) == 3 * 4 * 2 * 16 * 2 * 256, "falls back to all heads"


@pytest.mark.parametrize(
    ("model", "context"), [(TINY, 1024), (TINY, 16384), (trial_model(), 2048), (trial_model(), 8192)]
)
def test_the_estimate_for_small_models_is_near_what_the_engine_takes(tmp_path: Path, model: Path, context: int) -> None:
    plan = EnginePlan(context_size=context)
    engine = EngineProcess("app.engine.llama_engine:LlamaEngine", tmp_path / "engine.log")
    try:
        list(engine.load(LoadRequest(model, plan)))
        prompt = Tokens(tuple(100 + i for i in range(64)))
        end = list(engine.generate(GenerateRequest((prompt,), Sampling(0), 2)))[-1]
    finally:
        engine.close()
    assert isinstance(end, Finished), end
    ratio = total_of(estimate(read_header(model), plan)) / end.statistics.engine_peak_rss_bytes
    assert 0.75 < ratio < 1.3, "mostly Python and libraries, whose size depends on the system"


def test_contexts_are_priced_up_to_the_one_the_model_was_trained_for() -> None:
    prices = context_prices(GPT_OSS_20B, None, machine(64))
    assert [price.context_size for price in prices] == [4096, 8192, 16384, 32768, 65536, 131072]
    assert {price.fit for price in prices} == {Fit.FITS}
    assert [price.memory for price in prices] == [
        plan_for(GPT_OSS_20B, price.context_size, machine(64)).total for price in prices
    ]
    trained = header("odd", "llama", GIB, {**_LLAMA, "context_length": 40960})
    assert [price.context_size for price in context_prices(trained, None, machine(64))] == [
        *(4096, 8192, 16384, 32768),
        40960,
    ]


def test_a_context_that_would_not_be_given_is_marked() -> None:
    prices = context_prices(GPT_OSS_20B, None, machine(15.5, 13.0))
    assert [price.fit for price in prices] == [*[Fit.FITS] * 3, *[Fit.TOO_LARGE] * 3]
    prices = context_prices(GPT_OSS_20B, None, machine(15.5, 12.7))
    assert [price.fit for price in prices] == [Fit.FITS, Fit.TIGHT, *[Fit.TOO_LARGE] * 4]
    prices = context_prices(GPT_OSS_120B, None, machine(16))
    assert {price.fit for price in prices} == {Fit.TOO_LARGE}


def test_what_the_loaded_model_holds_is_free_for_another_context() -> None:
    loaded = plan_for(LLAMA_8B, 65536, machine(16, 14))
    assert loaded.plan.context_size == 65536
    left = machine(16, 14 - kv_cache(LLAMA_8B, 65536) / GIB)
    assert context_prices(LLAMA_8B, None, left)[4].fit is not Fit.FITS
    assert context_prices(LLAMA_8B, loaded, left)[4].fit is Fit.FITS


@pytest.mark.parametrize(
    ("gpus", "layers", "words"),
    [((), 0, "no graphics backend"), (("metal",), -1, "shares the computer's memory"), (("vulkan",), 0, "not used")],
)
def test_layers_go_to_a_graphics_processor_whose_memory_is_known(
    gpus: tuple[str, ...], layers: int, words: str
) -> None:
    plan = plan_for(GPT_OSS_20B, DEFAULT_CONTEXT, replace(machine(64), gpus=gpus))
    assert plan.plan.gpu_layers == layers
    assert plan.plan.repack == (layers == 0)
    assert words in " ".join(plan.reasons)

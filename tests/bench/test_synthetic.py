"""The model that the benchmarks write is one that the engine runs, and has the size of the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.prompt import Plain, Special
from app.engine.base import EnginePlan, Finished, GenerateRequest, Loaded, LoadRequest, Sampling
from app.engine.gguf_header import read_header
from app.engine.llama_engine import LlamaEngine
from tests.bench.synthetic import Shape, has_room, write_synthetic

SMALL = Shape(2, 64, 4, 2, 32, 4, 2, 64, 2048)
OFFICIAL_BYTES = 12_109_566_560


def test_the_full_shape_has_the_size_of_the_official_file() -> None:
    assert Shape().size == pytest.approx(OFFICIAL_BYTES, rel=0.002)


def test_a_small_one_is_a_model_that_the_engine_runs(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "small.gguf"
    fractions: list[float] = []
    write_synthetic(path, SMALL, fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert [file.name for file in path.parent.iterdir()] == ["small.gguf"]
    header = read_header(path)
    assert header.tensor_bytes == pytest.approx(SMALL.size, rel=0.01)
    engine = LlamaEngine()
    try:
        loaded = list(engine.load(LoadRequest(path, EnginePlan(context_size=1024))))[-1]
        assert isinstance(loaded, Loaded)
        prompt = (Special("<|start|>"), Plain("Hello"), Special("<|end|>"))
        end = list(engine.generate(GenerateRequest(prompt, Sampling(0), 4)))[-1]
        assert isinstance(end, Finished)
        assert end.statistics.prompt_tokens == 7
        assert end.statistics.generated_tokens == 4
    finally:
        engine.close()


def test_nothing_is_written_where_there_is_no_room(tmp_path: Path) -> None:
    assert has_room(tmp_path / "not" / "there" / "yet.gguf", SMALL)
    assert not has_room(tmp_path / "huge.gguf", Shape(vocabulary=1 << 40))

"""The embedder on a real llama.cpp: what vectors say, long and strange texts, and every way a load can fail."""

from __future__ import annotations

import os
import signal
from array import array
from collections.abc import Iterator
from operator import mul
from pathlib import Path

import pytest

from app.engine.base import (
    Embedded,
    Embedder,
    EmbedderLoaded,
    EmbedEvent,
    EmbedRequest,
    Failed,
    LoadRequest,
    Stopped,
    TextRole,
)
from app.engine.embedder_process import EmbedderProcess
from app.engine.embedding_models import convention_of, is_embedding_model
from app.engine.gguf_header import GgufHeader, read_header
from app.engine.llama_embedder import LlamaEmbedder
from tests.bert_models import write_tiny
from tests.models import TINY, trial_model

REAL = "app.engine.llama_embedder:LlamaEmbedder"


@pytest.fixture(scope="session")
def tiny_embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("embedder") / "tiny-synonyms.gguf")


@pytest.fixture(params=["in this process", "in a process of its own"])
def embedder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Embedder]:
    made = LlamaEmbedder() if request.param == "in this process" else EmbedderProcess(REAL, tmp_path / "log")
    yield made
    made.close()


def end_of(events: Iterator[EmbedEvent]) -> EmbedEvent:
    return list(events)[-1]


def vectors(embedder: Embedder, *texts: str) -> list[array[float]]:
    event = end_of(embedder.embed(EmbedRequest(texts, TextRole.PASSAGE)))
    assert isinstance(event, Embedded)
    return [array("f", vector) for vector in event.vectors]


def cosine(one: array[float], other: array[float]) -> float:
    product: float = sum(map(mul, one, other))
    return product


def test_texts_of_one_meaning_are_near_and_others_are_not(embedder: Embedder, tiny_embedder: Path) -> None:
    assert isinstance(end_of(embedder.load(LoadRequest(tiny_embedder))), EmbedderLoaded)
    car, automobile, bread = vectors(embedder, "The car is broken", "my automobile was faulty", "bread in the kitchen")
    assert len(car) == 64
    assert cosine(car, automobile) == pytest.approx(1, abs=1e-3)
    assert embedder.info is not None
    assert abs(cosine(car, bread)) < 0.1


def test_a_text_without_a_known_word_has_a_vector_near_to_none(embedder: Embedder, tiny_embedder: Path) -> None:
    list(embedder.load(LoadRequest(tiny_embedder)))
    nothing, empty, car = vectors(embedder, "the of and", "", "car")
    assert cosine(nothing, car) == cosine(empty, car) == 0


@pytest.mark.parametrize(
    "text",
    [
        "car " * 5_000,
        "x" * 100_000,
        "\0\x01 \ud800 car",
        "<s>[CLS][SEP][MASK]</s> car",
        "自動車 " * 2_000,
        "\n" * 50_000,
    ],
    ids=["long", "one long run", "no characters", "control tokens", "another script", "empty lines"],
)
def test_no_text_is_too_long_or_too_strange(embedder: Embedder, tiny_embedder: Path, text: str) -> None:
    list(embedder.load(LoadRequest(tiny_embedder)))
    (vector,) = vectors(embedder, text)
    assert len(vector) == 64


def test_a_chat_model_is_refused_in_a_sentence(embedder: Embedder) -> None:
    event = end_of(embedder.load(LoadRequest(TINY)))
    assert isinstance(event, Failed)
    assert "no embedding model" in event.title
    assert embedder.info is None


def test_a_damaged_model_is_refused_in_a_sentence(embedder: Embedder, tiny_embedder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(tiny_embedder.read_bytes()[:-40_000])
    event = end_of(embedder.load(LoadRequest(damaged)))
    assert isinstance(event, Failed)
    assert event.title


def test_a_stop_ends_a_long_request(tmp_path: Path, tiny_embedder: Path) -> None:
    embedder = EmbedderProcess(REAL, tmp_path / "log")
    try:
        list(embedder.load(LoadRequest(tiny_embedder)))
        events = embedder.embed(EmbedRequest(("car " * 250,) * 100_000, TextRole.PASSAGE))
        # The first sign of life comes after a quarter of a second.
        next(events)
        embedder.stop()
        assert isinstance(end_of(events), Stopped)
        assert len(vectors(embedder, "car")) == 1
    finally:
        embedder.close()


def test_a_process_that_is_killed_is_told_of_and_starts_again(tmp_path: Path, tiny_embedder: Path) -> None:
    embedder = EmbedderProcess(REAL, tmp_path / "log")
    try:
        list(embedder.load(LoadRequest(tiny_embedder)))
        assert embedder.pid is not None
        os.kill(embedder.pid, signal.SIGKILL)
        event = end_of(embedder.embed(EmbedRequest(("car",), TextRole.QUERY)))
        assert isinstance(event, Failed)
        assert embedder.info is None
        assert isinstance(end_of(embedder.load(LoadRequest(tiny_embedder))), EmbedderLoaded)
        assert len(vectors(embedder, "car")) == 1
    finally:
        embedder.close()


@pytest.mark.parametrize(
    ("name", "architecture", "query", "passage"),
    [
        ("nomic-embed-text-v1.5", "nomic-bert", "search_query: ", "search_document: "),
        ("Nomic Embed Text v2 MoE", "nomic-bert-moe", "search_query: ", "search_document: "),
        ("multilingual-e5-small", "bert", "query: ", "passage: "),
        ("E5 Base V2", "bert", "query: ", "passage: "),
        ("bge-small-en-v1.5", "bert", "Represent this sentence for searching relevant passages: ", ""),
        ("bge-m3", "bert", "", ""),
        ("snowflake-arctic-embed-m-v2.0", "bert", "query: ", ""),
        ("embeddinggemma 300m", "gemma-embedding", "task: search result | query: ", "title: none | text: "),
        ("all-MiniLM-L6-v2", "bert", "", ""),
        ("", "bert", "", ""),
    ],
)
def test_each_family_is_told_what_it_was_trained_to_be_told(
    name: str, architecture: str, query: str, passage: str
) -> None:
    metadata = {"general.architecture": architecture, "general.name": name}
    convention = convention_of(GgufHeader(Path("model.gguf"), 1, dict(metadata), 1, 1, 1, ""))
    assert convention.applied("text", TextRole.QUERY) == f"{query}text"
    assert convention.applied("text", TextRole.PASSAGE) == f"{passage}text"


def test_embedding_models_are_told_from_chat_models(tiny_embedder: Path) -> None:
    assert is_embedding_model(read_header(tiny_embedder))
    assert not is_embedding_model(read_header(TINY))
    assert not is_embedding_model(read_header(trial_model()))

"""Vectors in the index: the nearest are found as by comparing with all, and they never outlive their passages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.documents.passages import passages
from app.domain.documents import Block, BlockKind, Document, DocumentKind
from app.store.index import DocumentIndex, Origin
from app.store.index_schema import PLACE_BITS
from app.store.ranking import Ranking
from app.store.vectors import Meaning, Vectors, VectorSource

SOURCE = VectorSource("a model", 100)
"""Its dimensions are no multiple of 64."""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[DocumentIndex]:
    with closing(DocumentIndex(tmp_path / "index.db")) as opened:
        yield opened


def add(index: DocumentIndex, name: str, paragraphs: int) -> None:
    texts = [f"Paragraph {number} of {name}. " + "word " * 200 for number in range(paragraphs)]
    text, blocks = "", []
    for paragraph in texts:
        blocks.append(Block(BlockKind.PARAGRAPH, len(text), len(text) + len(paragraph)))
        text += paragraph + "\n"
    document = Document(DocumentKind.TEXT, name, text, tuple(blocks))
    with index.writing() as connection:
        index.add(connection, Origin(name, Path(name), len(text)), document, list(passages(document)))


def embed_all(vectors: Vectors, seed: int = 1) -> dict[tuple[int, int], NDArray[np.float32]]:
    """Random vectors for all passages, by place."""
    random = np.random.default_rng(seed)
    made = {}
    while (batch := vectors.next(7)) is not None:
        rows = random.standard_normal((len(batch.passages), SOURCE.dimensions)).astype("<f4")
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        vectors.add(SOURCE, batch, [row.tobytes() for row in rows])
        for passage, row in zip(batch.passages, rows, strict=True):
            made[batch.document, passage.number] = row
    return made


def nearest(
    index: DocumentIndex, vectors: Vectors, query: NDArray[np.float32], documents: list[int] | None = None
) -> Ranking | None:
    with index.reading() as connection:
        return vectors.ranking(connection, documents, Meaning(SOURCE, query.astype("<f4").tobytes(), 0.0))


def test_the_nearest_are_those_that_a_comparison_with_all_finds(index: DocumentIndex) -> None:
    for name in ("one", "two", "three"):
        add(index, name, 400)
    vectors = Vectors(index)
    vectors.begin(SOURCE)
    made = embed_all(vectors)
    assert len(made) > 600, "more than are compared by their bytes"
    random = np.random.default_rng(2)
    for _ in range(20):
        # Near to one of them, as a question is to its answer.
        target = list(made)[int(random.integers(len(made)))]
        query = made[target] + 0.08 * random.standard_normal(SOURCE.dimensions).astype(np.float32)
        query /= np.linalg.norm(query)
        ranking = nearest(index, vectors, query)
        assert ranking is not None
        assert ranking.places[0] == target == max(made, key=lambda place: float(made[place] @ query))


def test_only_the_documents_that_are_asked_for_are_compared(index: DocumentIndex) -> None:
    add(index, "one", 20)
    add(index, "two", 20)
    vectors = Vectors(index)
    vectors.begin(SOURCE)
    made = embed_all(vectors)
    target = next(place for place in made if place[0] == 1)
    ranking = nearest(index, vectors, made[target], [2])
    assert ranking is not None
    assert {document for document, _ in ranking.places} == {2}


def test_vectors_go_with_their_document_and_new_ones_are_found(index: DocumentIndex) -> None:
    add(index, "one", 20)
    vectors = Vectors(index)
    vectors.begin(SOURCE)
    made = embed_all(vectors)
    target = next(iter(made))
    assert nearest(index, vectors, made[target]) is not None
    index.prune((), recent=True)
    assert nearest(index, vectors, made[target]) is None
    add(index, "two", 3)
    made = embed_all(vectors, seed=5)
    ranking = nearest(index, vectors, next(iter(made.values())))
    assert ranking is not None
    assert ranking.places[0] == next(iter(made))


def test_another_model_begins_anew_and_the_same_one_does_not(index: DocumentIndex) -> None:
    add(index, "one", 20)
    vectors = Vectors(index)
    vectors.begin(SOURCE)
    made = embed_all(vectors)
    vectors.begin(SOURCE)
    assert vectors.waiting() == 0
    vectors.begin(VectorSource("another model", 100))
    assert vectors.waiting() == len(made)
    assert nearest(index, vectors, next(iter(made.values()))) is None, "vectors of another model say nothing"


def test_vectors_that_come_too_late_are_not_stored(index: DocumentIndex) -> None:
    add(index, "one", 3)
    vectors = Vectors(index)
    vectors.begin(SOURCE)
    batch = vectors.next(10)
    assert batch is not None
    index.prune((), recent=True)
    vectors.add(SOURCE, batch, [bytes(400)] * len(batch.passages))
    with index.reading() as connection:
        assert connection.execute("SELECT count(*) FROM vectors").fetchone() == (0,)


def test_a_passage_takes_little_more_than_its_dimensions_in_bytes(index: DocumentIndex) -> None:
    add(index, "one", 100)
    vectors = Vectors(index)
    vectors.begin(SOURCE)
    made = embed_all(vectors)
    with index.reading() as connection:
        (size,) = connection.execute("SELECT sum(length(bits) + length(bytes)) FROM vectors").fetchone()
        keys = [row[0] >> PLACE_BITS for row in connection.execute("SELECT id FROM vectors")]
    assert size == len(made) * (100 + 16)
    assert set(keys) == {1}


def test_a_search_sees_one_state_while_documents_come_and_go(index: DocumentIndex) -> None:
    """A passage that was ranked must not be gone when its text is asked for."""
    done = threading.Event()

    def come_and_go() -> None:
        for number in range(60):
            add(index, f"document {number}", 3)
            index.prune((), recent=True)
        done.set()

    writer = threading.Thread(target=come_and_go)
    writer.start()
    hits = 0
    while not done.is_set():
        hits += len(index.search("paragraph document word", 5))
    writer.join()
    assert hits

"""How good and how fast the search is: Cranfield beside a plain BM25, the pages of Debian's manuals, a large index."""

from __future__ import annotations

import json
import os
import queue
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from app.documents.passages import passages
from app.documents.reader import read_document
from app.domain.documents import Block, BlockKind, Document, DocumentKind
from app.engine.embedder_process import EmbedderProcess
from app.services.embedding import Embeddings
from app.services.folder_scan import compare, scan
from app.store.index import ByMeaning, DocumentIndex, Origin
from app.store.index_files import LibraryFiles
from app.store.vectors import Meaning, Vectors
from tests.bench import cranfield, large_index
from tests.bench.indexing import MANUALS, manual
from tests.bench.plain_bm25 import PlainBm25, words
from tests.bench.report import Row

QUESTIONS = Path(__file__).parents[1] / "data" / "questions.json"
_DEEP_ENOUGH = 40
"""Passages that are asked for, so that ten documents are among them."""
_FIRST = 5
_FILES = 10_000

Rank = Callable[[str], list[int]]


def rows(collection: Path | None, big: Path, embedding: Path | None = None) -> list[Row]:
    """collection is the folder with Cranfield, big the file with a large index, embedding a model for vectors.

    What is not there is left out.
    """
    found = []
    if collection is not None and (collection / "cran.all.1400").exists():
        found += cranfield_rows(cranfield.load(collection), embedding)
    else:
        print("Cranfield skipped: name its folder with --cranfield DIR or CRANFIELD.")
    if all(path.exists() for path in MANUALS.values()):
        found.append(page_row())
    else:
        print("pages of manuals skipped: the Debian packages debian-policy and developers-reference are not installed.")
    if big.exists():
        found += speed_rows(big)
    else:
        print(f"search in 500,000 passages skipped: make the index with `python -m tests.bench.large_index {big}`.")
    return [*found, scan_row()]


def cranfield_rows(collection: cranfield.Collection, embedding: Path | None) -> list[Row]:
    texts = {number: f"{title}\n{text}" for number, (title, text) in collection.documents.items()}
    plain = PlainBm25(texts)
    with Stemmer() as stemmer:
        stemmed = PlainBm25(texts, stemmer.tokenise)
        reference = _measure(collection, lambda query: plain.search(query, cranfield.DEPTH))
        measured = {
            "BM25 with stems": _measure(collection, lambda query: stemmed.search(query, cranfield.DEPTH)),
        }
    with tempfile.TemporaryDirectory() as folder, closing(DocumentIndex(Path(folder) / "index.db")) as index:
        _fill(index, collection)
        measured["FTS alone"] = _measure(collection, lambda query: _documents(index, query))
        if embedding is None:
            print("vectors skipped: make the model with `python -m tests.bench.minilm` or name one with --embedding.")
        else:
            with embedded(index, embedding) as embeddings:
                measured["vectors alone"] = _measure(
                    collection, lambda query: _documents(index, "", embeddings.by_meaning(query))
                )
                measured["fused"] = _measure(
                    collection, lambda query: _documents(index, query, embeddings.by_meaning(query))
                )
    least = {"FTS alone": 1.0, "fused": 1.1}
    found = []
    for name, values in measured.items():
        for measure, value, other in zip(("nDCG@10", "recall@10"), values, reference, strict=True):
            limit = least.get(name)
            met = value >= limit * other if limit is not None else None
            held = f"at least {limit:g} times" if limit is not None else ""
            found.append(Row(f"Cranfield, {name}, {measure}", value, "", other, "plain BM25", held, met))
    return found


@contextmanager
def embedded(index: DocumentIndex, model: Path) -> Iterator[Embeddings]:
    """Have vectors of all passages."""
    tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    process = EmbedderProcess("app.engine.llama_embedder:LlamaEmbedder", Path(os.devnull))
    with closing(Embeddings(process, index, tasks.put, lambda _: None, model, lambda **_: None)) as embeddings:
        embeddings.work()
        started = time.perf_counter()
        while embeddings.busy:
            tasks.get()()
        assert embeddings.state.failure is None, embeddings.state.failure
        print(f"  vectors made in {time.perf_counter() - started:.0f} s")
        yield embeddings


def page_row() -> Row:
    """For how many questions the page that answers is among the pages of the first five passages."""
    questions = json.loads(QUESTIONS.read_text())
    right = 0
    with tempfile.TemporaryDirectory() as folder, closing(DocumentIndex(Path(folder) / "index.db")) as index:
        documents = {name: _add_manual(index, Path(folder), name) for name in MANUALS}
        for entry in questions:
            document = documents[entry["document"]]
            pages = _pages_with(document, entry["phrase"])
            assert pages, f"no page has “{entry['phrase']}”"
            hits = index.search(entry["question"], _FIRST)
            found = {hit.passage.unit for hit in hits if hit.document == entry["document"]}
            right += bool(pages & found)
            if not pages & found:
                print(f"  not among the first {_FIRST}: {entry['question']}")
    share = right / len(questions)
    return Row(
        f"right page among {_FIRST}, of {len(questions)} questions", share, "", limit="at least 0.9", met=share >= 0.9
    )


def speed_rows(big: Path) -> list[Row]:
    with closing(DocumentIndex(big)) as index:
        vectors = Vectors(index)
        queries = list(zip(large_index.queries(200), large_index.directions(200, seed=5), strict=True))
        by_meaning = [
            partial(vectors.ranking, meaning=Meaning(large_index.SOURCE, vector, floor=0.1)) for _, vector in queries
        ]
        index.search("warm up", 10, by_meaning=by_meaning[0])
        words = [_milliseconds(index, query) for query, _ in queries]
        both = [_milliseconds(index, query, mean) for (query, _), mean in zip(queries, by_meaning, strict=True)]
    return [
        _speed_row("search in 500,000 passages, 95th percentile", words),
        _speed_row("the same, by words and meaning", both),
    ]


def _milliseconds(index: DocumentIndex, query: str, by_meaning: ByMeaning | None = None) -> float:
    started = time.perf_counter()
    index.search(query, 10, by_meaning=by_meaning)
    return (time.perf_counter() - started) * 1000


def _speed_row(name: str, times: list[float]) -> Row:
    late = statistics.quantiles(times, n=20)[-1]
    return Row(name, late, "ms", statistics.median(times), "the median", "at most 100 ms", late <= 100)


def scan_row() -> Row:
    """The second scan of a folder of 10,000 files that are all known, beside a bare os.walk with stat."""
    with tempfile.TemporaryDirectory() as folder, closing(DocumentIndex(Path(folder) / "index.db")) as index:
        root = Path(folder) / "files"
        for number in range(_FILES):
            path = root / f"{number // 100:03}" / f"{number:05}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(number))
        files = LibraryFiles(index)
        files.update("many", scan([root]).files.values(), ())
        started = time.perf_counter()
        changes = compare(files.facts("many"), scan([root]))
        files.update("many", changes.changed, changes.lost)
        seconds = time.perf_counter() - started
        assert not changes.changed
        assert not changes.lost
        started = time.perf_counter()
        for place, _, names in os.walk(root):
            for name in names:
                (Path(place) / name).stat()
        bare = time.perf_counter() - started
    return Row("second scan of 10,000 files", seconds, "s", bare, "a bare walk", "at most 1 s", seconds <= 1)


class Stemmer:
    """Porter's stems by SQLite's own tokenizer, so that the reference has the same."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute("CREATE VIRTUAL TABLE text USING fts5 (body, tokenize = 'porter unicode61')")
        self._connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab (text, instance)")
        self._known: dict[str, list[str]] = {}

    def __enter__(self) -> Stemmer:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def tokenise(self, text: str) -> list[str]:
        return [stem for word in words(text) for stem in self._stems(word)]

    def _stems(self, word: str) -> list[str]:
        if word not in self._known:
            self._connection.execute("DELETE FROM text")
            self._connection.execute("INSERT INTO text VALUES (?)", (word,))
            rows = self._connection.execute("SELECT term FROM terms ORDER BY offset")
            self._known[word] = [row[0] for row in rows]
        return self._known[word]


def _measure(collection: cranfield.Collection, rank: Rank) -> tuple[float, float]:
    """Mean nDCG@10 and recall@10."""
    rankings = {number: rank(collection.queries[number - 1]) for number in collection.judgements}
    gains = [cranfield.ndcg(rankings[number], judged) for number, judged in collection.judgements.items()]
    recalls = [cranfield.recall(rankings[number], judged) for number, judged in collection.judgements.items()]
    return statistics.mean(gains), statistics.mean(recalls)


def _fill(index: DocumentIndex, collection: cranfield.Collection) -> None:
    with index.writing() as connection:
        for number, (title, text) in collection.documents.items():
            blocks = (Block(BlockKind.PARAGRAPH, 0, len(text)),) if text else ()
            document = Document(DocumentKind.TEXT, title, text, blocks)
            index.add(connection, Origin(str(number), Path(str(number)), len(text)), document, [*passages(document)])


def _documents(index: DocumentIndex, query: str, by_meaning: ByMeaning | None = None) -> list[int]:
    found = dict.fromkeys(int(hit.document) for hit in index.search(query, _DEEP_ENOUGH, by_meaning=by_meaning))
    return list(found)[: cranfield.DEPTH]


def _add_manual(index: DocumentIndex, folder: Path, name: str) -> Document:
    path = folder / f"{name}.pdf"
    path.write_bytes(manual(name))
    document = read_document(path).document
    assert document is not None
    with index.writing() as connection:
        index.add(connection, Origin(name, path, path.stat().st_size), document, [*passages(document)])
    return document


def _pages_with(document: Document, phrase: str) -> set[int]:
    wanted = _flat(phrase)
    return {unit.number for unit in document.units if wanted in _flat(document.text[unit.start : unit.end])}


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()

"""Vectors of passages: kept in two precisions, and searched in two steps.

Of each vector the signs are kept (a bit a number, 48 bytes for 384 dimensions) and the numbers as signed bytes. A
search compares the signs of all passages with those of the query, in memory, and then the bytes of the best few
hundred, which are read from the file: exact enough, and in a few milliseconds for half a million passages. (Binary
quantization with rescoring: Yamada, Asai, Hajishirzi, “Efficient Passage Retrieval with Hashing”, ACL 2021.)
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.documents import Passage
from app.store.index import DocumentIndex
from app.store.index_schema import PLACE_BITS
from app.store.ranking import Place, Ranking
from app.store.texts import Texts

_RESCORED = 400
"""Passages of the first step whose bytes are compared."""
_DEPTH = 60
_MASK = (1 << PLACE_BITS) - 1


@dataclass(frozen=True, slots=True)
class VectorSource:
    """What vectors are of: only those of one model can be compared."""

    fingerprint: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class Meaning:
    """A query as a vector (little-endian float32, of length 1). Passages below the floor (a cosine) are no hits."""

    source: VectorSource
    vector: bytes
    floor: float


@dataclass(frozen=True, slots=True)
class Unembedded:
    """Consecutive passages of a document, by its id, that have no vectors yet."""

    document: int
    title: str
    passages: tuple[Passage, ...]


class Vectors:
    """The vectors in the index. May be used on several threads, as the index itself."""

    def __init__(self, index: DocumentIndex) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._signs = _Signs(-1, np.empty(0, np.int64), np.empty((0, 1), np.uint64))

    def begin(self, source: VectorSource) -> None:
        """Have vectors of this model only; those of another are thrown away. Raises StoreError."""
        with self._index.writing() as connection:
            row = connection.execute("SELECT fingerprint, dimensions FROM vector_model").fetchone()
            if row == (source.fingerprint, source.dimensions):
                return
            connection.execute("DELETE FROM vectors")
            connection.execute("UPDATE documents SET embedded = 0 WHERE embedded > 0")
            connection.execute(
                """
                INSERT INTO vector_model (id, fingerprint, dimensions) VALUES (1, ?, ?)
                ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint,
                dimensions = excluded.dimensions, changes = changes + 1
                """,
                (source.fingerprint, source.dimensions),
            )

    def waiting(self) -> int:
        """How many passages have no vector yet. Raises StoreError."""
        with self._index.reading() as connection:
            row = connection.execute(
                "SELECT coalesce(sum(passages - embedded), 0) FROM documents WHERE embedded < passages"
            ).fetchone()
        return int(row[0])

    def next(self, most: int) -> Unembedded | None:
        """Passages to be embedded next, at most so many; None where all have vectors. Raises StoreError."""
        with self._index.reading() as connection:
            row = connection.execute(
                "SELECT id, title, embedded, passages FROM documents WHERE embedded < passages ORDER BY id LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            document, title, first, count = row
            texts = Texts(connection)
            found = (texts.passage((document, number)) for number in range(first, min(count, first + most)))
            return Unembedded(document, title, tuple(passage for passage in found if passage is not None))

    def add(self, source: VectorSource, batch: Unembedded, vectors: Sequence[bytes]) -> None:
        """Store a batch’s vectors; nothing where the document or the model is not what it was. Raises StoreError."""
        numbers = np.frombuffer(b"".join(vectors), "<f4").reshape(len(vectors), source.dimensions)
        first = batch.passages[0].number
        with self._index.writing() as connection:
            valid = connection.execute(
                """
                UPDATE documents SET embedded = embedded + ? WHERE id = ? AND embedded = ?
                AND EXISTS (SELECT 1 FROM vector_model WHERE fingerprint = ? AND dimensions = ?)
                """,
                (len(vectors), batch.document, first, source.fingerprint, source.dimensions),
            ).rowcount
            if valid:
                connection.execute(
                    "INSERT INTO vectors VALUES (?, ?, ?)",
                    (batch.document << PLACE_BITS | first, _bits(numbers).tobytes(), _bytes(numbers).tobytes()),
                )
                connection.execute("UPDATE vector_model SET changes = changes + 1")

    def ranking(
        self, connection: sqlite3.Connection, documents: Sequence[int] | None, meaning: Meaning
    ) -> Ranking | None:
        """The passages of these documents (all for None) nearest to a query; None where there are none of its model."""
        row = connection.execute("SELECT fingerprint, dimensions, changes FROM vector_model").fetchone()
        if row is None or row[:2] != (meaning.source.fingerprint, meaning.source.dimensions):
            return None
        signs = self._current_signs(connection, row[2], meaning.source.dimensions)
        query = np.frombuffer(meaning.vector, "<f4")
        near = signs.nearest(query, documents, _RESCORED)
        if not len(near):
            return None
        cosines = _cosines(connection, near, query)
        order = np.lexsort((near, -cosines))[:_DEPTH]
        places: list[Place] = [
            (int(near[i]) >> PLACE_BITS, int(near[i]) & _MASK) for i in order if cosines[i] > meaning.floor
        ]
        return Ranking(places) if places else None

    def _current_signs(self, connection: sqlite3.Connection, changes: int, dimensions: int) -> _Signs:
        with self._lock:
            if self._signs.changes != changes:
                self._signs = _read_signs(connection, changes, dimensions)
            return self._signs


@dataclass(frozen=True, slots=True)
class _Signs:
    """The signs of all vectors, as they were after so many changes: keys of passages, and rows of 64-bit words."""

    changes: int
    keys: NDArray[np.int64]
    words: NDArray[np.uint64]

    def nearest(self, query: NDArray[np.float32], documents: Sequence[int] | None, most: int) -> NDArray[np.int64]:
        """Keys of the passages whose signs differ least from the query's, in the order of the keys."""
        keys, words = self.keys, self.words
        if documents is not None:
            inside = np.isin(keys >> PLACE_BITS, np.asarray(documents, np.int64))
            keys, words = keys[inside], words[inside]
        if len(keys) <= most:
            return keys
        differences = np.bitwise_count(words ^ _bits(query[np.newaxis])).sum(axis=1, dtype=np.int32)
        return np.sort(keys[np.argpartition(differences, most)[:most]])


def _read_signs(connection: sqlite3.Connection, changes: int, dimensions: int) -> _Signs:
    width = -(-dimensions // 64)
    keys, parts = [], []
    for key, bits in connection.execute("SELECT id, bits FROM vectors ORDER BY id"):
        words = np.frombuffer(bits, "<u8").reshape(-1, width)
        parts.append(words)
        keys.append(np.arange(key, key + len(words), dtype=np.int64))
    if not parts:
        return _Signs(changes, np.empty(0, np.int64), np.empty((0, width), np.uint64))
    return _Signs(changes, np.concatenate(keys), np.concatenate(parts))


def _cosines(
    connection: sqlite3.Connection, keys: NDArray[np.int64], query: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The cosines of passages with a query, by their bytes."""
    dimensions = len(query)
    rows = connection.execute(
        # Of the rows that begin at or before a passage the last one holds it.
        """
        SELECT (SELECT substr(bytes, (value - id) * ? + 1, ?) FROM vectors WHERE id <= value ORDER BY id DESC LIMIT 1)
        FROM json_each(?)
        """,
        (dimensions, dimensions, json.dumps(keys.tolist())),
    )
    numbers = np.frombuffer(b"".join(data for (data,) in rows), np.int8).reshape(len(keys), dimensions)
    vectors = numbers.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1)
    cosines: NDArray[np.float32] = (vectors @ query) / np.maximum(lengths, 1)
    return cosines


def _bits(vectors: NDArray[np.float32]) -> NDArray[np.uint64]:
    """The signs of each vector, filled up to whole 64-bit words."""
    packed = np.packbits(vectors > 0, axis=1)
    filled = np.zeros((len(vectors), -(-vectors.shape[1] // 64) * 8), np.uint8)
    filled[:, : packed.shape[1]] = packed
    return filled.view("<u8")


def _bytes(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Each vector scaled so that its largest number is 127: for a cosine the scale does not matter."""
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-12)
    numbers: NDArray[np.int8] = np.rint(vectors / largest * 127).astype(np.int8)
    return numbers

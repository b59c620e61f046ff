"""The index of documents in index.db: texts, passages and full-text search. Disposable: the files are the truth."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.documents import Document, DocumentKind, Hit, Mark, Passage, StoredDocument, UnitKind
from app.store.errors import index_errors
from app.store.index_schema import FORGET_MARK, PLACE_BITS, connect, mark_damaged, prepare_index
from app.store.index_search import Scope, rankings
from app.store.index_text import (
    estimate_tokens,
    for_pieces,
    for_words,
    pack_marks,
    pack_text,
    pack_units,
    unpack_marks,
    unpack_text,
    unpack_units,
)
from app.store.query import understand
from app.store.ranking import Candidate, Ranking, Selection, fuse
from app.store.rows import storable
from app.store.texts import Texts

_MOST_PER_DOCUMENT = 3
_WANTED_SECONDS = 3_600
_PAGES_A_STEP = 1_000
_FROM = "SELECT id, sha256, name, path, size, kind, title, unit_kind, units FROM documents"


Transaction = sqlite3.Connection
"""What ``DocumentIndex.writing`` gives, handed to whatever is to be part of one transaction."""


ByMeaning = Callable[[sqlite3.Connection, Sequence[int] | None], Ranking | None]


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a document was read from: its content's SHA-256 (hex), and where it was seen."""

    sha256: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an indexed document without its text. tokens is an estimate of what a model would read.

    note says what is missing from it.
    """

    sha256: str
    pages: int | None
    passages: int
    tokens: int
    note: str = ""


class DocumentIndex:
    """The documents by content. May be used on several threads: each has a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open the index, or make it anew where there is none that can be used. Raises StoreError."""
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        with index_errors(self._on_damage):
            prepare_index(path)

    def close(self) -> None:
        """Close the connections of all threads, none of which may be at work."""
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection. Raises StoreError for what goes wrong inside."""
        with index_errors(self._on_damage):
            yield self._connection()

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, which sees the index as it is now, whatever others write meanwhile."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction on this thread's connection: all of it, or nothing."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def facts(self, sha256: str) -> Facts | None:
        """What is known of a document, None if it is not in the index."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT sha256, pages, passages, tokens, note FROM documents WHERE sha256 = ?", (sha256,)
            ).fetchone()
        return Facts(*row) if row else None

    def document(self, sha256: str) -> StoredDocument | None:
        """A document with its text, None if it is not in the index."""
        with self.snapshot() as connection:
            row = connection.execute(f"{_FROM} WHERE sha256 = ?", (sha256,)).fetchone()
            if row is None:
                return None
            low, high = row[0] << PLACE_BITS, (row[0] + 1 << PLACE_BITS) - 1
            rows = connection.execute("SELECT data FROM texts WHERE id BETWEEN ? AND ? ORDER BY id", (low, high))
            return _stored(row, "".join(unpack_text(data) for (data,) in rows))

    def documents(self, hashes: Collection[str]) -> list[StoredDocument]:
        """Those of these documents that are in the index, by name, without their texts."""
        with self.reading() as connection:
            rows = connection.execute(
                f"{_FROM} WHERE sha256 IN (SELECT value FROM json_each(?)) ORDER BY name, sha256",
                (json.dumps(list(hashes)),),
            )
            return [_stored(row, "") for row in rows]

    def marks(self, sha256: str, start: int, end: int) -> tuple[Mark, ...]:
        """Where these characters stand on paper; empty where the document has none."""
        with self.reading() as connection:
            row = connection.execute("SELECT marks FROM documents WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None:
            return ()
        marks = unpack_marks(row[0], start, end)
        return Document(DocumentKind.PDF, "", "", (), marks=marks).marks_in(start, end)

    def search(
        self, question: str, limit: int, hashes: Collection[str] | None = None, by_meaning: ByMeaning | None = None
    ) -> list[Hit]:
        """The best passages of these documents (all where none are named), best first; at most limit.

        by_meaning gives one more ranking, for a connection and the ids of the documents (None for all).
        """
        query = understand(question)
        with self.snapshot() as connection:
            count, ids = _ids(connection, hashes)
            scope = Scope() if ids is None else Scope.of(ids)
            texts = Texts(connection)
            found = rankings(connection, query, scope, texts)
            nearest = by_meaning(connection, ids) if by_meaning is not None else None
            if nearest is not None:
                found.append(nearest)
            # Many documents share the places; one or two may have nearly all of them.
            most = max(_MOST_PER_DOCUMENT, limit // max(count, 1) + 2)
            selection = Selection(limit, most, texts.text)
            for place, score in fuse(found):
                passage = texts.passage(place)
                if passage is not None:
                    selection.offer(Candidate(place[0], passage, score))
                if selection.full:
                    break
            return [_hit(connection, candidate) for candidate in selection.candidates]

    def add(
        self,
        connection: sqlite3.Connection,
        origin: Origin,
        document: Document,
        passages: Sequence[Passage],
        note: str = "",
    ) -> Facts:
        """Store a document with its passages, inside a transaction; one that is there already stays as it is.

        note says what is missing from it.
        """
        pages = len(document.units) if document.units else None
        facts = Facts(origin.sha256, pages, len(passages), estimate_tokens(document.text), note)
        row = connection.execute(
            """
            INSERT INTO documents (sha256, name, path, size, kind, title, note, characters, tokens, passages, pages,
                                   unit_kind, units, marks)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO NOTHING RETURNING id
            """,
            (
                origin.sha256,
                storable(origin.path.name),
                storable(str(origin.path)),
                origin.size,
                document.kind.value,
                storable(document.title),
                storable(note),
                len(document.text),
                facts.tokens,
                facts.passages,
                facts.pages,
                document.unit_kind.value if document.unit_kind else None,
                pack_units(document.units),
                pack_marks(document.marks),
            ),
        ).fetchone()
        if row is not None:
            _add_text(connection, row[0], _title_words(document.title, origin.path.name), document, passages)
        return facts

    def want(self, connection: sqlite3.Connection, sha256: str) -> None:
        """Keep a document for a while, inside a transaction: another process may be about to attach it to a message."""
        connection.execute("UPDATE documents SET wanted = ? WHERE sha256 = ?", (int(time.time()), sha256))

    def prune(self, kept: Collection[str], recent: bool = False, most: int = 20) -> int:
        """Remove documents that no file of a library has and nobody keeps; most at a time. Gives how many.

        recent: those, too, that were wanted a short time ago.
        """
        with self.writing() as connection:
            rows = connection.execute(
                """
                SELECT id FROM documents WHERE sha256 NOT IN (SELECT sha256 FROM files)
                AND sha256 NOT IN (SELECT value FROM json_each(?)) AND wanted < ? LIMIT ?
                """,
                (json.dumps(list(kept)), int(time.time()) - (-1 if recent else _WANTED_SECONDS), most),
            ).fetchall()
            for (document,) in rows:
                _remove(connection, document)
            return len(rows)

    @property
    def must_forget(self) -> bool:
        """Whether words of documents that were deleted for good may still be in the file."""
        return self._forget_mark.exists()

    def remember_to_forget(self) -> None:
        """Documents will be removed that were deleted for good. A file says so until forget() is done, over a kill."""
        with index_errors(self._on_damage):
            self._forget_mark.touch(0o600)

    def forget(self) -> bool:
        """A step of taking the words of removed documents out of the file; tells whether there are more steps.

        The full-text tables only note that words are gone, and keep them until they merge these parts by chance.
        """
        if not self.must_forget:
            return False
        with self.writing() as connection:
            merged = [_merge(connection, table) for table in ("words", "pieces")]
        if any(merged):
            return True
        with self.reading() as connection:
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if not busy:
                self._forget_mark.unlink(missing_ok=True)
        return False

    @property
    def _forget_mark(self) -> Path:
        return self._path.with_name(self._path.name + FORGET_MARK)

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self._path)
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection

    def _on_damage(self) -> None:
        mark_damaged(self._path)


def _add_text(
    connection: sqlite3.Connection, number: int, title: str, document: Document, passages: Sequence[Passage]
) -> None:
    base = number << PLACE_BITS
    connection.executemany(
        "INSERT INTO texts (id, data) VALUES (?, ?)",
        ((base | place, data) for place, data in enumerate(pack_text(document.text))),
    )
    connection.executemany(
        "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                base | passage.number,
                passage.start,
                passage.end,
                passage.first_line,
                passage.last_line,
                passage.unit,
                storable(passage.unit_name),
                json.dumps([storable(heading) for heading in passage.headings], ensure_ascii=False),
            )
            for passage in passages
        ),
    )
    for passage in passages:
        words = (base | passage.number, title, for_words(_above(passage.headings)), for_words(passage.text))
        connection.execute("INSERT INTO words (rowid, title, headings, body) VALUES (?, ?, ?, ?)", words)
        piece = (base | passage.number, for_pieces(passage.text))
        connection.execute("INSERT INTO pieces (rowid, body) VALUES (?, ?)", piece)


def _remove(connection: sqlite3.Connection, document: int) -> None:
    """Delete a document. The full-text tables have to be told the words that they are to forget."""
    texts = Texts(connection)
    names = connection.execute("SELECT title, name FROM documents WHERE id = ?", (document,)).fetchone()
    title = _title_words(*names)
    low, high = document << PLACE_BITS, (document + 1 << PLACE_BITS) - 1
    for (place,) in connection.execute("SELECT id FROM passages WHERE id BETWEEN ? AND ?", (low, high)).fetchall():
        passage = texts.passage((document, place - low))
        assert passage is not None
        words = (place, title, for_words(_above(passage.headings)), for_words(passage.text))
        connection.execute(
            "INSERT INTO words (words, rowid, title, headings, body) VALUES ('delete', ?, ?, ?, ?)", words
        )
        piece = (place, for_pieces(passage.text))
        connection.execute("INSERT INTO pieces (pieces, rowid, body) VALUES ('delete', ?, ?)", piece)
    connection.execute("DELETE FROM passages WHERE id BETWEEN ? AND ?", (low, high))
    connection.execute("DELETE FROM texts WHERE id BETWEEN ? AND ?", (low, high))
    if connection.execute("DELETE FROM vectors WHERE id BETWEEN ? AND ?", (low, high)).rowcount:
        connection.execute("UPDATE vector_model SET changes = changes + 1")
    connection.execute("DELETE FROM documents WHERE id = ?", (document,))


def _merge(connection: sqlite3.Connection, table: str) -> bool:
    """Merge some pages of a full-text table, of whose parts one is left in the end; tells whether it did."""
    before = connection.total_changes
    # https://sqlite.org/fts5.html#the_merge_command: it is done when that changes less than two rows.
    connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (-_PAGES_A_STEP,))
    return connection.total_changes - before >= 2


def _title_words(title: str, name: str) -> str:
    """What is searched of a document's names: its title, and the file's name as words."""
    return for_words(f"{storable(title)} {storable(name)}".replace("_", " "))


def _above(headings: Sequence[str]) -> str:
    return "\n".join(storable(heading) for heading in headings)


def _ids(connection: sqlite3.Connection, hashes: Collection[str] | None) -> tuple[int, list[int] | None]:
    """How many documents are searched, and their ids, None where it is all of them."""
    (everything,) = connection.execute("SELECT count(*) FROM documents").fetchone()
    if hashes is None:
        return everything, None
    rows = connection.execute(
        "SELECT id FROM documents WHERE sha256 IN (SELECT value FROM json_each(?))", (json.dumps(list(hashes)),)
    )
    ids = [row[0] for row in rows]
    return len(ids), None if len(ids) == everything else ids


def _hit(connection: sqlite3.Connection, candidate: Candidate) -> Hit:
    row = connection.execute("SELECT sha256, name FROM documents WHERE id = ?", (candidate.document,)).fetchone()
    return Hit(row[0], row[1], candidate.passage, round(candidate.score, 4))


def _stored(row: tuple[int, str, str, str, int, str, str, str | None, bytes], text: str) -> StoredDocument:
    _, sha256, name, path, size, kind, title, unit_kind, units = row
    unit_kind_ = UnitKind(unit_kind) if unit_kind else None
    return StoredDocument(sha256, name, path, size, DocumentKind(kind), title, text, unit_kind_, unpack_units(units))

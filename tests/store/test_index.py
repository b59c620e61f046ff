"""The index on disk: made anew when it can't be used, whole after every transaction, gone with what is removed."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.documents import Mark, Rectangle, Unit
from app.errors import StoreError
from app.store.index import DocumentIndex
from app.store.index_schema import VERSION
from app.store.index_text import PIECE, estimate_tokens, pack_marks, unpack_marks
from tests.store.indexing import add, add_as, document


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


@pytest.fixture
def index(path: Path) -> Iterator[DocumentIndex]:
    index = DocumentIndex(path)
    yield index
    index.close()


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return count


class TestTheFile:
    def test_is_for_its_owner_alone(self, index: DocumentIndex, path: Path) -> None:
        add(index, "a.txt", document("Words."))
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("index.db*")} == {0o600}

    def test_is_kept_when_it_is_ours(self, path: Path) -> None:
        with closing(DocumentIndex(path)) as index:
            add(index, "a.txt", document("Words."))
        with closing(DocumentIndex(path)) as index:
            assert index.search("words", 5)

    @pytest.mark.parametrize("damage", ["text", "foreign", "version", "cut", "garbled", "marked"])
    def test_is_made_anew_when_it_cannot_be_used(self, path: Path, damage: str) -> None:
        with closing(DocumentIndex(path)) as index:
            for number in range(20):
                add(index, f"{number}.txt", document(f"Words of {number}. " * 50))
        match damage:
            case "text":
                path.write_text("This is no database. " * 500)
            case "foreign":
                path.unlink()
                with closing(sqlite3.connect(path)) as connection:
                    connection.execute("CREATE TABLE theirs (x)")
            case "version":
                with closing(sqlite3.connect(path)) as connection:
                    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
            case "cut":
                path.write_bytes(path.read_bytes()[:10_000])
            case "garbled":
                content = bytearray(path.read_bytes())
                for place in range(8_192, len(content), 4_096):
                    content[place : place + 64] = b"\xff" * 64
                path.write_bytes(content)
            case _:
                path.with_name("index.db.damaged").touch()
        with closing(DocumentIndex(path)) as index:
            assert index.search("words", 5) == []
            add(index, "new.txt", document("New words."))
            assert [hit.name for hit in index.search("words", 5)] == ["new.txt"]
        assert not path.with_name("index.db.damaged").exists()

    def test_damage_that_is_met_later_is_told_and_mended_at_the_next_start(
        self, index: DocumentIndex, path: Path
    ) -> None:
        sha256 = add(index, "a.txt", document("Words. " * 2000))
        with index.writing() as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET rootpage = 1 WHERE name = 'texts'")
        with closing(DocumentIndex.__new__(DocumentIndex)) as other:
            # As a start would open a file that is too large to be checked.
            other.__dict__.update(_path=path, _local=threading.local(), _connections=[], _lock=threading.Lock())
            with pytest.raises(StoreError, match="index of your documents is damaged"):
                other.document(sha256)
        assert path.with_name("index.db.damaged").exists()


class TestADocument:
    def test_comes_back_with_its_text_and_units(self, index: DocumentIndex) -> None:
        text = "".join(f"Sentence number {number} with ümläut and 日本語.\n" for number in range(2000))
        made = replace(document(text, title="Long"), units=(Unit(1, "i", 0, len(text), 595.3, 841.9),))
        sha256 = add(index, "long.txt", made)
        stored = index.document(sha256)
        assert stored is not None
        assert len(text) > 3 * PIECE
        assert (stored.text, stored.title, stored.units, stored.name) == (text, "Long", made.units, "long.txt")
        assert stored.path == "/papers/long.txt"
        assert [found.text for found in index.documents([sha256])] == [""]

    def test_hits_have_exactly_the_text_at_their_place(self, index: DocumentIndex) -> None:
        made = document(*(f"Paragraph {number}. " + "Filling 文字 words. " * 30 for number in range(200)))
        add(index, "a.txt", made)
        hits = [hit for word in ("paragraph 7", "150", "199", "filling") for hit in index.search(word, 5)]
        assert hits
        assert all(hit.passage.text == made.text[hit.passage.start : hit.passage.end] for hit in hits)

    def test_that_is_there_already_stays_as_it_is(self, index: DocumentIndex, path: Path) -> None:
        made = document("Words.")
        assert add_as(index, "ab", "a.txt", made) == add_as(index, "ab", "b.txt", made)
        assert rows(path, "documents") == rows(path, "passages") == 1

    def test_that_fails_to_be_stored_leaves_nothing(self, index: DocumentIndex, path: Path) -> None:
        with pytest.raises(RuntimeError), index.writing():
            add_as_inside(index)
        assert rows(path, "documents") == rows(path, "texts") == rows(path, "words_docsize") == 0

    def test_with_halves_of_surrogate_pairs_is_stored(self, index: DocumentIndex) -> None:
        sha256 = add(index, "odd.txt", document("Half \ud800 a pair\0and more"))
        stored = index.document(sha256)
        assert stored is not None
        assert stored.text == "Half \ud800 a pair\0and more"
        assert index.search("pair", 1)

    def test_that_nobody_keeps_is_removed_without_a_trace(self, index: DocumentIndex, path: Path) -> None:
        kept = add(index, "kept.txt", document("The kept words and 日本語.", title="Über", headings=["One"]))
        gone = add(index, "gone.txt", document("The gone words and 日本語.", title="Über", headings=["One"]))
        assert index.prune([kept]) == 1
        assert index.prune([kept]) == 0
        assert index.document(gone) is None
        assert [hit.document for hit in index.search("words über one 日本語", 5)] == [kept]
        with index.writing() as connection:
            connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        assert rows(path, "passages") == rows(path, "texts") == rows(path, "pieces_docsize") == 1

    def test_that_was_deleted_for_good_leaves_no_byte_of_its_words(self, index: DocumentIndex, path: Path) -> None:
        add(index, "kept.txt", document("The kept words."))
        for number in range(40):
            # Enough that the full-text tables merge what they hold more than once.
            add(index, f"zebracorn{number}.txt", document(f"Of zebracorn number {number}.", title="Zebracorn"))
        kept = [stored.sha256 for stored in index.documents(hashes(path)) if stored.name == "kept.txt"]
        index.remember_to_forget()
        while index.prune(kept, recent=True) or index.forget():
            pass
        assert not index.must_forget
        assert [hit.document for hit in index.search("words", 5)] == kept
        for file in path.parent.iterdir():
            assert b"zebracorn" not in file.read_bytes().lower(), file.name

    def test_that_was_just_attached_is_not_removed(self, index: DocumentIndex) -> None:
        sha256 = add(index, "a.txt", document("Words."))
        with index.writing() as connection:
            index.want(connection, sha256)
        assert index.prune([]) == 0


def hashes(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT sha256 FROM documents")]


def add_as_inside(index: DocumentIndex) -> None:
    """Store within an open transaction, and fail."""
    made = document("Words.")
    with index.reading() as connection:
        from app.documents.passages import passages
        from app.store.index import Origin

        index.add(connection, Origin("ab", Path("a.txt"), 1), made, [*passages(made)])
    raise RuntimeError


def test_marks_are_found_by_characters_and_cut_to_them(index: DocumentIndex) -> None:
    marks = tuple(Mark(i * 10, i * 10 + 9, i // 5, Rectangle(10.0, i * 12.5, 100.0, i * 12.5 + 10)) for i in range(50))
    made = replace(document("0123456789" * 50), marks=marks)
    sha256 = add(index, "a.pdf", made)
    assert index.marks(sha256, 100, 119) == (marks[10], marks[11])
    half = index.marks(sha256, 104, 105)
    assert [(mark.start, mark.end, mark.rectangle.left) for mark in half] == [(104, 105, 50.0)]
    assert index.marks(sha256, 600, 700) == ()
    assert index.marks("unknown", 0, 10) == ()
    assert unpack_marks(pack_marks(marks), 0, 1000) == marks


def test_threads_have_connections_of_their_own(index: DocumentIndex) -> None:
    add(index, "a.txt", document("Words."))
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(index.search("words", 5)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8


def test_readers_see_nothing_of_a_transaction_that_is_not_over(index: DocumentIndex) -> None:
    found: list[int] = []
    with index.writing() as connection:
        connection.execute(
            "INSERT INTO files (library, path, size, modified, status) VALUES ('a', x'00', 1, 1, 'waiting')"
        )
        thread = threading.Thread(target=lambda: found.append(len(index.documents([]))))
        thread.start()
        thread.join(10)
    assert found == [0]


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("The quick brown fox jumps over the lazy dog. " * 10, 90, 150), ("保修期为两年。" * 10, 65, 75), ("", 0, 0)],
)
def test_tokens_are_estimated_rather_too_high(text: str, least: int, most: int) -> None:
    assert least <= estimate_tokens(text) <= most

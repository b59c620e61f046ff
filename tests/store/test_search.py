"""Finding: words, beginnings and parts of them, in any script, and nothing of what was deleted."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.domain.chat import Attachment, Conversation, Part, Reasoning, Role, Status, Text
from app.domain.search import SearchHit, SearchQuery
from app.errors import StoreError
from app.store.backups import BackupFolder, Kind
from app.store.conversations import ConversationStore
from app.store.database import ChatDatabase, open_database
from app.store.notes import NoteStore
from app.store.purging import Purge
from app.store.search import SearchStore


@pytest.fixture
def search(path: Path, database: ChatDatabase) -> Iterator[SearchStore]:
    del database
    store = SearchStore(path)
    yield store
    store.close()


def talk(store: ConversationStore, title: str, *parts: Part) -> Conversation:
    made = store.create_conversation(title)
    store.add_message(made.id, None, Role.USER, parts)
    return store.conversation(made.id)


def found(search: SearchStore, text: str, **rest: object) -> list[SearchHit]:
    return search.search(SearchQuery(text, **rest))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Das Straßenfest beginnt", "beginnt"),
        ("Das Straßenfest beginnt", "begi"),
        ("Das Straßenfest beginnt", "fest"),
        ("une lettre à la mairie, déjà vu", "deja"),
        ("我昨天去了北京大学图书馆", "北京大学"),
        ("我昨天去了北京大学图书馆", "北京"),
        ("ฉันไปห้องสมุดเมื่อวานนี้", "ห้องสมุด"),
        ("use foo_bar(x) in C++", "foo_bar(x)"),
        ("one two three", "three one"),
        ("one two three", '"two three" one'),
        ("one two three", "“two  three”"),
        ("one two three", '"two three'),
        ("if (a != b) return", "!="),
        ("cats and dogs", "cats - dogs"),
        ("a party 🎉 at noon", "party 🎉"),
        ("Книги лежат под ёлками", "елками"),
        ("Книги лежат под елками", "ёлками"),
        ("Книги лежат под ёлками", "книга"),
        ("Книги лежат под ёлками", "книгами лежать"),
        ("Η Αθήνα είναι ωραία", "αθηνα"),
        ("ΑΘΗΝΑ", "Αθήνα"),
        ("Die Straße ist lang", "strasse lang"),
        ("Die Strasse ist lang", "straße"),
        ("the signed contract", "contracts"),
    ],
)
def test_a_text_is_found_by(store: ConversationStore, search: SearchStore, text: str, query: str) -> None:
    made = talk(store, "Untitled", Text(text))
    [hit] = found(search, query)
    assert (hit.conversation_id, hit.message_id) == (made.id, made.messages[0].id)
    assert hit.snippet == text


def test_words_in_quotes_follow_each_other(store: ConversationStore, search: SearchStore) -> None:
    talk(store, "A", Text("one two three"))
    assert found(search, '"three two"') == []
    [hit] = found(search, '"two three"')
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["two three"]


def test_a_snippet_is_of_where_the_words_stand_closest(store: ConversationStore, search: SearchStore) -> None:
    lines = "".join(f"Line {number}: of {number * number} and so on.\n" for number in range(1000))
    talk(store, "A", Text(lines))
    [hit] = found(search, "line 900")
    assert "Line 900: of 810000" in hit.snippet
    [hit] = found(search, "on 810000 line")
    assert "Line 900: of 810000" in hit.snippet


def test_other_forms_of_a_word_are_marked_as_what_was_found(store: ConversationStore, search: SearchStore) -> None:
    talk(store, "A", Text("the signed contract"))
    talk(store, "B", Text("a contrast"))
    [hit] = found(search, "contracts")
    assert hit.words == ("contract",)
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["contract"]


@pytest.mark.parametrize(
    "query",
    [
        '"',
        "'",
        "*",
        "AND",
        "a OR",
        "NEAR(",
        "said:",
        "-",
        "^x",
        "(",
        "\0",
        "%",
        "{}",
        "\\",
        "\ud800",
        '""',
        "«",
        "x " * 5000,
    ],
)
def test_no_query_can_be_broken(store: ConversationStore, search: SearchStore, query: str) -> None:
    talk(store, "Title", Text("some words"))
    found(search, query)
    assert found(search, f"words {query}") is not None


def test_titles_come_first_and_all_words_must_be_there(store: ConversationStore, search: SearchStore) -> None:
    talk(store, "Other", Text("the winter was long"))
    titled = talk(store, "Winter journey", Text("hello"))
    hits = found(search, "winter")
    assert [hit.message_id is None for hit in hits] == [True, False]
    assert hits[0].conversation_id == titled.id
    assert found(search, "winter unheard") == []


def test_a_title_that_only_repeats_a_message_is_no_place_of_its_own(
    store: ConversationStore, search: SearchStore
) -> None:
    made = talk(store, "What is the capital of…", Text("What is the\ncapital of France?"))
    assert [hit.message_id for hit in found(search, "capital")] == [made.messages[0].id]


def test_thoughts_are_found_when_asked_for(store: ConversationStore, search: SearchStore) -> None:
    talk(store, "A", Reasoning("I ponder"), Text("Done."))
    assert found(search, "ponder") == []
    assert len(found(search, "ponder", reasoning=True)) == 1


def test_only_what_is_asked_for_by_date_and_with_documents(store: ConversationStore, search: SearchStore) -> None:
    talk(store, "A", Text("the lease"))
    with_file = talk(store, "B", Text("the lease"), Attachment("lease.pdf", "0" * 64, 7))
    assert [hit.conversation_id for hit in found(search, "lease", with_documents=True)] == [with_file.id]
    today, day = date.today(), timedelta(days=1)
    assert len(found(search, "lease", first_day=today - day, last_day=today + day)) == 2
    assert found(search, "lease", last_day=today - 2 * day) == []
    assert found(search, "lease", first_day=today + 2 * day) == []


def test_marks_stand_where_the_words_are(store: ConversationStore, search: SearchStore) -> None:
    talk(store, "A", Text("x " * 300 + "déjà vu, " + "y " * 300))
    [hit] = found(search, "deja")
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["déjà"]
    assert hit.snippet.startswith("…")
    assert hit.snippet.endswith("…")


def test_an_answer_is_found_by_its_last_words_alone(store: ConversationStore, search: SearchStore) -> None:
    made = talk(store, "A", Text("question"))
    answer = store.add_message(made.id, made.head_id, Role.ASSISTANT, (Text("first"),), status=Status.STREAMING)
    store.save_answer(replace(answer, parts=(Reasoning("first"), Text("second")), status=Status.COMPLETE))
    assert found(search, "first") == []
    assert len(found(search, "second")) == 1


def test_the_trash_is_not_searched_and_what_is_deleted_leaves_the_file(
    store: ConversationStore, search: SearchStore, database: ChatDatabase, path: Path
) -> None:
    made = talk(store, "A", Text("xylophone"))
    talk(store, "B", Text("stays"))
    assert b"xyloph" in path.read_bytes() + path.with_name("chat.db-wal").read_bytes()
    store.move_to_trash(made.id)
    assert found(search, "xylophone") == []
    search.close()
    store.delete_forever(made.id)
    assert b"xyloph" not in path.read_bytes()
    for index in ("message_words", "message_trigrams", "title_words", "title_trigrams"):
        database.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")


def test_a_backup_that_was_cleared_of_something_is_still_searched_right(
    store: ConversationStore, path: Path, tmp_path: Path
) -> None:
    gone = talk(store, "A", Text("xylophone"))
    kept = talk(store, "B", Text("violin"))
    backups = BackupFolder.beside(path)
    backups.make(path, Kind.AUTOMATIC)
    purge = Purge(path)
    purge.add([gone.id])
    assert purge.run() == []
    [backup] = backups.backups()
    with closing(SearchStore(backup.path)) as search:
        assert found(search, "xylophone") == []
        assert [hit.conversation_id for hit in found(search, "violin")] == [kept.id]
    with closing(open_database(backup.path)) as database:
        for index in ("message_words", "message_trigrams"):
            database.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")


def test_a_draft_is_kept_for_each_conversation_and_goes_with_it(
    store: ConversationStore, database: ChatDatabase
) -> None:
    notes, made = NoteStore(database), talk(store, "A", Text("x"))
    for place, text in ((None, "new"), (made.id, "old"), (None, "newer")):
        notes.save_draft(place, text)
    assert (notes.draft(None), notes.draft(made.id)) == ("newer", "old")
    notes.save_draft(None, " ")
    assert notes.draft(None) == ""
    store.move_to_trash(made.id)
    store.delete_forever(made.id)
    assert database.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0


def test_the_files_of_a_draft_are_kept_beside_its_text(store: ConversationStore, database: ChatDatabase) -> None:
    notes, made = NoteStore(database), talk(store, "A", Text("x"))
    odd = Path(os.fsdecode(b"/home/anna/\xff.txt"))
    notes.save_draft_files(None, [odd, Path("/b.pdf")])
    notes.save_draft_files(made.id, [Path("/c.pdf")])
    notes.save_draft(None, "with files")
    assert (notes.draft_files(None), notes.draft(None)) == ([odd, Path("/b.pdf")], "with files")
    assert (notes.draft_files(made.id), notes.draft(made.id)) == ([Path("/c.pdf")], "")
    notes.save_draft(None, "")
    assert notes.draft_files(None) == [odd, Path("/b.pdf")]
    notes.save_draft_files(None, [])
    notes.save_draft_files(made.id, [])
    assert database.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0


def test_a_pin_is_kept(store: ConversationStore, database: ChatDatabase) -> None:
    notes, made = NoteStore(database), talk(store, "A", Text("x"))
    notes.pin(made.id, True)
    assert store.conversation(made.id).pinned_at is not None
    notes.pin(made.id, False)
    assert store.conversation(made.id).pinned_at is None


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_index_stops_nobody_from_writing_and_is_made_anew(
    store: ConversationStore, search: SearchStore, database: ChatDatabase, seed: int
) -> None:
    made = talk(store, "Winter journey", Text("My name is Rumpelstilzchen. " + "words of all kinds " * 200))
    chance = random.Random(seed)
    for index in ("message_words", "message_trigrams"):
        rows = database.execute(f"SELECT id, length(block) FROM {index}_data WHERE id > 10").fetchall()
        for row, length in rows:
            database.execute(f"UPDATE {index}_data SET block = ? WHERE id = ?", [chance.randbytes(length), row])
        database.conn.commit()
    told = []
    for number in range(40):
        try:
            store.add_message(made.id, None, Role.USER, [Text(f"Question {number} of all kinds")])
        except StoreError as error:
            told.append(error.remedy)
    assert told == ["Nothing is lost. Try again."]
    store.move_to_trash(made.id)
    store.delete_forever(made.id)
    talk(store, "Snow", Text("Spieglein an der Wand"))
    assert len(found(search, "spiegl")) == 1
    assert not found(search, "Rumpelstilzchen")


def test_a_file_beside_which_nothing_can_be_written_is_searched_too(store: ConversationStore, path: Path) -> None:
    made = talk(store, "Winter journey", Text("Gute Nacht"))
    store.close()
    with closing(SearchStore(path, unchanging=True)) as search:
        [hit] = found(search, "nacht")
    assert hit.conversation_id == made.id
    assert not list(path.parent.glob("*-wal"))

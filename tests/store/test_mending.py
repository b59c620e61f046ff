"""A rescue as the person sees it: which version of a message stays, what stands where something was lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.chat import Conversation, Message, MessageId, Reasoning, Role, Status, Text
from app.domain.search import SearchQuery
from app.store.backups import BackupFolder, Kind
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.notes import NoteStore
from app.store.rescue import Rescue, rescue
from app.store.search import SearchStore


@contextmanager
def opened(path: Path) -> Iterator[ConversationStore]:
    with closing(open_database(path)) as database:
        yield ConversationStore(database)


def exchange(
    store: ConversationStore, talk: Conversation, question: str, answer: str, head: MessageId | None = None
) -> Message:
    """Store a question and its whole answer; gives the answer."""
    _, empty = store.add_exchange(talk.id, head, [Text(question)], "tiny")
    whole = replace(empty, status=Status.COMPLETE, parts=(Reasoning("Hm."), Text(answer, (1, 2))))
    store.save_answer(whole)
    return whole


def destroy(path: Path, *statements: str) -> None:
    """Take rows out behind the store's back, as if their pages had been overwritten."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.fixture
def talk(path: Path) -> Conversation:
    """A conversation of three exchanges."""
    with opened(path) as store:
        talk = store.create_conversation("Winter journey")
        head = None
        for number in range(3):
            head = exchange(store, talk, f"Question {number}", f"Answer {number}", head).id
        return store.conversation(talk.id)


def shown(path: Path, talk: Conversation) -> list[Message]:
    with opened(path) as store:
        return list(store.conversation(talk.id).messages)


def texts(path: Path, talk: Conversation) -> list[str]:
    return [message.text for message in shown(path, talk)]


ALL = ["Question 0", "Answer 0", "Question 1", "Answer 1", "Question 2", "Answer 2"]


class TestWithoutABackup:
    def test_all_that_is_legible_is_there_as_it_was(self, path: Path, talk: Conversation) -> None:
        result = rescue(path)
        assert (result.conversations, result.messages, result.lost, result.cut) == (1, 6, 0, 0)
        with opened(path) as store:
            again = store.conversation(talk.id)
        assert again == talk
        assert again.messages == talk.messages

    def test_drafts_and_pins_come_back_and_words_are_found(self, path: Path, talk: Conversation) -> None:
        with closing(open_database(path)) as database:
            notes = NoteStore(database)
            notes.pin(talk.id, True)
            notes.save_draft(talk.id, "half a question")
            notes.save_draft(None, "a new one")
            notes.save_draft_files(None, [Path("/home/anna/lease.pdf")])
        rescue(path)
        with closing(open_database(path)) as database, closing(SearchStore(path)) as search:
            notes = NoteStore(database)
            assert [notes.draft(talk.id), notes.draft(None)] == ["half a question", "a new one"]
            assert [notes.draft_files(talk.id), notes.draft_files(None)] == [[], [Path("/home/anna/lease.pdf")]]
            [again] = ConversationStore(database).conversations()
            assert again.pinned_at is not None
            assert len(search.search(SearchQuery("question"))) == 3

    def test_a_draft_alone_brings_its_conversation_back(self, path: Path, talk: Conversation) -> None:
        with closing(open_database(path)) as database:
            NoteStore(database).save_draft(talk.id, "half a question")
        destroy(path, "DELETE FROM parts", "DELETE FROM messages", "DELETE FROM conversations")
        rescue(path)
        with closing(open_database(path)) as database:
            assert NoteStore(database).draft(talk.id) == "half a question"

    def test_a_lost_conversation_is_known_by_its_first_question(self, path: Path, talk: Conversation) -> None:
        destroy(path, "DELETE FROM conversations")
        rescue(path)
        with opened(path) as store:
            [again] = store.conversations()
        assert (again.id, again.title) == (talk.id, "Question 0")
        assert texts(path, talk) == ALL

    @pytest.mark.parametrize("number", range(6))
    def test_a_message_whose_row_is_gone_stays_in_its_place_with_its_speaker(
        self, path: Path, talk: Conversation, number: int
    ) -> None:
        destroy(path, f"DELETE FROM messages WHERE id = '{talk.messages[number].id}'")
        result = rescue(path)
        assert result.rebuilt == 1
        assert texts(path, talk) == ALL
        assert [message.role for message in shown(path, talk)] == [Role.USER, Role.ASSISTANT] * 3

    def test_a_message_of_which_nothing_is_left_is_marked_in_its_place(self, path: Path, talk: Conversation) -> None:
        lost = talk.messages[3].id
        destroy(path, f"DELETE FROM messages WHERE id = '{lost}'", f"DELETE FROM parts WHERE message_id = '{lost}'")
        result = rescue(path)
        assert (result.lost, result.messages) == (1, 6)
        mark = shown(path, talk)[3]
        assert (mark.text, mark.role, mark.status) == ("", Role.ASSISTANT, Status.FAILED)
        assert mark.failure is not None
        assert "was lost" in mark.failure.title
        assert texts(path, talk) == [*ALL[:3], "", *ALL[4:]]

    def test_a_message_whose_text_is_gone_is_counted_and_marked(self, path: Path, talk: Conversation) -> None:
        first, second = talk.messages[1].id, talk.messages[3].id
        destroy(
            path,
            f"DELETE FROM parts WHERE message_id = '{first}'",
            f"DELETE FROM parts WHERE message_id = '{second}' AND kind = 'text'",
        )
        result = rescue(path)
        assert (result.lost, result.cut) == (1, 1)
        statuses = [message.status for message in shown(path, talk)]
        assert statuses[1] is Status.FAILED
        assert statuses[3] is Status.INTERRUPTED

    def test_words_that_belong_nowhere_are_kept_in_a_conversation_of_their_own(
        self, path: Path, talk: Conversation
    ) -> None:
        destroy(
            path, """INSERT INTO parts VALUES ('feedfeedfeedfeedfeedfeedfeedfeed', 0, 'text', '{"text":"Stray"}')"""
        )
        rescue(path)
        with opened(path) as store:
            found = {other.title: store.conversation(other.id).messages for other in store.conversations()}
        assert [message.text for message in found["Rescued conversation"]] == ["Stray"]

    def test_an_answer_that_was_being_written_is_interrupted_and_not_lost(self, path: Path) -> None:
        with opened(path) as store:
            talk = store.create_conversation("Cut off")
            _, answer = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
            store.save_answer(replace(answer, parts=(Text("Franz Sch"),)))
        destroy(path, "UPDATE messages SET writer = NULL")
        result = rescue(path)
        assert result.lost == 0
        with opened(path) as store:
            assert store.recover_interrupted() == 1
        assert texts(path, talk) == ["Who?", "Franz Sch"]


class TestWithABackup:
    def rescued(self, path: Path, *damage: str) -> Rescue:
        destroy(path, *damage)
        return rescue(path)

    def test_what_the_file_lost_comes_from_the_backup_and_what_is_newer_from_the_file(
        self, path: Path, talk: Conversation
    ) -> None:
        BackupFolder.beside(path).make(path, Kind.AUTOMATIC)
        with opened(path) as store:
            exchange(store, talk, "Question 3", "Answer 3", talk.head_id)
            store.rename(talk.id, "Later title")
        lost = [message.id for message in talk.messages[:4]]
        result = self.rescued(path, *(f"DELETE FROM parts WHERE message_id = '{message}'" for message in lost))
        assert (result.from_backup, result.lost) == (4, 0)
        assert texts(path, talk) == [*ALL, "Question 3", "Answer 3"]
        with opened(path) as store:
            assert store.conversation(talk.id).title == "Later title"

    def test_the_longer_of_two_versions_of_an_answer_stays(self, path: Path, talk: Conversation) -> None:
        with opened(path) as store:
            _, answer = store.add_exchange(talk.id, talk.head_id, [Text("Long?")], "tiny")
            store.save_answer(replace(answer, parts=(Text("Begun"),)))
            BackupFolder.beside(path).make(path, Kind.AUTOMATIC)
            store.save_answer(replace(answer, status=Status.COMPLETE, parts=(Text("Begun and ended", (1,)),)))
        assert self.rescued(path).from_backup == 0
        assert texts(path, talk)[-1] == "Begun and ended"

    def test_a_finished_answer_that_differs_is_taken_from_the_backup(self, path: Path, talk: Conversation) -> None:
        BackupFolder.beside(path).make(path, Kind.AUTOMATIC)
        smashed = json.dumps({"text": "Xnswer 1", "token_ids": [1, 2], "preamble": False}, separators=(",", ":"))
        result = self.rescued(path, f"UPDATE parts SET data = '{smashed}' WHERE data LIKE '%Answer 1%'")
        assert result.from_backup == 1
        assert texts(path, talk) == ALL

    def test_conversations_that_only_one_of_both_knows_are_all_there(self, path: Path, talk: Conversation) -> None:
        with opened(path) as store:
            store.create_conversation("In the backup")
            BackupFolder.beside(path).make(path, Kind.AUTOMATIC)
            store.create_conversation("In the file")
        self.rescued(path, "DELETE FROM conversations WHERE title = 'In the backup'")
        with opened(path) as store:
            assert {found.title for found in store.conversations()} == {talk.title, "In the backup", "In the file"}

    def test_what_was_deleted_for_good_does_not_come_back(self, path: Path, talk: Conversation) -> None:
        with opened(path) as store:
            gone = store.create_conversation("Gone")
            exchange(store, gone, "Secret", "Secret")
            BackupFolder.beside(path).make(path, Kind.AUTOMATIC)
            store.move_to_trash(gone.id)
            store.delete_forever(gone.id)
        rescue(path, {gone.id})
        with opened(path) as store:
            assert [found.title for found in store.conversations()] == [talk.title]

    def test_a_damaged_backup_is_passed_over(self, path: Path, talk: Conversation) -> None:
        backup = BackupFolder.beside(path).make(path, Kind.AUTOMATIC)
        backup.path.write_bytes(backup.path.read_bytes()[:9000])
        assert self.rescued(path).backup is None
        assert texts(path, talk) == ALL

"""What can be done with conversations, on a real database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from app.domain.chat import (
    Attachment,
    Citation,
    Conversation,
    ConversationId,
    Effort,
    Excerpt,
    Failure,
    Message,
    MessageId,
    Part,
    Reasoning,
    Role,
    Shown,
    Statistics,
    Status,
    Text,
    ToolCall,
    ToolResult,
)
from app.errors import NotFoundError, StoreError
from app.store.conversations import ConversationStore
from app.store.database import ChatDatabase
from app.store.parts import part_from_row, part_to_row

NOBODY = ConversationId("0" * 32)

FOUND = ToolResult(
    "browser.open",
    "[1] songs.pdf\nL7: Am Brunnen",
    shown=Shown(1, 13, (Excerpt("songs.pdf", "f" * 64, 7, 7, 40, "Am Brunnen", ((0, 1), (45, 2))),), "f" * 64),
)
PARTS: tuple[Part, ...] = (
    Reasoning("Let me see.\n", 1.25, 4),
    Text("I will look it up.", (), preamble=True),
    ToolCall("browser.search", '{"query": "Lied"', "commentary", "json", (200012, 5)),
    ToolResult("browser.search", "L0: Der Lindenbaum", "analysis"),
    Text("Am Brunnen vor dem Tore 🌳 \x00 \u202e", (1, 2, 3)),
    Attachment("songs.pdf", "f" * 64, 2**40),
    Citation(1, "songs.pdf", 3, 9, "Am Brunnen", 12, True),
    Citation(2, "songs.pdf", 0, 0, ""),
    Citation(3, "songs.pdf", 0, 0, "", None, True, "【1†L0】", "f" * 64, 3, 9),
    FOUND,
    ToolResult("browser.search", "No results", shown=Shown(None, 3, numbered=True)),
    Attachment("note.txt", "e" * 64, 5, "Words"),
)


def ask(store: ConversationStore, talk: Conversation, question: str, after: MessageId | None = None) -> Message:
    """Store a question with a finished answer, and give the answer."""
    _, answer = store.add_exchange(talk.id, after, [Text(question)], "model")
    answer = replace(answer, status=Status.COMPLETE, parts=(Text(f"{question} Indeed."),))
    store.save_answer(answer)
    return answer


def texts(conversation: Conversation) -> list[str]:
    return [message.text for message in conversation.messages]


class TestAConversation:
    def test_begins_empty_and_today(self, store: ConversationStore) -> None:
        talk = store.create_conversation()
        assert store.conversation(talk.id) == talk
        assert (talk.title, talk.effort, talk.started_on, talk.head_id) == ("", Effort.MEDIUM, date.today(), None)
        assert talk.created_at.tzinfo is UTC

    def test_keeps_what_it_was_created_with(self, store: ConversationStore) -> None:
        talk = store.create_conversation("Ünïcode ☃", Effort.HIGH, date(2020, 2, 29))
        assert store.conversation(talk.id) == talk

    def test_is_listed_first_when_it_was_used_last(self, store: ConversationStore) -> None:
        first, second = store.create_conversation("first"), store.create_conversation("second")
        assert [talk.title for talk in store.conversations()] == ["second", "first"]
        ask(store, first, "Why?")
        assert [talk.title for talk in store.conversations()] == ["first", "second"]
        assert store.conversations()[0].updated_at > second.updated_at

    def test_that_changes_is_the_only_one_listed_anew(self, store: ConversationStore) -> None:
        talks = [store.create_conversation(str(number)) for number in range(4)]
        before = {talk.id: talk for talk in store.conversations()}
        store.rename(talks[1].id, "renamed")
        store.move_to_trash(talks[2].id)
        ask(store, talks[0], "Why?")
        listed = store.conversations()
        assert [talk.title for talk in listed] == ["0", "3", "renamed"]
        assert [talk.id for talk in listed if talk is before[talk.id]] == [talks[3].id]
        assert [talk.id for talk in store.conversations(trashed=True)] == [talks[2].id]
        store.restore(talks[2].id)
        assert [talk.title for talk in store.conversations()] == ["0", "3", "2", "renamed"]

    def test_is_listed_as_another_connection_changed_it(
        self, path: Path, store: ConversationStore, talk: Conversation
    ) -> None:
        other = store.create_conversation("other")
        assert len(store.conversations()) == 2
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE conversations SET title = 'from elsewhere' WHERE id = ?", [talk.id])
            connection.execute("DELETE FROM conversations WHERE id = ?", [other.id])
            connection.commit()
        assert [each.title for each in store.conversations()] == ["from elsewhere"]

    def test_is_listed_as_it_was_after_a_change_that_was_undone(
        self, store: ConversationStore, talk: Conversation
    ) -> None:
        before = store.conversations()
        with suppress(ZeroDivisionError), store.together():
            store.rename(talk.id, "undone")
            store.create_conversation("undone too")
            assert {each.title for each in store.conversations()} == {"undone", "undone too"}
            raise ZeroDivisionError
        assert store.conversations() == before

    def test_with_a_smashed_title_is_listed_among_the_others(
        self, database: ChatDatabase, store: ConversationStore, talk: Conversation
    ) -> None:
        sound = store.create_conversation("sound")
        with store.together():
            database.execute("UPDATE conversations SET title = CAST(x'41ff42' AS TEXT) WHERE id = ?", [talk.id])
        assert [each.title for each in store.conversations()] == ["sound", "A\ufffdB"]
        assert store.conversation(talk.id).title == "A\ufffdB"
        assert store.conversation(sound.id).title == "sound"

    def test_keeps_its_place_when_it_is_renamed(self, store: ConversationStore, talk: Conversation) -> None:
        store.rename(talk.id, "Spring journey")
        store.set_effort(talk.id, Effort.LOW)
        assert store.conversation(talk.id) == replace(talk, title="Spring journey", effort=Effort.LOW)

    def test_may_have_half_a_surrogate_pair_in_its_title(self, store: ConversationStore, talk: Conversation) -> None:
        store.rename(talk.id, "half \ud83d")
        assert store.conversation(talk.id).title == "half ?"

    def test_is_read_from_its_end_as_far_as_is_asked(self, store: ConversationStore, talk: Conversation) -> None:
        after: MessageId | None = None
        for number in range(4):
            after = ask(store, talk, f"Question {number}?", after).id
        whole = store.conversation(talk.id).messages
        assert len(whole) == 8
        last = store.conversation(talk.id, 3)
        assert last.messages == whole[-3:]
        assert store.conversation(talk.id, 100).messages == whole
        assert tuple(store.before(last.messages[0], 4)) == whole[1:5]
        assert tuple(store.before(whole[1], 4)) == whole[:1]
        assert store.before(whole[0], 4) == []

    def test_that_does_not_exist_is_reported_in_words(self, store: ConversationStore) -> None:
        for action in (
            lambda: store.conversation(NOBODY),
            lambda: store.rename(NOBODY, ""),
            lambda: store.set_effort(NOBODY, Effort.LOW),
            lambda: store.move_to_trash(NOBODY),
            lambda: store.restore(NOBODY),
            lambda: store.delete_forever(NOBODY),
            lambda: store.add_message(NOBODY, None, Role.USER),
        ):
            with pytest.raises(NotFoundError, match="no longer exists"):
                action()

    def test_shows_a_medium_effort_when_a_newer_version_invented_another(
        self, store: ConversationStore, database: Database, talk: Conversation
    ) -> None:
        database.execute("UPDATE conversations SET effort = 'extreme'")
        assert store.conversation(talk.id).effort is Effort.MEDIUM


class TestFindingByPrefix:
    def test_gives_the_one_that_begins_so(self, store: ConversationStore, talk: Conversation) -> None:
        assert store.find(talk.id[:4]) == store.find(f" {talk.id.upper()} ") == talk.id

    def test_needs_four_characters(self, store: ConversationStore, talk: Conversation) -> None:
        with pytest.raises(NotFoundError, match="too short"):
            store.find(talk.id[:3])

    def test_takes_no_character_for_a_wildcard(self, store: ConversationStore, talk: Conversation) -> None:
        for prefix in ("____", "%%%%", "****", talk.id[:3] + "_", "\ud83d" * 4):
            with pytest.raises(NotFoundError, match="No conversation begins"):
                store.find(prefix)

    def test_asks_for_more_when_there_are_several(self, store: ConversationStore, database: Database) -> None:
        for _ in range(2):
            database.execute(
                "UPDATE conversations SET id = 'abcd' || id WHERE id = ?", [store.create_conversation().id]
            )
        with pytest.raises(NotFoundError, match="Several") as caught:
            store.find("abcd")
        assert "more characters" in caught.value.remedy


class TestTheTree:
    def test_grows_by_exchanges(self, store: ConversationStore, talk: Conversation) -> None:
        user, answer = store.add_exchange(talk.id, None, [Text("Who?"), PARTS[5]], "tiny")
        assert (user.role, user.status, user.parent_id) == (Role.USER, Status.COMPLETE, None)
        assert (answer.role, answer.status, answer.parent_id) == (Role.ASSISTANT, Status.STREAMING, user.id)
        assert (answer.model, answer.parts) == ("tiny", ())
        loaded = store.conversation(talk.id)
        assert loaded.messages == (user, answer)
        assert (loaded.head_id, loaded.updated_at) == (answer.id, answer.created_at)

    def test_shows_the_branch_that_its_head_ends(self, store: ConversationStore, talk: Conversation) -> None:
        first = ask(store, talk, "One?")
        ask(store, talk, "Two?", first.id)
        ask(store, talk, "Other?", first.id)
        assert texts(store.conversation(talk.id)) == ["One?", "One? Indeed.", "Other?", "Other? Indeed."]

    def test_keeps_what_was_said_before_an_edit(self, store: ConversationStore, talk: Conversation) -> None:
        ask(store, talk, "Frist?")
        ask(store, talk, "First?")
        assert [message.text for message in store.children(None, talk.id)] == ["Frist?", "First?"]

    def test_lists_answers_given_again_in_order(self, store: ConversationStore, talk: Conversation) -> None:
        user, answer = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
        again = [store.add_message(talk.id, user.id, Role.ASSISTANT, [Text(f"{n}")]) for n in range(12)]
        assert store.children(user.id, talk.id) == [answer, *again]
        assert store.conversation(talk.id).messages == (user, again[-1])
        assert store.children(answer.id, talk.id) == []

    def test_does_not_mix_the_beginnings_of_two_conversations(self, store: ConversationStore) -> None:
        talks = [store.create_conversation(), store.create_conversation()]
        for talk in talks:
            ask(store, talk, f"{talk.id}?")
        assert [m.text for m in store.children(None, talks[0].id)] == [f"{talks[0].id}?"]

    def test_takes_no_parent_from_another_conversation(self, store: ConversationStore, talk: Conversation) -> None:
        answer = ask(store, talk, "Who?")
        other = store.create_conversation()
        with pytest.raises(StoreError):
            store.add_exchange(other.id, answer.id, [Text("And?")], "tiny")
        assert store.conversation(other.id) == other

    def test_can_be_deep(self, store: ConversationStore, database: Database, talk: Conversation) -> None:
        parent: MessageId | None = None
        with database.atomic():
            for number in range(2500):
                parent = store.add_message(talk.id, parent, Role.USER, [Text(str(number))]).id
        assert texts(store.conversation(talk.id)) == [str(number) for number in range(2500)]
        store.move_to_trash(talk.id)
        store.delete_forever(talk.id)
        assert database.execute("SELECT count(*) FROM messages").fetchone()[0] == 0

    def test_gives_a_message_by_its_id(self, store: ConversationStore, talk: Conversation) -> None:
        answer = ask(store, talk, "Who?")
        assert store.message(answer.id) == answer
        with pytest.raises(NotFoundError):
            store.message(MessageId("nothing"))


class TestSavingAnAnswer:
    def test_keeps_all_there_is_to_it(self, store: ConversationStore, talk: Conversation) -> None:
        _, answer = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
        answer = replace(
            answer,
            parts=PARTS,
            status=Status.FAILED,
            model="tiny-2",
            statistics=Statistics(100, 20, 1.5, 2.0, 50, 12.5, 2**33, 150, 16384),
            failure=Failure("The engine ended.", "Try again."),
        )
        store.save_answer(answer)
        assert store.message(answer.id) == answer

    def test_keeps_half_a_surrogate_pair(self, store: ConversationStore, talk: Conversation) -> None:
        _, answer = store.add_exchange(talk.id, None, [Text("\ude00 half")], "tiny")
        store.save_answer(replace(answer, parts=(Text("half \ud83d"),)))
        assert texts(store.conversation(talk.id)) == ["\ude00 half", "half \ud83d"]

    def test_writes_only_the_parts_that_changed(
        self, store: ConversationStore, database: Database, talk: Conversation
    ) -> None:
        _, answer = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
        store.save_answer(replace(answer, parts=(Reasoning("x" * 50_000), Text("Fr"))))
        # Temporary triggers, because the total of changes has those of the search index in it.
        database.execute("CREATE TEMP TABLE changed (place INTEGER)")
        for change in ("INSERT", "UPDATE", "DELETE"):
            row = "old" if change == "DELETE" else "new"
            database.execute(
                f"CREATE TEMP TRIGGER parts_{change} AFTER {change} ON main.parts "
                f"BEGIN INSERT INTO changed VALUES ({row}.position); END"
            )
        store.save_answer(replace(answer, parts=(Reasoning("x" * 50_000), Text("Franz"))))
        assert [place for (place,) in database.execute("SELECT place FROM changed")] == [1]

    def test_drops_parts_that_are_gone(self, store: ConversationStore, talk: Conversation) -> None:
        _, answer = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
        store.save_answer(replace(answer, parts=PARTS))
        store.save_answer(replace(answer, parts=PARTS[3:5]))
        assert store.message(answer.id).parts == PARTS[3:5]

    def test_of_a_conversation_that_was_deleted_is_refused(
        self, store: ConversationStore, talk: Conversation, database: Database
    ) -> None:
        _, answer = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
        store.move_to_trash(talk.id)
        store.delete_forever(talk.id)
        with pytest.raises(NotFoundError):
            store.save_answer(replace(answer, parts=PARTS))
        assert database.execute("SELECT count(*) FROM parts").fetchone()[0] == 0

    def test_names_the_writer_as_long_as_it_writes(
        self, store: ConversationStore, database: Database, talk: Conversation
    ) -> None:
        _, answer = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
        named = "SELECT count(*) FROM messages WHERE writer IS NOT NULL"
        assert database.execute(named).fetchone()[0] == 1
        store.save_answer(replace(answer, status=Status.COMPLETE))
        assert database.execute(named).fetchone()[0] == 0


class TestAFullDisk:
    def test_costs_only_what_was_not_saved(
        self, store: ConversationStore, database: Database, talk: Conversation
    ) -> None:
        _, answer = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
        small = replace(answer, parts=(Text("Franz"),))
        store.save_answer(small)
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="disk is full") as caught:
            store.save_answer(replace(answer, parts=(Text("Franz " * 10_000),), status=Status.COMPLETE))
        assert "Free some space" in caught.value.remedy
        assert store.message(answer.id) == small
        assert database.execute("PRAGMA quick_check").fetchone()[0] == "ok"

    def test_ends_once_there_is_space_again(
        self, store: ConversationStore, database: Database, talk: Conversation
    ) -> None:
        database.execute(f"PRAGMA max_page_count = {database.execute('PRAGMA page_count').fetchone()[0]}")
        with pytest.raises(StoreError, match="disk is full"):
            store.add_exchange(talk.id, None, [Text("Who?" * 9_000)], "tiny")
        assert store.conversation(talk.id) == talk
        database.execute("PRAGMA max_page_count = 100000")
        store.add_exchange(talk.id, None, [Text("Who?" * 9_000)], "tiny")


def test_a_database_that_became_read_only_is_reported_in_words(
    store: ConversationStore, database: Database, talk: Conversation
) -> None:
    database.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="can't be written"):
        store.rename(talk.id, "x")


class TestTheTrash:
    def test_takes_a_conversation_out_of_the_list_and_gives_it_back(
        self, store: ConversationStore, talk: Conversation
    ) -> None:
        ask(store, talk, "Who?")
        store.move_to_trash(talk.id)
        assert store.conversations() == []
        [trashed] = store.conversations(trashed=True)
        assert trashed.trashed_at is not None
        assert trashed.trashed_at <= datetime.now(UTC)
        store.restore(talk.id)
        assert store.conversations(trashed=True) == []
        assert texts(store.conversation(talk.id)) == ["Who?", "Who? Indeed."]

    def test_alone_can_be_deleted_from(self, store: ConversationStore, talk: Conversation) -> None:
        with pytest.raises(StoreError, match="in the trash"):
            store.delete_forever(talk.id)
        assert store.conversations() == [talk]

    def test_leaves_no_word_on_the_disk_when_it_is_emptied(
        self, store: ConversationStore, talk: Conversation, path: Path
    ) -> None:
        secret, kept = "Rumpelstilzchen", store.create_conversation("Schneewittchen")
        store.rename(talk.id, secret)
        _, answer = store.add_exchange(talk.id, None, [Text(f"My name is {secret}.")], "tiny")
        for length in (10, 1000, 100):
            store.save_answer(replace(answer, parts=(Text(f"{secret} " * length),)))
        assert any(secret.encode() in file.read_bytes() for file in path.parent.iterdir())
        store.move_to_trash(talk.id)
        store.delete_forever(talk.id)
        assert not any(secret.encode() in file.read_bytes() for file in path.parent.iterdir())
        assert [conversation.id for conversation in store.conversations()] == [kept.id]


class TestPartsAsRows:
    @pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
    def test_come_back_as_they_were(self, part: Part) -> None:
        assert part_from_row(*part_to_row(part)) == part

    def test_keep_names_that_were_agreed(self) -> None:
        assert [(kind, sorted(json.loads(data))) for kind, data in map(part_to_row, PARTS[:1] + PARTS[2:7])] == [
            ("reasoning", ["seconds", "text", "tokens"]),
            ("tool_call", ["arguments", "channel", "content_type", "name", "token_ids"]),
            ("tool_result", ["channel", "name", "output"]),
            ("text", ["preamble", "text", "token_ids"]),
            ("attachment", ["name", "sha256", "size", "text"]),
            (
                "citation",
                [
                    "document",
                    "end",
                    "first_line",
                    "last_line",
                    "mark",
                    "number",
                    "page",
                    "passage",
                    "sha256",
                    "start",
                    "verified",
                ],
            ),
        ]

    def test_keep_what_a_result_showed_under_names_that_were_agreed(self) -> None:
        shown = json.loads(part_to_row(FOUND)[1])["shown"]
        assert sorted(shown) == ["cursor", "document", "excerpts", "numbered", "of_files"]
        names = ["document", "first_line", "line", "pages", "sha256", "start", "text"]
        assert [sorted(excerpt) for excerpt in shown["excerpts"]] == [names]

    def test_may_have_fields_of_a_newer_version_and_lack_some_of_ours(self) -> None:
        assert part_from_row("text", '{"text": "a", "language": "la"}') == Text("a")
        assert part_from_row("tool_call", '{"name": "n", "arguments": "{}"}') == ToolCall("n", "{}")

    @pytest.mark.parametrize(
        ("kind", "data"),
        [("hologram", "{}"), ("text", "{}"), ("text", "[]"), ("citation", '{"number": "one"}')],
    )
    def test_are_left_out_when_they_cannot_be_read(self, kind: str, data: str) -> None:
        assert part_from_row(kind, data) is None

    @pytest.mark.parametrize(
        ("kind", "data", "part"),
        [
            ("text", '{"text":"Am Brunnen', Text("Am Brunnen")),
            ("text", '{"text":"Am \\"Brunnen\\" vor\\', Text('Am "Brunnen" vor')),
            ("text", '{"text":"Am \\x Brunnen\\n","token_ids":[1,2', Text("Am \\x Brunnen\n")),
            ("reasoning", '{"text":"Let "me" see","seconds":1,"to\x00ens":4}', Reasoning('Let "me" see')),
            ("tool_call", '{"name":"browser.search","argu', Reasoning('{"name":"browser.search","argu')),
        ],
    )
    def test_show_what_is_legible_of_them_when_they_were_smashed(self, kind: str, data: str, part: Part) -> None:
        assert part_from_row(kind, data) == part

    def test_of_a_newer_version_stay_in_the_file(
        self, store: ConversationStore, database: Database, talk: Conversation
    ) -> None:
        user, _ = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
        database.execute("INSERT INTO parts VALUES (?, 1, 'hologram', '{}')", [user.id])
        database.execute("UPDATE messages SET statistics = '{\"warp\": 9, \"prompt_tokens\": 7}', status = 'dreaming'")
        loaded = store.message(user.id)
        assert loaded.parts == (Text("Who?"),)
        assert (loaded.statistics, loaded.status) == (Statistics(prompt_tokens=7), Status.COMPLETE)
        assert database.execute("SELECT count(*) FROM parts WHERE kind = 'hologram'").fetchone()[0] == 1

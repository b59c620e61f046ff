"""Conversations taken out of a real store and into another."""

from __future__ import annotations

import json
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from app.domain.chat import Conversation, ConversationId, Effort, MessageId, Role, Text
from app.errors import AppError, NotFoundError, TransferError
from app.export.formats import Format
from app.export.transcript import Choices
from app.jobs import Lane
from app.services.errands import StoppedError
from app.services.transfer import TransferService, export_conversations, import_conversations
from app.services.transfer_events import ExportRequest, Imported, ImportReport, Known
from app.store.conversations import ConversationStore
from app.store.database import open_database
from tests.export.conversations import TALK, everything
from tests.export.test_chatgpt import FIXTURE
from tests.export.trees import conversations


def unwatched(_done: int, _total: int | None) -> None:
    """Nobody looks at the progress."""


def no_pdf(_document: object) -> bytes:
    raise AssertionError("no PDF was asked for")


def new_store(path: Path) -> ConversationStore:
    return ConversationStore(open_database(path))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ConversationStore]:
    store = new_store(tmp_path / "chat.db")
    yield store
    store.close()


@pytest.fixture
def filled(store: ConversationStore) -> ConversationStore:
    store.insert_conversation(everything())
    return store


def export(store: ConversationStore, *ids: str, **fields: Any) -> tuple[Path, ...]:
    request = ExportRequest(conversations=tuple(map(ConversationId, ids)), **fields)
    return export_conversations(store, request, no_pdf, unwatched)


def bring(store: ConversationStore, file: Path) -> ImportReport:
    return import_conversations(store, file, unwatched)


def content(conversation: Conversation) -> tuple[Conversation, dict[str, Any]]:
    return conversation, {message.id: message for message in conversation.messages}


def test_a_conversation_goes_from_one_store_to_another_without_loss(filled: ConversationStore, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    assert export(filled, TALK, format=Format.JSON, output=file) == (file,)
    other = new_store(tmp_path / "other.db")
    assert bring(other, file) == ImportReport((Imported(TALK, everything().title),), (), ())
    assert content(other.whole_conversation(TALK)) == content(filled.whole_conversation(TALK)) == content(everything())
    assert [message.id for message in other.conversation(TALK).messages] == [
        message.id for message in filled.conversation(TALK).messages
    ]
    other.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversations())
def test_any_conversation_comes_out_of_a_store_as_it_went_in(tmp_path: Path, talk: Conversation) -> None:
    store = new_store(tmp_path / f"{talk.id}.db")
    if store.insert_conversation(talk):
        assert content(store.whole_conversation(talk.id)) == content(talk)
        file = tmp_path / f"{talk.id}.json"
        export(store, talk.id, format=Format.JSON, output=file, overwrite=True)
        assert len(bring(store, file).known) == 1
    store.close()


def test_a_conversation_that_is_here_already_is_recognised(filled: ConversationStore, tmp_path: Path) -> None:
    export(filled, TALK, format=Format.JSON, output=tmp_path / "out.json")
    # Which branch is shown, how long to think and when it was used last are no content.
    filled.set_effort(TALK, Effort.LOW)
    # Nor is there anything new in a file after the conversation was renamed and continued here.
    filled.rename(TALK, "Called otherwise")
    filled.add_message(TALK, filled.conversation(TALK).head_id, Role.USER, (Text("Later"),))
    assert bring(filled, tmp_path / "out.json").known == (Known(TALK, "Called otherwise"),)
    filled.move_to_trash(TALK)
    assert bring(filled, tmp_path / "out.json").known == (Known(TALK, "Called otherwise", in_trash=True),)
    assert len(filled.conversations()) == 0


def test_other_content_under_the_same_id_comes_in_as_a_copy_once(filled: ConversationStore, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    export(filled, TALK, format=Format.JSON, output=file)
    fields = json.loads(file.read_text())
    fields["conversations"][0]["messages"][0]["parts"] = [{"kind": "text", "text": "Otherwise"}]
    file.write_text(json.dumps(fields))
    (copy,) = bring(filled, file).imported
    assert copy.is_copy
    assert copy.id != TALK
    stored = filled.whole_conversation(copy.id)
    assert [message.text for message in stored.messages][1:] == [message.text for message in everything().messages][1:]
    assert stored.messages[0].text == "Otherwise"
    assert not {message.id for message in stored.messages} & {message.id for message in everything().messages}
    assert "Otherwise" not in [message.text for message in filled.whole_conversation(TALK).messages]
    assert bring(filled, file).known == (Known(copy.id, copy.title),)
    assert len(filled.conversations()) == 2


def test_a_message_whose_id_another_conversation_has_comes_in_under_a_new_one(
    filled: ConversationStore, tmp_path: Path
) -> None:
    file = tmp_path / "out.json"
    export(filled, TALK, format=Format.JSON, output=file)
    fields = json.loads(file.read_text())
    fields["conversations"][0]["id"] = "d" * 32
    file.write_text(json.dumps(fields))
    (copy,) = bring(filled, file).imported
    assert copy.is_copy
    assert bring(filled, file).known == (Known(copy.id, copy.title),)


def test_what_was_in_the_trash_is_not_in_the_trash_where_it_comes_in(filled: ConversationStore, tmp_path: Path) -> None:
    filled.move_to_trash(TALK)
    export(filled, TALK, format=Format.JSON, output=tmp_path / "out.json")
    other = new_store(tmp_path / "other.db")
    bring(other, tmp_path / "out.json")
    assert [conversation.id for conversation in other.conversations()] == [TALK]
    other.close()


def test_a_conversation_comes_in_whole_or_not_at_all(
    store: ConversationStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "talk.json"
    talk = everything()
    original = ConversationStore._insert

    def failing(self: ConversationStore, message: Any) -> None:
        if message.id == talk.messages[3].id:
            raise sqlite3.OperationalError("disk I/O error")
        original(self, message)

    filled = new_store(tmp_path / "filled.db")
    filled.insert_conversation(talk)
    export(filled, TALK, format=Format.JSON, output=file)
    filled.close()
    monkeypatch.setattr(ConversationStore, "_insert", failing)
    with pytest.raises(AppError):
        bring(store, file)
    monkeypatch.undo()
    assert store.conversations() == []
    with pytest.raises(NotFoundError):
        store.message(talk.messages[0].id)


def test_chatgpt_s_export_comes_in_once_and_what_is_wrong_is_listed(store: ConversationStore, tmp_path: Path) -> None:
    report = bring(store, FIXTURE)
    assert [item.title for item in report.imported] == ["Sum of primes", "Picture"]
    assert [(item.title, item.reason) for item in report.unread] == [
        ("Picture", "an image was left out"),
        ("Picture", "a part of the kind “real_time_user_audio_video_asset_pointer” can't be read"),
        ("Picture", "content of the kind “hologram” can't be read"),
        ("Nothing in it", "there is no message in it that could be shown"),
        ("A circle", "its messages form a circle"),
    ]
    primes = store.conversation(report.imported[0].id)
    assert [message.text for message in primes.messages][-1] == "It is 160."
    assert [message.text for message in store.children(primes.messages[2].id, primes.id)] == ["160", "It is 160."]
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.write(FIXTURE, "conversations.json")
    again = bring(store, archive)
    assert again.imported == ()
    assert len(again.known) == 2


# --- Where files go ---------------------------------------------------------------------------------------------------


def two(store: ConversationStore) -> tuple[str, str]:
    other = store.create_conversation("a/b & *EVERYTHING* “at once”")
    return TALK, other.id


@pytest.mark.parametrize("form", [known for known in Format if known is not Format.PDF])
def test_every_format_is_written(filled: ConversationStore, tmp_path: Path, form: Format) -> None:
    (file,) = export(filled, TALK, format=form, output=tmp_path / "talk", choices=Choices(True, True, True))
    data = file.read_bytes()
    assert "println!" in (data.decode() if form is not Format.DOCX else "println!")
    assert data[:2] == b"PK" if form is Format.DOCX else data


def test_several_go_into_a_folder_under_names_that_differ(filled: ConversationStore, tmp_path: Path) -> None:
    files = export(filled, *two(filled), format=Format.MARKDOWN, output=tmp_path / "new" / "folder")
    assert [file.name for file in files] == ["A B & everything “at once”.md", "a b & EVERYTHING “at once” (2).md"]
    assert sorted(files) == sorted((tmp_path / "new" / "folder").iterdir())


def test_several_in_json_are_one_file_or_in_a_folder_one_each(filled: ConversationStore, tmp_path: Path) -> None:
    ids = two(filled)
    (file,) = export(filled, *ids, format=Format.JSON, output=tmp_path / "all.json")
    assert [talk["id"] for talk in json.loads(file.read_text())["conversations"]] == list(ids)
    files = export(filled, *ids, format=Format.JSON, output=tmp_path / "each", into_folder=True)
    assert [len(json.loads(file.read_text())["conversations"]) for file in files] == [1, 1]


def test_nothing_is_written_if_one_file_is_there_already(filled: ConversationStore, tmp_path: Path) -> None:
    ids = two(filled)
    folder = tmp_path / "folder"
    second = export(filled, *ids, format=Format.TEXT, output=folder)[1]
    for file in folder.iterdir():
        if file != second:
            file.unlink()
    second.write_text("mine")
    with pytest.raises(TransferError, match="is there already"):
        export(filled, *ids, format=Format.TEXT, output=folder)
    assert [file.read_text() for file in folder.iterdir()] == ["mine"]
    export(filled, *ids, format=Format.TEXT, output=folder, overwrite=True)
    assert second.read_text() != "mine"


def test_places_that_are_none_are_sentences(filled: ConversationStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TransferError, match="There is no folder"):
        export(filled, TALK, format=Format.TEXT, output=tmp_path / "missing" / "a.txt")
    with pytest.raises(TransferError, match="is a file"):
        export(filled, *two(filled), format=Format.TEXT, output=tmp_path / "file")
    with pytest.raises(TransferError, match="can't be made"):
        export(filled, *two(filled), format=Format.TEXT, output=tmp_path / "file" / "folder")
    with pytest.raises(NotFoundError):
        export(filled, "e" * 32, format=Format.TEXT, output=tmp_path / "a.txt")


# --- Beside everything else -------------------------------------------------------------------------------------------


@pytest.fixture
def service(tmp_path: Path, store: ConversationStore) -> Iterator[tuple[TransferService, list[str]]]:
    heard: list[str] = []
    lane = Lane("transfer")
    service = TransferService(
        lambda: new_store(tmp_path / "chat.db"),
        lane,
        lambda closure: closure(),
        lambda: heard.append("imported"),
        tmp_path / "outgoing",
    )
    yield service, heard
    service.close()


def test_the_service_works_on_its_own_thread_and_tells_what_came_of_it(
    filled: ConversationStore, service: tuple[TransferService, list[str]], tmp_path: Path
) -> None:
    transfer, heard = service
    ended: list[Any] = []
    seen: list[tuple[int, int | None]] = []
    file = tmp_path / "out.json"
    request = ExportRequest((TALK,), Format.JSON, file)
    transfer.export(request, no_pdf, lambda done, total: seen.append((done, total)), ended.append)
    transfer.export(request, no_pdf, unwatched, ended.append)
    done = threading.Event()

    def end(report: object) -> None:
        ended.append(report)
        done.set()

    transfer.import_file(file, unwatched, end)
    assert done.wait(60)
    assert ended[0] == (file,)
    assert isinstance(ended[1], TransferError)
    assert ended[2].known == (Known(TALK, everything().title),)
    assert heard == ["imported"]
    assert seen == [(0, 1), (1, 1)]


def test_what_is_stopped_ends_without_a_file_and_what_begins_later_is_done(
    filled: ConversationStore, service: tuple[TransferService, list[str]], tmp_path: Path
) -> None:
    transfer, _ = service
    ended: list[Any] = []
    done = threading.Event()
    running, may_go_on = threading.Event(), threading.Event()

    def hold(_done: int, _total: int | None) -> None:
        running.set()
        may_go_on.wait(60)

    transfer.export(ExportRequest((TALK,), Format.JSON, tmp_path / "1.json"), no_pdf, hold, ended.append)
    assert running.wait(60)
    transfer.stop()
    may_go_on.set()

    def end(files: object) -> None:
        ended.append(files)
        done.set()

    transfer.export(ExportRequest((TALK,), Format.JSON, tmp_path / "2.json"), no_pdf, unwatched, end)
    assert done.wait(60)
    assert ended == [None, (tmp_path / "2.json",)]
    assert not (tmp_path / "1.json").exists()


def test_stopping_an_export_leaves_no_half_file(filled: ConversationStore, tmp_path: Path) -> None:
    def stop(done: int, _total: int | None) -> None:
        if done == 1:
            raise StoppedError

    request = ExportRequest(tuple(map(ConversationId, two(filled))), Format.JSON, tmp_path / "all.json")
    with pytest.raises(StoppedError):
        export_conversations(filled, request, no_pdf, stop)
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("chat.db")) == []


def test_a_head_that_is_missing_is_no_trouble(store: ConversationStore, tmp_path: Path) -> None:
    store.insert_conversation(replace(everything(), head_id=MessageId("f" * 32)))
    (file,) = export(store, TALK, format=Format.TEXT, output=tmp_path / "a.txt")
    assert "Second version" in file.read_text()

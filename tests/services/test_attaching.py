"""Files attached to a message: read at once, small ones whole, and bound to the conversation for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.chat import Attachment
from app.domain.documents import FileStatus
from app.errors import DocumentError
from app.services.document_events import AttachmentChanged, AttachmentId
from tests.documents.making import pdf
from tests.services.libraries import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path / "data")
    yield shelf
    shelf.close()


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text("The key is under the mat.")
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text("\n\n".join(f"Chapter {number}. The hero meets number {number * 7919}." for number in range(900)))
    return path


def test_a_small_file_goes_in_whole(shelf: Shelf, note: Path) -> None:
    file = shelf.attached(note)
    assert (file.status, file.whole, file.name, file.size) == (FileStatus.READ, True, "note.txt", 25)
    assert 0 < file.tokens < 20
    told = [event.attachment.status for event in shelf.events if isinstance(event, AttachmentChanged)]
    assert told == [FileStatus.READING, FileStatus.READ]
    talk = shelf.talk()
    assert shelf.service.take([file.id], talk) == (
        Attachment("note.txt", file.sha256, 25, "The key is under the mat."),
    )
    assert shelf.service.pending() == []
    assert shelf.service.source_for(talk) is None


def test_a_large_file_is_searched(shelf: Shelf, book: Path) -> None:
    file = shelf.attached(book)
    assert (file.status, file.whole) == (FileStatus.INDEXED, False)
    assert file.passages > 10
    talk = shelf.talk()
    assert [part.text for part in shelf.service.take([file.id], talk)] == [""]
    source = shelf.service.source_for(talk)
    assert source is not None
    assert [document.name for document in source.documents()] == ["book.txt"]
    hit = source.search("chapter 417", 3)[0]
    assert "Chapter 417." in hit.passage.text
    document = source.document(hit.document)
    assert document is not None
    assert document.text[hit.passage.start : hit.passage.end] == hit.passage.text
    assert shelf.service.stored(hit.document) is not None


def test_pages_are_counted_and_marked(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "two.pdf"
    path.write_bytes(pdf([[(72, 700, "One page.")], [(72, 700, "Another page.")]]))
    file = shelf.attached(path)
    assert (file.pages, file.passages) == (2, 2)
    document = shelf.service.stored(file.sha256)
    assert document is not None
    place = document.text.index("Another")
    assert [mark.page for mark in shelf.service.marks(file.sha256, place, place + 7)] == [2]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (None, FileStatus.UNREADABLE),
        (b"", FileStatus.EMPTY),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), FileStatus.UNSUPPORTED),
    ],
)
def test_what_can_not_be_read_says_why_and_is_not_sent(
    shelf: Shelf, tmp_path: Path, content: bytes | None, status: FileStatus
) -> None:
    path = tmp_path / "odd.png"
    if content is not None:
        path.write_bytes(content)
    file = shelf.attached(path)
    assert file.status is status
    assert file.reason
    with pytest.raises(DocumentError, match=r"odd\.png"):
        shelf.service.take([file.id], shelf.talk())
    assert shelf.service.pending() == [file]


def test_a_file_that_is_still_being_read_is_not_sent(shelf: Shelf, note: Path) -> None:
    file = shelf.service.attach(note)
    with pytest.raises(DocumentError, match="still being read"):
        shelf.service.take([file.id], shelf.talk())
    with pytest.raises(DocumentError, match="gone"):
        shelf.service.take([AttachmentId("unknown")], shelf.talk())


def test_a_discarded_file_is_told_of_no_more(shelf: Shelf, note: Path, book: Path) -> None:
    file = shelf.service.attach(note)
    shelf.service.discard(file.id)
    other = shelf.attached(book)
    assert shelf.service.pending() == [other]
    assert all(event.attachment.id == other.id for event in shelf.events if isinstance(event, AttachmentChanged))
    shelf.service.discard(other.id)
    shelf.service.discard(other.id)
    assert shelf.service.pending() == []


def test_a_file_that_is_being_read_while_another_goes_for_good_is_not_taken_for_nobody_s(
    shelf: Shelf, note: Path, book: Path
) -> None:
    other = shelf.attached(book)
    shelf.service.discard(other.id)
    file = shelf.service.attach(note)
    shelf.service.tidy()
    shelf.until(lambda: shelf.standing(file).ready)
    shelf.until(lambda: shelf.service.stored(other.sha256) is None)
    assert shelf.service.take([file.id], shelf.talk())[0].text == "The key is under the mat."


def test_a_folder_is_no_attachment(shelf: Shelf, tmp_path: Path) -> None:
    assert shelf.attached(tmp_path).status in {FileStatus.UNREADABLE, FileStatus.UNSUPPORTED}


def test_the_binding_survives_a_restart_and_goes_with_the_conversation(
    shelf: Shelf, book: Path, tmp_path: Path
) -> None:
    talk = shelf.talk()
    file = shelf.attached(book)
    shelf.service.take([file.id], talk)
    again = Shelf(tmp_path / "data")
    try:
        source = again.service.source_for(talk)
        assert source is not None
        assert source.search("hero", 1)
        again.conversations.move_to_trash(talk)
        again.conversations.delete_forever(talk)
        assert again.store.attached() == []
        assert again.service.source_for(talk) is None
        again.service.tidy()
        again.until(lambda: again.service.stored(file.sha256) is None)
    finally:
        again.close()


def test_an_attached_file_is_read_again_when_the_index_was_lost(tmp_path: Path, book: Path) -> None:
    shelf = Shelf(tmp_path / "data")
    talk = shelf.talk()
    file = shelf.attached(book)
    shelf.service.take([file.id], talk)
    shelf.close()
    (tmp_path / "data" / "index.db").unlink()
    shelf = Shelf(tmp_path / "data")
    try:
        source = shelf.service.source_for(talk)
        assert source is not None
        shelf.until(lambda: bool(source.search("hero", 1)))
    finally:
        shelf.close()


def test_a_conversation_draws_on_its_library_and_its_attachments_alone(
    shelf: Shelf, note: Path, book: Path, tmp_path: Path
) -> None:
    for name in ("mine", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(f"The hero of {name} has a key.")
        shelf.create(name, tmp_path / name)
    talk = shelf.talk()
    shelf.service.use(talk, "mine")
    shelf.service.take([shelf.attached(note).id, shelf.attached(book).id], talk)
    source = shelf.service.source_for(talk)
    assert source is not None
    assert [document.name for document in source.documents()] == ["book.txt", "mine.txt", "note.txt"]
    assert {hit.name for hit in source.search("hero key", 10)} == {"book.txt", "mine.txt", "note.txt"}
    other = shelf.talk()
    shelf.service.use(other, "other")
    elsewhere = shelf.service.source_for(other)
    assert elsewhere is not None
    assert elsewhere.document(source.documents()[0].sha256) is None
    shelf.service.use(other, None)
    assert shelf.service.source_for(other) is None

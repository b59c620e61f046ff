"""Libraries of folders: kept in step, at no cost where nothing changed, and without losing anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.domain.documents import FileStatus
from app.errors import DocumentError, NotFoundError, StoreError
from app.services.document_events import LibraryChanged
from app.services.reading import Ingest
from app.store.index import DocumentIndex
from app.store.index_files import KnownFile, LibraryFiles
from tests.documents.making import pdf, xlsx_file
from tests.services.libraries import Shelf


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three documents, one of them in a folder below."""
    folder = tmp_path / "papers"
    (folder / "below").mkdir(parents=True)
    (folder / "bread.txt").write_text("Knead the dough and let it rest.")
    (folder / "warranty.md").write_text("# Warranty\n\nIt ends after two years.")
    (folder / "below" / "lease.pdf").write_bytes(pdf([[(72, 700, "The notice period is three months.")]]))
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path / "data")
    yield shelf
    shelf.close()


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read by the reading process."""
    from app.documents.reader import DocumentReader

    names: list[str] = []
    read = DocumentReader.read

    def noted(self: DocumentReader, path: Path, *others: object):  # type: ignore[no-untyped-def]
        names.append(path.name)
        return read(self, path, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(DocumentReader, "read", noted)
    return names


def names_found(shelf: Shelf, question: str) -> list[str]:
    return [hit.name for hit in shelf.index.search(question, 5)]


class TestALibrary:
    def test_is_read_with_all_that_is_below(self, shelf: Shelf, folder: Path) -> None:
        library = shelf.create("Papers", folder)
        assert (library.files, library.indexed, library.failed, library.waiting) == (3, 3, 0, 0)
        assert library.passages == 3
        assert names_found(shelf, "notice period") == ["lease.pdf"]
        lease = next(file for file in shelf.service.files("Papers") if file.path.name == "lease.pdf")
        assert (lease.status, lease.pages, lease.passages) == (FileStatus.INDEXED, 1, 1)
        shelf.until(lambda: shelf.heard(LibraryChanged)[-1:] == [LibraryChanged(library)])

    def test_says_of_every_file_that_has_no_text_why(self, shelf: Shelf, folder: Path) -> None:
        (folder / "empty.txt").touch()
        (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
        (folder / "broken.pdf").write_bytes(b"%PDF-1.4 and no more")
        (folder / "huge.txt").touch()
        os.truncate(folder / "huge.txt", 200 << 20)
        library = shelf.create("Papers", folder)
        assert (library.files, library.indexed, library.failed) == (7, 3, 4)
        failed = {file.path.name: file for file in shelf.service.files("Papers") if file.status != FileStatus.INDEXED}
        assert {name: file.status for name, file in failed.items()} == {
            "empty.txt": FileStatus.EMPTY,
            "photo.png": FileStatus.UNSUPPORTED,
            "broken.pdf": FileStatus.DAMAGED,
            "huge.txt": FileStatus.TOO_LARGE,
        }
        assert all(file.reason for file in failed.values())

    def test_leaves_out_what_is_hidden_or_kept_by_programs(self, shelf: Shelf, folder: Path) -> None:
        for name in (".git/notes.txt", "node_modules/a/readme.md", "__pycache__/x.txt", ".hidden.txt", "~$lease.docx"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("unwanted")
        (folder / "disk.iso").touch()
        os.truncate(folder / "disk.iso", 50 << 20)
        assert shelf.create("Papers", folder).files == 3

    def test_does_not_lose_itself_in_links(self, shelf: Shelf, folder: Path) -> None:
        (folder / "below" / "up").symlink_to(folder)
        (folder / "nowhere").symlink_to(folder / "missing")
        (folder / "self").symlink_to(folder / "self")
        os.mkfifo(folder / "pipe")
        assert shelf.create("Papers", folder, folder / "below").files == 3

    def test_survives_names_that_are_no_text(self, shelf: Shelf, folder: Path) -> None:
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.txt")).write_text("The odd name of a file.")
        assert shelf.create("Papers", folder).indexed == 4
        assert len(names_found(shelf, "odd name")) == 1

    def test_needs_a_name_of_its_own_and_a_folder(self, shelf: Shelf, folder: Path) -> None:
        shelf.create("Papers", folder)
        with pytest.raises(StoreError, match="already"):
            shelf.service.create("Papers ", [folder])
        for name, folders in (("", [folder]), ("x" * 101, [folder]), ("Other", []), ("Other", [folder / "bread.txt"])):
            with pytest.raises(DocumentError):
                shelf.service.create(name, folders)
        with pytest.raises(NotFoundError):
            shelf.service.rescan("Other")


class TestAFileThat:
    def test_did_not_change_is_not_read_again(self, shelf: Shelf, folder: Path, readings: list[str]) -> None:
        shelf.create("Papers", folder)
        readings.clear()
        assert shelf.rescan("Papers").indexed == 3
        assert readings == []

    def test_was_touched_renamed_or_moved_is_not_read_again(
        self, shelf: Shelf, folder: Path, readings: list[str]
    ) -> None:
        shelf.create("Papers", folder)
        readings.clear()
        os.utime(folder / "bread.txt", (1, 1))
        (folder / "warranty.md").rename(folder / "guarantee.md")
        (folder / "below" / "lease.pdf").rename(folder / "lease.pdf")
        assert shelf.rescan("Papers").indexed == 3
        assert readings == []
        assert set(shelf.statuses("Papers")) == {"bread.txt", "guarantee.md", "lease.pdf"}
        assert len(shelf.index.documents(shelf.service._files.contents("Papers"))) == 3

    def test_changed_is_read_anew_and_its_old_text_is_gone(self, shelf: Shelf, folder: Path) -> None:
        shelf.create("Papers", folder)
        (folder / "bread.txt").write_text("Buy the loaf at the corner.")
        shelf.rescan("Papers")
        assert names_found(shelf, "loaf corner") == ["bread.txt"]
        shelf.until(lambda: names_found(shelf, "dough") == [])

    def test_vanished_is_gone(self, shelf: Shelf, folder: Path) -> None:
        shelf.create("Papers", folder)
        shutil.rmtree(folder / "below")
        assert shelf.rescan("Papers").files == 2
        shelf.until(lambda: names_found(shelf, "notice period") == [])

    def test_equals_another_shares_its_text(self, shelf: Shelf, folder: Path, readings: list[str]) -> None:
        shutil.copy(folder / "bread.txt", folder / "zopf.txt")
        library = shelf.create("Papers", folder)
        assert (library.files, library.indexed) == (4, 4)
        assert readings.count("bread.txt") + readings.count("zopf.txt") == 1
        (folder / "bread.txt").unlink()
        shelf.rescan("Papers")
        shelf.run_for(0.2)
        source = shelf.talk()
        shelf.service.use(source, "Papers")
        documents = shelf.service.source_for(source)
        assert documents is not None
        assert [hit.name for hit in documents.search("dough", 5)] == ["zopf.txt"]

    def test_lacks_something_says_so_still_when_it_was_touched_or_moved(self, shelf: Shelf, folder: Path) -> None:
        (folder / "book.xlsx").write_bytes(xlsx_file())
        shelf.create("Papers", folder)

        def notes() -> list[str]:
            return [file.reason for file in shelf.service.files("Papers") if file.path.suffix == ".xlsx"]

        before = notes()
        assert before == ["Hidden sheets were left out (Secret)."]
        os.utime(folder / "book.xlsx", (1, 1))
        shelf.rescan("Papers")
        assert notes() == before
        (folder / "book.xlsx").rename(folder / "story.xlsx")
        shelf.rescan("Papers")
        assert notes() == before

    def test_is_wrongly_named_speaks_for_no_other_file(self, shelf: Shelf, folder: Path) -> None:
        (folder / "a.docx").write_text("Words in the wrong dress.")
        (folder / "b.txt").write_text("Words in the wrong dress.")
        shelf.create("Papers", folder)
        statuses = shelf.statuses("Papers")
        assert (statuses["a.docx"], statuses["b.txt"]) == (FileStatus.DAMAGED, FileStatus.INDEXED)

    def test_was_moved_is_opened_where_it_is(self, shelf: Shelf, folder: Path) -> None:
        shelf.create("Papers", folder)
        sha256 = shelf.index.search("dough", 1)[0].document
        (folder / "bread.txt").rename(folder / "below" / "loaf.txt")
        shelf.rescan("Papers")
        document = shelf.service.stored(sha256)
        assert document is not None
        assert (document.name, document.path) == ("loaf.txt", str(folder / "below" / "loaf.txt"))

    def test_could_not_be_opened_is_tried_again(self, shelf: Shelf, folder: Path) -> None:
        target = folder / "late.txt"
        target.write_text("Late, but readable.")
        first = Ingest.take_file
        attempts: list[Path] = []

        def fail_once(self: Ingest, library: str, file: KnownFile, *others: Any):  # type: ignore[no-untyped-def]
            if file.path == target and not attempts:
                attempts.append(target)
                target.rename(folder / ".away")
                try:
                    return first(self, library, file, *others)
                finally:
                    (folder / ".away").rename(target)
            return first(self, library, file, *others)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Ingest, "take_file", fail_once)
            shelf.create("Papers", folder)
            assert shelf.statuses("Papers")["late.txt"] is FileStatus.UNREADABLE
            shelf.rescan("Papers")
        assert shelf.statuses("Papers")["late.txt"] is FileStatus.INDEXED


class TestAFolderThat:
    def test_is_missing_takes_nothing_with_it(self, shelf: Shelf, folder: Path, readings: list[str]) -> None:
        shelf.create("Papers", folder)
        folder.rename(folder.with_name("elsewhere"))
        library = shelf.rescan("Papers")
        assert (library.files, library.indexed, library.missing) == (3, 3, (folder,))
        assert names_found(shelf, "notice period") == ["lease.pdf"]
        readings.clear()
        folder.with_name("elsewhere").rename(folder)
        assert shelf.rescan("Papers").missing == ()
        assert readings == []


class TestALibraryThat:
    def test_is_paused_waits_until_it_is_resumed(self, shelf: Shelf, folder: Path) -> None:
        shelf.service.create("Papers", [folder])
        shelf.service.pause("Papers")
        shelf.run_for(1.0)
        assert shelf.library("Papers").paused
        assert shelf.library("Papers").indexed < 3
        shelf.service.resume("Papers")
        assert shelf.settled("Papers").indexed == 3

    def test_is_renamed_keeps_what_was_read_and_who_uses_it(
        self, shelf: Shelf, folder: Path, readings: list[str]
    ) -> None:
        shelf.create("Papers", folder)
        talk = shelf.talk()
        shelf.service.use(talk, "Papers")
        readings.clear()
        shelf.service.rename("Papers", "Files")
        assert shelf.settled("Files").indexed == 3
        assert shelf.service.used_by(talk) == "Files"
        assert readings == []
        assert [library.name for library in shelf.service.libraries()] == ["Files"]

    def test_is_removed_leaves_nothing_but_its_files(self, shelf: Shelf, folder: Path) -> None:
        shelf.create("Papers", folder)
        talk = shelf.talk()
        shelf.service.use(talk, "Papers")
        shelf.service.remove("Papers")
        shelf.until(lambda: names_found(shelf, "notice dough warranty") == [])
        assert shelf.service.libraries() == []
        assert shelf.service.used_by(talk) is None
        assert shelf.service.source_for(talk) is None
        assert (folder / "bread.txt").exists()

    def test_is_removed_while_it_is_read_does_not_come_back(self, shelf: Shelf, folder: Path) -> None:
        shelf.service.create("Papers", [folder])
        shelf.run_for(0.3)
        shelf.service.remove("Papers")
        shelf.run_for(1.0)
        assert shelf.service.libraries() == []
        assert shelf.service._files.all("Papers") == []

    def test_shares_a_document_with_another_gives_it_up_alone(self, shelf: Shelf, folder: Path) -> None:
        shelf.create("One", folder)
        shelf.create("Two", folder / "below")
        shelf.service.remove("One")
        shelf.until(lambda: names_found(shelf, "dough") == [])
        assert names_found(shelf, "notice period") == ["lease.pdf"]


def test_reading_ends_at_once_however_early_it_is_given_up(tmp_path: Path, folder: Path) -> None:
    (folder / "a.txt").write_text("word " * 2_000_000)
    given_up = iter([False, False, False, True])
    index = DocumentIndex(tmp_path / "index.db")
    ingest = Ingest(index, LibraryFiles(index))
    # The last time that it is asked is once the process is there, but before anybody could have ended it.
    outcome = ingest.attach(folder / "a.txt", lambda: next(given_up, True))
    assert outcome.status is FileStatus.STOPPED
    ingest.end()
    assert ingest.attach(folder / "bread.txt").status is FileStatus.STOPPED
    ingest.close()
    index.close()


def test_no_process_waits_for_a_library_that_is_paused(shelf: Shelf, folder: Path) -> None:
    for number in range(200):
        (folder / f"{number}.txt").write_text(f"Text {number}.")
    shelf.service.create("Papers", [folder])
    shelf.until(lambda: shelf.library("Papers").indexed >= 1)
    shelf.service.pause("Papers")
    shelf.run_for(1.0)
    left = [" ".join(child.cmdline()) for child in psutil.Process().children()]
    assert [line for line in left if "resource_tracker" not in line] == []


def test_nothing_is_read_while_an_answer_is_made_but_attachments_are(
    shelf: Shelf, folder: Path, tmp_path: Path
) -> None:
    shelf.service.hold()
    shelf.service.create("Papers", [folder])
    (tmp_path / "note.txt").write_text("A note that goes along.")
    assert shelf.attached(tmp_path / "note.txt").ready
    assert shelf.library("Papers").files == 0
    shelf.service.release()
    assert shelf.settled("Papers").indexed == 3


def test_what_waited_goes_on_after_a_restart(tmp_path: Path, folder: Path) -> None:
    for number in range(5):
        (folder / f"{number}.txt").write_text(f"Text {number}.")
    shelf = Shelf(tmp_path / "data")
    shelf.service.create("Papers", [folder])
    shelf.until(lambda: shelf.library("Papers").indexed >= 2)
    shelf.close()
    shelf = Shelf(tmp_path / "data", watch=True)
    try:
        assert shelf.settled("Papers").indexed == 8
    finally:
        shelf.close()


def test_an_index_that_was_lost_is_made_anew_from_the_folders(tmp_path: Path, folder: Path) -> None:
    shelf = Shelf(tmp_path / "data")
    shelf.create("Papers", folder)
    shelf.close()
    (tmp_path / "data" / "index.db").write_bytes(b"garbage" * 1000)
    shelf = Shelf(tmp_path / "data", watch=True)
    try:
        assert shelf.settled("Papers").indexed == 3
        assert names_found(shelf, "notice period") == ["lease.pdf"]
    finally:
        shelf.close()


def test_time_left_is_told_once_something_was_read(shelf: Shelf, folder: Path) -> None:
    for number in range(100):
        (folder / f"{number}.txt").write_text(f"Text {number}.")
    shelf.create("Papers", folder)
    shelf.run_for(0.1)
    told = [event.library for event in shelf.events if isinstance(event, LibraryChanged)]
    assert any(library.seconds_left for library in told)
    assert told[-1].seconds_left is None
    assert not told[-1].busy

"""A disk that is full, a folder that goes away or can't be written to: words, and nothing hurt that was stored."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.chat import Text
from app.errors import StoreError
from app.store.backups import BackupFolder, Kind
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.rescue import rescue
from tests import disks
from tests.store.people import Journal, People, check

LARGEST_FILE = 500_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disks.small_disk(tmp_path / "disk", "1m") as folder:
        yield folder


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A database of some 200 kB."""
    path = tmp_path / "sample.db"
    with closing(open_database(path)) as database:
        store = ConversationStore(database)
        for number in range(10):
            talk = store.create_conversation(f"Talk {number}")
            store.add_exchange(talk.id, None, [Text("Who wrote it? " * 1000)], "tiny")
    return path


def work_until_full(people: People, data: Path, folder: Path) -> Journal:
    """Let persons work until one of them was told that something could not be saved, and check what was."""
    journal = Journal()
    for number in range(20):
        written = folder / f"{number}.journal"
        journal.read(written, people.work(data, written, number, 40))
        if journal.refused:
            break
    assert journal.refused
    assert {"disk" in title for title in journal.refused} == {True}, set(journal.refused)
    return journal


def test_a_person_whose_disk_is_full_loses_nothing_that_was_saved(tmp_path: Path, small_disk: Path) -> None:
    data = small_disk / "data"
    with People() as people:
        journal = work_until_full(people, data, tmp_path)
        # Checked elsewhere, because opening a database writes too.
        elsewhere = Path(shutil.copytree(data, tmp_path / "copy"))
        check(elsewhere, journal)
        written = tmp_path / "after.journal"
        journal.refused.clear()
        journal.read(written, people.work(elsewhere, written, 99, 10))
        assert not journal.refused
        check(elsewhere, journal)
    print(f"{len(journal.sent)} messages sent before and after, all there")


def test_a_person_whose_quota_is_used_up_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    data = tmp_path / "data"
    limit = (LARGEST_FILE, LARGEST_FILE)
    with People(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)) as people:
        journal = work_until_full(people, data, tmp_path)
    check(data, journal)
    with People() as people:
        written = tmp_path / "after.journal"
        journal.refused.clear()
        journal.read(written, people.work(data, written, 99, 10))
    assert not journal.refused
    check(data, journal)


class TestAFullDisk:
    @pytest.fixture
    def full(self, small_disk: Path, sample: Path) -> Path:
        """A database on a disk with hardly a page left."""
        path = Path(shutil.copy(sample, small_disk / "chat.db"))
        free = shutil.disk_usage(small_disk).free
        (small_disk / "ballast").write_bytes(b"x" * (free - 100_000))
        return path

    def test_gets_no_half_backup(self, full: Path) -> None:
        with pytest.raises(StoreError, match="too full for a backup"):
            BackupFolder.beside(full).make(full, Kind.MANUAL)
        assert list(full.with_name("backups").iterdir()) == []

    def test_that_fills_while_a_backup_is_written_gets_no_half_one(
        self, full: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(BackupFolder, "_check_room", lambda *_arguments: None)
        with pytest.raises(StoreError, match="disk is full"):
            BackupFolder.beside(full).make(full, Kind.MANUAL)
        assert list(full.with_name("backups").iterdir()) == []
        assert full.read_bytes()

    def test_leaves_a_damaged_file_as_it_is(self, full: Path) -> None:
        content = bytearray(full.read_bytes())
        content[8192:12288] = os.urandom(4096)
        full.write_bytes(content)
        with pytest.raises(StoreError, match="too full to rescue"):
            rescue(full)
        assert full.read_bytes() == content
        assert sorted(path.name for path in full.parent.iterdir()) == ["ballast", "chat.db"]

    def test_still_shows_all_that_is_there(self, full: Path) -> None:
        free = shutil.disk_usage(full.parent).free
        (full.parent / "more").write_bytes(b"x" * free)
        with closing(open_database(full)) as database:
            store = ConversationStore(database)
            assert len(store.conversations()) == 10
            with pytest.raises(StoreError, match="disk is full"):
                store.create_conversation()


class TestAFolderThatGoesAway:
    def test_is_noticed_at_the_next_change(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        data.mkdir()
        with closing(open_database(data / "chat.db")) as database:
            store = ConversationStore(database)
            talk = store.create_conversation("Kept on screen")
            shutil.rmtree(data)
            with pytest.raises(StoreError, match="no longer there"):
                store.add_exchange(talk.id, None, [Text("Into the void")], "")
            # What was read stays readable, to be copied out of the window.
            assert store.conversation(talk.id).title == "Kept on screen"

    def test_may_come_back(self, tmp_path: Path) -> None:
        data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
        data.mkdir()
        with closing(open_database(data / "chat.db")) as database:
            store = ConversationStore(database)
            data.rename(elsewhere)
            with pytest.raises(StoreError, match="no longer there"):
                store.create_conversation()
            elsewhere.rename(data)
            store.create_conversation("After all")
        with closing(open_database(data / "chat.db")) as database:
            assert [talk.title for talk in ConversationStore(database).conversations()] == ["After all"]

    def test_or_was_never_there_is_told_in_words(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="can't be found"):
            open_database(tmp_path / "nowhere" / "chat.db")

"""Backups: whole or not there, thinned as they age, restorable, and free of what was deleted for good."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.chat import Conversation, Text
from app.errors import NotFoundError, StoreError
from app.store.backups import INTERVAL, BackupFolder, Cancelled, Kind, is_sound, kept_moments
from app.store.changes import ChangeWatch
from app.store.conversations import ConversationStore
from app.store.database import ChatDatabase, open_database
from app.store.purging import Purge
from app.store.restoring import restore

SECRET = "the word nobody shall find again"


@pytest.fixture
def backups(path: Path) -> BackupFolder:
    return BackupFolder.beside(path)


@pytest.fixture
def watch(path: Path, backups: BackupFolder, database: ChatDatabase) -> Iterator[ChangeWatch]:
    watch = ChangeWatch(path, backups)
    yield watch
    watch.close()


def titles(path: Path) -> list[str]:
    with closing(open_database(path)) as database:
        return sorted(talk.title for talk in ConversationStore(database).conversations())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestABackup:
    def test_holds_what_the_open_database_holds_for_its_owner_alone(
        self, path: Path, backups: BackupFolder, talk: Conversation
    ) -> None:
        backup = backups.make(path, Kind.MANUAL)
        assert titles(backup.path) == [talk.title]
        assert (mode(backup.path), mode(backup.path.parent)) == (0o600, 0o700)
        assert backups.backups() == [backup]
        assert backups.named(backup.name) == backup

    def test_is_one_file_that_can_be_read_where_nothing_can_be_written(
        self, path: Path, backups: BackupFolder, talk: Conversation
    ) -> None:
        backup = backups.make(path, Kind.MANUAL)
        assert is_sound(backup.path)
        assert os.listdir(backups.folder) == [backup.path.name]  # noqa: PTH208

    def test_shows_one_moment_even_while_others_write(
        self, path: Path, backups: BackupFolder, store: ConversationStore
    ) -> None:
        for number in range(300):
            store.create_conversation(f"Before {number} " + "x" * 4000)
        wrote = threading.Event()

        def write() -> None:
            with closing(open_database(path)) as other:
                ConversationStore(other).create_conversation("Meanwhile")
            wrote.set()

        def go_on() -> bool:
            if not wrote.is_set():
                thread = threading.Thread(target=write)
                thread.start()
                thread.join()
            return True

        backup = backups.make(path, Kind.AUTOMATIC, go_on)
        assert wrote.is_set()
        assert len(titles(backup.path)) == 300
        assert "Meanwhile" not in titles(backup.path)
        assert "Meanwhile" in titles(path)

    def test_that_is_given_up_leaves_nothing(self, path: Path, backups: BackupFolder, talk: Conversation) -> None:
        with pytest.raises(Cancelled):
            backups.make(path, Kind.MANUAL, lambda: False)
        assert list(backups.folder.iterdir()) == []

    def test_of_a_damaged_database_is_not_made(self, path: Path, backups: BackupFolder) -> None:
        with closing(open_database(path)) as database:
            store = ConversationStore(database)
            for number in range(50):
                store.create_conversation(f"Talk {number} " + "x" * 1000)
        content = bytearray(path.read_bytes())
        content[-8192:-4096] = b"\xa5" * 4096
        path.write_bytes(content)
        with pytest.raises(StoreError, match="damaged"):
            backups.make(path, Kind.AUTOMATIC)
        assert list(backups.folder.iterdir()) == []

    def test_that_does_not_exist_is_reported_by_name(self, backups: BackupFolder) -> None:
        with pytest.raises(NotFoundError, match="yesterday"):
            backups.named("yesterday")

    def test_that_is_half_is_cleared_away_and_never_listed(
        self, path: Path, backups: BackupFolder, talk: Conversation
    ) -> None:
        backup = backups.make(path, Kind.MANUAL)
        backup.path.with_name("chat-20200101T000000Z-auto.db.part").write_bytes(b"half")
        (backups.folder / "notes.txt").write_text("mine")
        assert backups.backups() == [backup]
        backups.remove_unfinished()
        assert sorted(path.name for path in backups.folder.iterdir()) == [backup.path.name, "notes.txt"]

    def test_is_passed_over_when_it_is_damaged(self, path: Path, backups: BackupFolder, talk: Conversation) -> None:
        good, bad = backups.make(path, Kind.MANUAL), backups.make(path, Kind.MANUAL)
        bad.path.write_bytes(bad.path.read_bytes()[:6000])
        assert backups.newest_sound() == good


class TestThinning:
    def test_keeps_the_last_few_and_one_for_each_of_7_days_4_weeks_and_6_months(self) -> None:
        last = datetime(2026, 11, 24, 20, tzinfo=UTC)
        every_half_hour = [last - timedelta(minutes=30 * number) for number in range(48 * 365)]
        kept = sorted(kept_moments(every_half_hour), reverse=True)
        assert kept[:3] == every_half_hour[:3]
        assert len(kept) <= 3 + 7 + 4 + 6
        ages = [last - moment for moment in kept]
        assert sum(age <= timedelta(days=6, hours=23) for age in ages) >= 7
        assert sum(age <= timedelta(days=31) for age in ages) >= 9
        assert ages[-1] >= timedelta(days=140)

    def test_gives_the_same_when_it_is_done_after_every_backup(self) -> None:
        kept: set[datetime] = set()
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        for _ in range(24 * 250):
            moment += timedelta(hours=1)
            kept = kept_moments(kept | {moment})
        ages = [moment - old for old in kept]
        assert max(ages) >= timedelta(days=120)
        assert sum(timedelta(days=7) < age < timedelta(days=28) for age in ages) >= 2

    def test_costs_nobody_a_backup_who_comes_back_after_years(self) -> None:
        moments = [datetime(2020, 1, day, tzinfo=UTC) for day in range(1, 8)]
        assert kept_moments(moments) == set(moments)

    def test_spares_what_the_user_made(self, path: Path, backups: BackupFolder, talk: Conversation) -> None:
        made = backups.make(path, Kind.MANUAL).path
        for day in range(1, 29):
            for kind in (Kind.AUTOMATIC, Kind.MANUAL, Kind.MIGRATION):
                backups.folder.joinpath(f"chat-202001{day:02}T120000Z-{kind}.db").write_bytes(made.read_bytes())
        backups.thin()
        left = [backup.kind for backup in backups.backups()]
        assert {kind: left.count(kind) for kind in set(left)} == {
            Kind.MANUAL: 29,
            Kind.MIGRATION: 3,
            Kind.AUTOMATIC: len(kept_moments(datetime(2020, 1, day, 12, tzinfo=UTC) for day in range(1, 29))),
        }


class TestWhetherABackupIsDue:
    def test_it_is_not_before_anything_was_said(self, watch: ChangeWatch) -> None:
        assert not watch.backup_due(datetime.now(UTC), INTERVAL)

    def test_it_is_once_there_is_something_to_lose(self, watch: ChangeWatch, talk: Conversation) -> None:
        assert watch.backup_due(datetime.now(UTC), INTERVAL)

    def test_it_is_again_when_something_changed_and_half_an_hour_went_by(
        self, path: Path, backups: BackupFolder, store: ConversationStore, watch: ChangeWatch, talk: Conversation
    ) -> None:
        seen = watch.version()
        backups.make(path, Kind.AUTOMATIC)
        watch.backed_up(seen)
        now = datetime.now(UTC)
        assert not watch.backup_due(now + timedelta(hours=1), INTERVAL)
        store.rename(talk.id, "Other")
        assert not watch.backup_due(now + timedelta(minutes=29), INTERVAL)
        assert watch.backup_due(now + timedelta(minutes=31), INTERVAL)

    def test_it_is_when_the_change_came_after_the_backup_of_an_earlier_run(
        self, path: Path, backups: BackupFolder, watch: ChangeWatch, talk: Conversation
    ) -> None:
        backup = backups.make(path, Kind.AUTOMATIC)
        later = datetime.now(UTC) + timedelta(hours=1)
        os.utime(path, (backup.made_at.timestamp() - 60,) * 2)
        os.utime(path.with_name("chat.db-wal"), (backup.made_at.timestamp() - 60,) * 2)
        assert not watch.backup_due(later, INTERVAL)
        os.utime(path, (backup.made_at.timestamp() + 60,) * 2)
        assert watch.backup_due(later, INTERVAL)

    def test_it_is_when_the_clock_was_wrong_at_the_last_one(
        self, path: Path, backups: BackupFolder, watch: ChangeWatch, talk: Conversation
    ) -> None:
        backup = backups.make(path, Kind.AUTOMATIC)
        backup.path.rename(backups.folder / "chat-20990101T000000Z-auto.db")
        assert watch.backup_due(datetime.now(UTC), INTERVAL)


class TestRestoring:
    def test_brings_back_what_was_there_and_keeps_what_is(
        self, path: Path, backups: BackupFolder, store: ConversationStore, talk: Conversation
    ) -> None:
        backup = backups.make(path, Kind.MANUAL)
        store.rename(talk.id, "Later title")
        store.create_conversation("Later")
        kept = restore(path, backup)
        assert [found.title for found in store.conversations()] == [talk.title]
        store.create_conversation("And on it goes")
        [before] = [made for made in backups.backups() if made.kind is Kind.RESTORE]
        assert kept == before
        assert titles(before.path) == ["Later", "Later title"]

    def test_refuses_a_damaged_backup_and_changes_nothing(
        self, path: Path, backups: BackupFolder, store: ConversationStore, talk: Conversation
    ) -> None:
        backup = backups.make(path, Kind.MANUAL)
        backup.path.write_bytes(backup.path.read_bytes()[:6000])
        with pytest.raises(StoreError, match="is damaged"):
            restore(path, backup)
        assert [found.title for found in store.conversations()] == [talk.title]

    @pytest.mark.parametrize("present", ["damaged", "missing"])
    def test_replaces_a_file_that_cannot_be_opened_and_keeps_it(
        self, path: Path, backups: BackupFolder, present: str
    ) -> None:
        with closing(open_database(path)) as database:
            ConversationStore(database).create_conversation("Saved")
        backup = backups.make(path, Kind.MANUAL)
        if present == "damaged":
            path.write_bytes(b"SQLite format 3\0" + b"\xa5" * 8000)
        else:
            path.unlink()
        aside = restore(path, backup)
        assert titles(path) == ["Saved"]
        if present == "damaged":
            assert isinstance(aside, Path)
            assert aside.read_bytes().endswith(b"\xa5" * 8000)

    def test_does_not_bring_back_what_was_deleted_for_good(
        self, path: Path, backups: BackupFolder, store: ConversationStore, talk: Conversation
    ) -> None:
        store.create_conversation("Other")
        backup = backups.make(path, Kind.MANUAL)
        restore(path, backup, {talk.id})
        assert [found.title for found in store.conversations()] == ["Other"]


class TestDeletingForGood:
    def everywhere(self, path: Path) -> list[str]:
        """The files that hold the secret, in a data folder."""
        return [file.name for file in path.parent.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]

    @pytest.fixture
    def secret(self, store: ConversationStore) -> Conversation:
        talk = store.create_conversation(SECRET)
        store.add_exchange(talk.id, None, [Text(f"{SECRET} " * 500)], "")
        store.move_to_trash(talk.id)
        return talk

    def test_takes_it_out_of_the_database_the_log_and_all_backups(
        self, path: Path, backups: BackupFolder, store: ConversationStore, talk: Conversation, secret: Conversation
    ) -> None:
        made = [backups.make(path, kind) for kind in (Kind.MANUAL, Kind.AUTOMATIC)]
        assert len(self.everywhere(path)) >= 3
        purge = Purge(path)
        purge.add([secret.id])
        store.delete_forever(secret.id)
        assert purge.run() == []
        assert self.everywhere(path) == []
        assert [titles(backup.path) for backup in made] == [[talk.title]] * 2
        assert purge.pending() == set()
        assert {mode(backup.path) for backup in made} == {0o600}

    def test_is_remembered_until_it_is_done(
        self, path: Path, backups: BackupFolder, store: ConversationStore, secret: Conversation
    ) -> None:
        backups.make(path, Kind.MANUAL)
        purge = Purge(path)
        purge.add([secret.id])
        store.delete_forever(secret.id)
        with pytest.raises(Cancelled):
            purge.run(lambda: False)
        assert Purge(path).pending() == {secret.id}
        Purge(path).run()
        assert self.everywhere(path) == []

    def test_names_the_files_that_it_could_not_change(
        self, path: Path, backups: BackupFolder, store: ConversationStore, secret: Conversation
    ) -> None:
        bad = backups.make(path, Kind.MANUAL)
        bad.path.write_bytes(bad.path.read_bytes()[:6000])
        broken = path.with_name("chat.db.broken-20260101T000000Z")
        broken.write_bytes(b"old")
        purge = Purge(path)
        purge.add([secret.id])
        store.delete_forever(secret.id)
        assert purge.run() == [bad.path, broken]

    def test_does_not_wait_for_somebody_who_reads(
        self, path: Path, store: ConversationStore, secret: Conversation
    ) -> None:
        with closing(sqlite3.connect(path)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM messages").fetchone()
            store.delete_forever(secret.id)
            assert not store.truncate_log()
            assert self.everywhere(path) != []
        assert store.truncate_log()
        assert self.everywhere(path) == []

    def test_lists_what_has_been_long_in_the_trash(self, store: ConversationStore, secret: Conversation) -> None:
        now = datetime.now(UTC)
        assert store.trashed_before(now - timedelta(days=1)) == []
        assert store.trashed_before(now + timedelta(seconds=1)) == [secret.id]

"""The guard of the conversations on a real core: backups, the trash, deleting for good, restoring, damage."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.chat import ConversationId
from app.domain.search import SearchQuery
from app.engine.scripted import ScriptedEngine
from app.errors import AppError, StoreError
from app.export.formats import Format
from app.export.transcript import Choices
from app.paths import Paths
from app.services import safety
from app.services.events import Saved, StorageFailed
from app.services.rescue import Rescuer, in_words
from app.services.safety_events import (
    BackupCounted,
    BackupMade,
    DamageFound,
    Purged,
    Restored,
    SafetyEvent,
    SafetyFailed,
)
from app.store import marks
from app.store.backups import Contents, Kind
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.errors import DamagedDatabaseError
from tests.driver import Driver
from tests.models import TINY


class Guarded(Driver):
    """A core whose safety service runs, and what it told."""

    def __init__(self, data: Path) -> None:
        super().__init__(data, ScriptedEngine(), TINY)
        # Else the model renames a conversation while a test looks for it.
        self.core.override_settings(titles=False)
        self.told: list[SafetyEvent] = []
        self.core.safety.subscribe(self.told.append)
        self.core.safety.start()

    def until_told(self, kind: type[SafetyEvent]) -> SafetyEvent:
        self.until(lambda: any(isinstance(event, kind) for event in self.told))
        return next(event for event in self.told if isinstance(event, kind))

    def titles(self) -> list[str]:
        return sorted(talk.title for talk in self.core.chat.conversations())

    def search(self, words: str) -> list[str]:
        """The titles of the conversations in which they are found."""
        answers: list[object] = []
        self.core.search.search(SearchQuery(words), answers.append)
        self.until(lambda: bool(answers))
        [found] = answers
        assert isinstance(found, list)
        return sorted({hit.title for hit in found})

    def throw_away(self, text: str) -> ConversationId:
        talk = self.ask(text).conversation_id
        self.core.chat.move_to_trash(talk)
        return talk


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def driver(data: Path) -> Iterator[Guarded]:
    driver = Guarded(data)
    yield driver
    driver.close()


def everywhere(data: Path, words: str) -> list[str]:
    return [path.name for path in data.rglob("*") if path.is_file() and words.encode() in path.read_bytes()]


def test_a_backup_is_made_by_itself_once_something_was_said(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "_FIRST_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(safety, "_LOOK_SECONDS", 0.05)
    driver = Guarded(data)
    try:
        driver.ask("Hello")
        made = driver.until_told(BackupMade)
        assert isinstance(made, BackupMade)
        assert made.backup.kind is Kind.AUTOMATIC
        assert driver.core.safety.backups() == [made.backup]
    finally:
        driver.close()
    assert len(list((data / "backups").iterdir())) == 1


def test_a_backup_on_demand_can_be_gone_back_to_while_the_window_is_open(driver: Guarded) -> None:
    talk = driver.ask("Hello").conversation_id
    driver.core.safety.back_up_now()
    made = driver.until_told(BackupMade)
    assert isinstance(made, BackupMade)
    driver.core.chat.rename(talk, "Renamed")
    driver.ask("Another one")
    assert driver.search("Another") == ["Another one"]
    driver.core.safety.restore(made.backup)
    driver.until_told(Restored)
    assert driver.titles() == ["Hello"]
    assert driver.search("Another") == []
    assert driver.search("Hello") == ["Hello"]
    answer = driver.ask("And on", talk)
    assert answer.text == "A scripted answer."
    assert [backup.kind for backup in driver.core.safety.backups()] == [Kind.RESTORE, Kind.MANUAL]


def test_deleting_for_good_leaves_nothing_in_the_data_folder(driver: Guarded, data: Path) -> None:
    talk = driver.throw_away("A secret of mine")
    (data / "states").mkdir(exist_ok=True)
    (data / "states" / f"{talk}.0.state").write_bytes(b"A secret of mine")
    driver.core.safety.back_up_now()
    driver.until_told(BackupMade)
    driver.core.safety.delete_forever([talk])
    purged = driver.until_told(Purged)
    assert purged == Purged(())
    assert everywhere(data, "A secret of mine") == []
    assert driver.core.chat.conversations(trashed=True) == []


def test_what_was_handed_out_goes_with_a_conversation_that_is_deleted_for_good(driver: Guarded, data: Path) -> None:
    talk = driver.ask("Walnut").conversation_id
    driver.core.transfer.hand_out([talk], Format.TEXT, Choices(), lambda _: b"")
    driver.core.chat.move_to_trash(talk)
    assert everywhere(data / "outgoing", "Walnut")
    driver.core.safety.delete_forever([talk])
    assert everywhere(data / "outgoing", "Walnut") == []


def test_a_purge_that_was_cut_off_goes_on_at_the_next_start(data: Path) -> None:
    driver = Guarded(data)
    talk = driver.throw_away("A secret of mine")
    driver.core.safety.back_up_now()
    driver.until_told(BackupMade)
    driver.close()
    (data / "backups" / "deleted.json").write_text(f'["{talk}"]')
    driver = Guarded(data)
    try:
        # The kill came before anything was deleted, and there is no way to tell how far it had got.
        assert driver.core.chat.conversations(trashed=True) == []
        driver.until_told(Purged)
    finally:
        driver.close()
    [backup] = (data / "backups").iterdir()
    assert b"A secret of mine" not in backup.read_bytes()


def test_what_is_long_in_the_trash_is_deleted_at_the_start(data: Path) -> None:
    driver = Guarded(data)
    old, new = driver.throw_away("Long ago"), driver.throw_away("Just now")
    driver.ask("Kept")
    driver.close()
    database = open_database(data / "chat.db")
    ago = (datetime.now(UTC) - timedelta(days=31)).isoformat(timespec="microseconds")
    database.execute("UPDATE conversations SET trashed_at = ? WHERE id = ?", [ago, old])
    database.close()
    driver = Guarded(data)
    try:
        driver.until_told(Purged)
        assert [talk.id for talk in driver.core.chat.conversations(trashed=True)] == [new]
        assert driver.titles() == ["Kept"]
    finally:
        driver.close()


def test_a_backup_that_fails_is_told_in_words(driver: Guarded, data: Path) -> None:
    driver.ask("Hello")
    (data / "backups").write_text("in the way")
    driver.core.safety.back_up_now()
    failed = driver.until_told(SafetyFailed)
    assert isinstance(failed, SafetyFailed)
    assert failed.failure.remedy


def test_damage_that_was_not_looked_for_before_the_window_opened_is_found_behind_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_many_pages(data)
    smash(data / "chat.db")
    # As if the file had been read through this morning.
    monkeypatch.setattr(marks, "checked_recently", lambda _path: 1.0)
    driver = Guarded(data)
    try:
        assert isinstance(driver.until_told(DamageFound), DamageFound)
    finally:
        driver.close()


def test_damage_that_was_found_behind_the_window_is_found_before_it_at_the_next_start(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "BIG", 1)
    with_many_pages(data)
    # Read through this morning, and since then the disk has lost a page without anybody writing.
    changed = (data / "chat.db").stat()
    smash(data / "chat.db")
    os.utime(data / "chat.db", ns=(changed.st_atime_ns, changed.st_mtime_ns))
    hour_ago = time.time() - 3600
    marks.leave(data / "chat.db", hour_ago)
    driver = Guarded(data)
    try:
        driver.until_told(DamageFound)
    finally:
        driver.close()
    with pytest.raises(DamagedDatabaseError):
        open_database(data / "chat.db")


def test_nothing_is_restored_while_an_answer_is_written(driver: Guarded) -> None:
    driver.ask("Hello")
    driver.core.safety.back_up_now()
    made = driver.until_told(BackupMade)
    assert isinstance(made, BackupMade)
    driver.start("Another")
    with pytest.raises(AppError, match="still being written"):
        driver.core.safety.restore(made.backup)
    driver.finish()


def test_a_backup_is_counted_and_a_broken_one_is_told_apart(driver: Guarded) -> None:
    driver.ask("Hello")
    driver.core.safety.back_up_now()
    made = driver.until_told(BackupMade)
    assert isinstance(made, BackupMade)
    driver.core.safety.count([made.backup])
    assert driver.until_told(BackupCounted) == BackupCounted(made.backup, Contents(1, 2))
    driver.told.clear()
    made.backup.path.write_bytes(b"no database, however one looks at it" * 100)
    driver.core.safety.count([made.backup])
    assert driver.until_told(BackupCounted) == BackupCounted(made.backup, None)


class TestAnAnswerThatCouldNotBeSaved:
    @pytest.fixture
    def unsaved(self, driver: Guarded) -> ConversationId:
        """Written while every change was refused, as on a full disk."""
        talk = driver.start("Hello")
        driver.core._store._database.execute("PRAGMA query_only = ON")
        driver.finish()
        assert driver.of(StorageFailed)
        return talk

    def test_is_saved_once_that_is_possible_and_this_is_told(self, driver: Guarded, unsaved: ConversationId) -> None:
        driver.core.chat.save_again()
        assert not driver.of(Saved)
        driver.core._store._database.execute("PRAGMA query_only = OFF")
        driver.core.chat.save_again()
        assert driver.of(Saved) == [Saved()]
        assert driver.core._store.conversation(unsaved).messages[-1].text == "A scripted answer."

    def test_is_dropped_if_its_conversation_was_deleted_meanwhile(
        self, driver: Guarded, unsaved: ConversationId
    ) -> None:
        driver.core._store._database.execute("PRAGMA query_only = OFF")
        driver.core._store._database.execute("DELETE FROM conversations WHERE id = ?", [unsaved])
        driver.core.chat.save_again()
        assert driver.of(Saved) == [Saved()]
        assert driver.core.chat.conversations() == []


def test_a_database_of_a_newer_version_is_guarded_by_leaving_it_alone(data: Path) -> None:
    data.mkdir()
    database = open_database(data / "chat.db")
    ConversationStore(database).create_conversation("From tomorrow")
    database.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('chat', 'm999', '')")
    database.execute("PRAGMA user_version = 999")
    database.close()
    before = (data / "chat.db").read_bytes()
    driver = Guarded(data)
    try:
        assert driver.titles() == ["From tomorrow"]
        with pytest.raises(StoreError, match="newer version"):
            driver.start("Hello")
    finally:
        driver.close()
    assert (data / "chat.db").read_bytes() == before
    assert not (data / "backups").exists()


class TestADamagedHistory:
    @pytest.fixture
    def paths(self, data: Path) -> Paths:
        with_many_pages(data)
        smash(data / "chat.db")
        with pytest.raises(DamagedDatabaseError):
            open_database(data / "chat.db")
        return Paths(data)

    def test_is_rescued_and_told_in_words(self, paths: Paths) -> None:
        rescuer = Rescuer(paths)
        assert rescuer.newest_backup() is None
        fractions: list[float] = []
        words = in_words(rescuer.rescue(fractions.append))
        assert words[0].startswith("Rescued: ")
        assert any("chat.db.broken-" in sentence for sentence in words)
        database = open_database(paths.database)
        assert len(ConversationStore(database).conversations()) >= 40
        database.close()

    def test_can_be_left_behind(self, paths: Paths) -> None:
        aside = Rescuer(paths).begin_anew()
        assert aside is not None
        assert aside.exists()
        database = open_database(paths.database)
        assert ConversationStore(database).conversations() == []
        database.close()


def with_many_pages(data: Path) -> None:
    data.mkdir()
    database = open_database(data / "chat.db")
    store = ConversationStore(database)
    for number in range(60):
        store.create_conversation(f"Talk {number} " + "x" * 900)
    database.close()


def smash(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = os.urandom(4096)
    path.write_bytes(content)

"""Opening the database: made when missing, migrated when old, and refused untouched when it is not for us."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from app.domain.chat import Text
from app.errors import StoreError
from app.store.backups import BackupFolder, Kind
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.errors import DamagedDatabaseError
from app.store.migrations import CHAT, Schema

DATA = Path(__file__).parents[1] / "data"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def pragma(database: Database, name: str) -> object:
    return database.execute(f"PRAGMA {name}").fetchone()[0]


def version_of(path: Path) -> int:
    """The version of a file that is left as it is."""
    with closing(sqlite3.connect(path)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return version


def with_step(step: Callable[[Database], None]) -> Schema:
    """The schema of today with one more step, as the next version will have it."""
    migrations = Migrations("chat")
    for known in CHAT.migrations.pending(Database(memory=True)):
        migrations(name=known.name)(known.fn)
    migrations(name="m999_next")(step)
    return replace(CHAT, version=CHAT.version + 1, migrations=migrations)


def add_column(database: Database) -> None:
    database.execute("ALTER TABLE conversations ADD COLUMN pinned INTEGER")


@pytest.fixture
def old(path: Path) -> Path:
    """A copy of a database that schema version 1 wrote."""
    shutil.copy(DATA / "chat-v1.db", path)
    return path


@pytest.fixture
def powerless_folder() -> Iterator[Path]:
    """A folder that this user can read but not write, even if the tests run as root."""
    folder = Path(tempfile.mkdtemp())
    shutil.copy(DATA / f"chat-v{CHAT.version}.db", folder / "chat.db")
    (folder / "chat.db").chmod(0o444)
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
        shutil.rmtree(folder)


class TestANewDatabase:
    def test_has_the_schema_that_was_agreed(self, database: Database) -> None:
        assert database.schema.strip() == (DATA / "schema.sql").read_text().strip()

    def test_bears_our_mark_and_version(self, database: Database) -> None:
        assert pragma(database, "application_id") == CHAT.application_id
        assert pragma(database, "user_version") == CHAT.version

    def test_loses_nothing_when_the_power_fails_and_keeps_nothing_that_was_deleted(self, database: Database) -> None:
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        assert {name: pragma(database, name) for name in names} == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "secure_delete": 1,
            "busy_timeout": 5000,
        }

    def test_is_readable_by_its_owner_alone(self, path: Path) -> None:
        before = os.umask(0)
        try:
            database = open_database(path)
            ConversationStore(database).create_conversation()
        finally:
            os.umask(before)
        assert {file.name: mode(file) for file in path.parent.iterdir()} == {
            "chat.db": 0o600,
            "chat.db-wal": 0o600,
            "chat.db-shm": 0o600,
        }
        database.close()

    def test_can_be_opened_again(self, path: Path) -> None:
        open_database(path).close()
        open_database(path).close()
        assert [file.name for file in path.parent.iterdir()] == ["chat.db"]

    def test_begins_over_an_empty_file(self, path: Path) -> None:
        path.touch(0o644)
        open_database(path).close()
        assert mode(path) == 0o600

    def test_begins_over_one_that_was_killed_before_its_first_transaction(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with closing(open_database(path)) as database:
            assert pragma(database, "user_version") == CHAT.version

    def test_counts_as_many_versions_as_there_are_steps(self) -> None:
        assert len(CHAT.migrations.pending(Database(memory=True))) == CHAT.version


class TestAnOldDatabase:
    def test_of_version_1_is_opened_with_all_it_holds(self, old: Path) -> None:
        with closing(open_database(old)) as database:
            assert database.schema.strip() == (DATA / "schema.sql").read_text().strip()
            store = ConversationStore(database)
            [talk] = store.conversations()
            [gone] = store.conversations(trashed=True)
            assert (talk.title, gone.title) == ("Die Winterreise", "Thrown away")
            texts = [message.text for message in store.conversation(talk.id).messages]
            assert texts == ["Who wrote it?", "Franz Schubert, in 1827.", "And the words?", "Wilhelm Mül"]

    def test_is_copied_before_it_is_migrated(self, old: Path) -> None:
        with closing(open_database(old, with_step(add_column))) as database:
            assert "pinned" in database.table("conversations").columns_dict
            assert pragma(database, "user_version") == CHAT.version + 1
        [backup] = BackupFolder.beside(old).backups()
        assert backup.kind is Kind.MIGRATION
        assert mode(backup.path) == 0o600
        assert mode(backup.path.parent) == 0o700
        assert version_of(backup.path) == 1
        with closing(open_database(backup.path)) as database:
            assert len(ConversationStore(database).conversations()) == 1

    def test_that_was_not_closed_is_copied_with_its_last_words(self, path: Path) -> None:
        with closing(open_database(path)) as still_open:
            ConversationStore(still_open).create_conversation("Only in the log")
            open_database(path, with_step(add_column)).close()
        [backup] = BackupFolder.beside(path).backups()
        with closing(open_database(backup.path)) as copy:
            assert [talk.title for talk in ConversationStore(copy).conversations()] == ["Only in the log"]

    def test_stays_as_it_was_when_a_step_fails(self, old: Path) -> None:
        def fail(database: Database) -> None:
            add_column(database)
            database.execute("INSERT INTO nowhere VALUES (1)")

        with pytest.raises(StoreError):
            open_database(old, with_step(fail))
        assert version_of(old) == 1
        with closing(open_database(old)) as database:
            assert "pinned" not in database.table("conversations").columns_dict

    def test_stays_as_it_was_when_a_step_breaks_a_reference(self, old: Path) -> None:
        def cut(database: Database) -> None:
            database.execute("DELETE FROM conversations")

        with pytest.raises(StoreError) as caught:
            open_database(old, with_step(cut))
        assert "foreign key" in caught.value.details
        with closing(open_database(old)) as database:
            assert len(ConversationStore(database).conversations()) == 1

    def test_may_have_a_table_rebuilt_that_others_refer_to(self, old: Path) -> None:
        def rebuild(database: Database) -> None:
            database.table("conversations").transform(rename={"title": "name"})

        with closing(open_database(old, with_step(rebuild))) as database:
            assert database.execute("SELECT count(*) FROM messages").fetchone()[0] > 0
            assert pragma(database, "foreign_keys") == 1

    def test_finds_its_schema_in_time_when_two_processes_open_it(self, path: Path) -> None:
        with closing(open_database(path)) as first, closing(open_database(path)) as second:
            assert first.schema == second.schema


@pytest.mark.parametrize("version", range(1, CHAT.version + 1))
def test_a_database_of_every_version_so_far_is_brought_to_the_newest(path: Path, version: int) -> None:
    """A new version needs a file chat-vN.db in tests/data, written by that version and committed with it."""
    shutil.copy(DATA / f"chat-v{version}.db", path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == version
        messages = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
    with closing(open_database(path)) as database:
        assert database.schema.strip() == (DATA / "schema.sql").read_text().strip()
        assert database.execute("SELECT count(*) FROM messages").fetchone()[0] == messages
        assert not database.execute("PRAGMA foreign_key_check").fetchall()
    assert len(BackupFolder.beside(path).backups()) == (version < CHAT.version)


class TestADatabaseOfANewerVersion:
    def test_far_ahead_is_read_as_far_as_it_is_understood(self, path: Path) -> None:
        shutil.copy(DATA / "chat-future.db", path)
        with closing(open_database(path)) as database:
            store = ConversationStore(database)
            [talk] = store.conversations()
            texts = [message.text for message in store.conversation(talk.id).messages]
            assert texts == ["Who wrote it?", "Franz Schubert, in 1827.", "And the words?", "Wilhelm Mül"]
            with pytest.raises(StoreError, match="newer version"):
                store.rename(talk.id, "Other")
        assert path.read_bytes() == (DATA / "chat-future.db").read_bytes()

    @pytest.fixture
    def newer(self, old: Path) -> Path:
        """A database as the next version writes it, with a log that was not yet taken in."""
        with closing(open_database(old, with_step(add_column))) as database:
            database.execute("UPDATE conversations SET pinned = 1")
            shutil.copytree(old.parent, old.parent / "copy")
        return old.parent / "copy" / old.name

    def test_can_be_read_whole(self, newer: Path) -> None:
        with closing(open_database(newer)) as database:
            assert database.read_only is not None
            assert "newer version" in database.read_only.title
            assert "Install" in database.read_only.remedy
            store = ConversationStore(database)
            [talk] = store.conversations()
            assert store.conversation(talk.id).messages[1].text == "Franz Schubert, in 1827."

    def test_is_not_written_to(self, newer: Path) -> None:
        before = newer.read_bytes()
        with closing(open_database(newer)) as database:
            store = ConversationStore(database)
            [talk] = store.conversations()
            [gone] = store.conversations(trashed=True)
            assert store.recover_interrupted() == 0
            for change in (
                lambda: store.rename(talk.id, "Other"),
                lambda: store.create_conversation("New"),
                lambda: store.add_exchange(talk.id, talk.head_id, [Text("Hello")], ""),
                lambda: store.save_answer(store.conversation(talk.id).messages[-1]),
                lambda: store.move_to_trash(talk.id),
                lambda: store.delete_forever(gone.id),
            ):
                with pytest.raises(StoreError, match="newer version"):
                    change()
        assert newer.read_bytes() == before

    def test_is_opened_as_ever_once_the_application_is_new_enough(self, newer: Path) -> None:
        open_database(newer).close()
        with closing(open_database(newer, with_step(add_column))) as database:
            assert database.read_only is None
            assert database.execute("SELECT sum(pinned) FROM conversations").fetchone()[0] == 2

    def test_is_not_believed_when_it_only_claims_to_be_newer(self, old: Path) -> None:
        with closing(sqlite3.connect(old)) as connection:
            connection.execute(f"PRAGMA user_version = {CHAT.version + 1}")
        with pytest.raises(DamagedDatabaseError):
            open_database(old)


class TestAFileThatIsNotForUs:
    """Each is refused with a sentence and a remedy, and keeps every byte."""

    def refused(self, path: Path) -> StoreError:
        before = path.read_bytes()
        with pytest.raises(StoreError) as caught:
            open_database(path)
        assert path.read_bytes() == before
        assert caught.value.title.endswith(".")
        assert caught.value.remedy.endswith(".")
        return caught.value

    def test_because_another_application_owns_it(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE bookmarks (id)")
        assert "another application" in self.refused(path).title

    def test_because_another_mark_is_on_it(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA application_id = 252006674")
        assert "another application" in self.refused(path).title

    @pytest.mark.parametrize("content", [b"Dear diary,\n" * 200, b"SQLite format 3", b"\0" * 8192])
    def test_because_it_is_no_database(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        error = self.refused(path)
        assert "not a database" in error.title or "damaged" in error.title

    @pytest.mark.parametrize("page", range(1, 8))
    def test_because_a_page_is_smashed(self, old: Path, page: int) -> None:
        content = bytearray(old.read_bytes())
        content[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
        old.write_bytes(content)
        error = self.refused(old)
        assert "damaged" in error.title
        assert "left as it is" in error.remedy

    def test_because_its_end_is_missing(self, old: Path) -> None:
        old.write_bytes(old.read_bytes()[:-9000])
        assert "damaged" in self.refused(old).title

    def test_because_it_is_a_folder(self, path: Path) -> None:
        path.mkdir()
        with pytest.raises(StoreError):
            open_database(path)


class TestAFolderThatCantBeWritten:
    def test_refuses_a_new_database_in_words(self, powerless_folder: Path) -> None:
        with pytest.raises(StoreError, match="can't be written"):
            open_database(powerless_folder / "new.db")

    def test_still_gives_a_database_to_read(self, powerless_folder: Path) -> None:
        with closing(open_database(powerless_folder / "chat.db")) as database:
            store = ConversationStore(database)
            [talk] = store.conversations()
            assert store.conversation(talk.id).messages[0].text == "Who wrote it?"
            assert database.read_only is not None
            assert "can't be written" in database.read_only.title
            with pytest.raises(StoreError, match="can't be written"):
                store.rename(talk.id, "Other")

    def test_gives_none_whose_last_words_could_not_be_read(self, powerless_folder: Path) -> None:
        user = os.geteuid()
        os.seteuid(os.getuid())
        (powerless_folder / "chat.db-wal").write_bytes(b"x" * 5000)
        os.seteuid(user)
        with pytest.raises(StoreError, match="can't be written"):
            open_database(powerless_folder / "chat.db")

    def test_is_told_apart_from_one_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError) as caught:
            open_database(tmp_path / "nowhere" / "chat.db")
        assert "No such file" in caught.value.details


def test_a_database_that_another_program_holds_is_reported_in_words(path: Path) -> None:
    with closing(open_database(path)) as mine, closing(sqlite3.connect(path)) as other:
        mine.execute("PRAGMA busy_timeout = 20")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="Another program"):
            ConversationStore(mine).create_conversation()


def test_a_mistake_of_ours_is_not_dressed_as_trouble_with_the_disk(store: ConversationStore) -> None:
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store.conversations()

"""Thirty databases with bytes smashed at random: each is opened or refused, and what it holds comes back."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from app.domain.chat import Effort, Message, Reasoning, Status, Text
from app.store.backups import BackupFolder, Kind
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.errors import DamagedDatabaseError
from app.store.files import index_of_log, log_of
from app.store.mending import mend
from app.store.rescue import Rescue, rescue
from app.store.salvage import SKELETONS

COPIES = 30
TALKS, EXCHANGES = 40, 6
PAGE = 4096
LONG = "A long answer that needs pages of its own. " * 300


@dataclass(frozen=True)
class Sample:
    """A database, as its last process left it when it was killed, with its log; texts of all messages by id."""

    folder: Path
    texts: dict[str, str]
    last: tuple[str, ...]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder, texts = tmp_path_factory.mktemp("sample"), dict[str, str]()
    working = tmp_path_factory.mktemp("working") / "chat.db"
    with closing(open_database(working)) as database:
        store = ConversationStore(database)
        for number in range(TALKS):
            talk = store.create_conversation(f"Talk {number}", Effort.LOW)
            head = None
            for step in range(EXCHANGES):
                user, answer = store.add_exchange(talk.id, head, [Text(f"Question {step} of {number}: “why”?")], "tiny")
                said = Text(
                    f"Answer {step} of {number}.\n" + (LONG if step == 3 else "Because it is so. " * 20), (1, 2)
                )
                store.save_answer(_finished(answer, said))
                texts |= {user.id: f"Question {step} of {number}: “why”?", answer.id: said.text}
                head = answer.id
            if number == TALKS // 2:
                # The first half is in the file, the second in the log.
                store.truncate_log()
        for file in working.parent.iterdir():
            shutil.copy(file, folder)
    return Sample(folder, texts, tuple(texts)[-2:])


def _finished(answer: Message, said: Text) -> Message:
    return replace(answer, status=Status.COMPLETE, parts=(Reasoning("Let me think.", 0.5, 3), said))


def smash(path: Path, chance: random.Random, times: int, first: int = 0) -> None:
    """Overwrite bytes at random places of a file, from a few to whole pages."""
    content = bytearray(path.read_bytes())
    for _ in range(times):
        length = chance.choice((1, 16, 300, PAGE))
        start = chance.randrange(first, len(content) - length)
        content[start : start + length] = chance.randbytes(length)
    path.write_bytes(content)


def texts_in(path: Path) -> dict[str, str]:
    """Every message by its id, read as the application reads it."""
    with closing(open_database(path)) as database:
        store = ConversationStore(database)
        ids = [row[0] for row in database.execute("SELECT id FROM messages")]
        for talk in store.conversations():
            store.conversation(talk.id)
        return {message_id: store.message(message_id).text for message_id in ids}


def recovered_by_sqlite(path: Path, target: Path) -> dict[str, str]:
    """The messages that `sqlite3 .recover` gives back, and who said them."""
    script = subprocess.run(["sqlite3", str(path), ".recover"], capture_output=True, check=False)
    subprocess.run(["sqlite3", str(target)], input=script.stdout, capture_output=True, check=False)
    with closing(sqlite3.connect(target)) as connection, suppress(sqlite3.Error):
        return dict(connection.execute("SELECT id, role FROM messages").fetchall())
    return {}


def broken_copy(sample: Sample, folder: Path, seed: int) -> Path:
    """Data pages, the header, the schema, the log with its index, and the log alone take turns."""
    chance = random.Random(seed)
    path = Path(shutil.copytree(sample.folder, folder)) / "chat.db"
    times = chance.choice((1, 3, 8))
    match seed % 5:
        case 0:
            _take_in_log(path)
            smash(path, chance, times, first=PAGE)
        case 1:
            _take_in_log(path)
            content = bytearray(path.read_bytes())
            start = chance.choice((0, 18, 60, 68))
            content[start : start + 4] = chance.randbytes(4)
            path.write_bytes(content)
            smash(path, chance, times, first=PAGE)
        case 2:
            _take_in_log(path)
            content = bytearray(path.read_bytes())
            content[100:PAGE] = chance.randbytes(PAGE - 100)
            path.write_bytes(content)
        case 3:
            smash(log_of(path), chance, times)
        case _:
            index_of_log(path).unlink()
            smash(log_of(path), chance, times)
    return path


def _take_in_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize("seed", range(COPIES))
def test_what_a_smashed_database_holds_comes_back(sample: Sample, tmp_path: Path, seed: int) -> None:
    path = broken_copy(sample, tmp_path / "data", seed)
    result: Rescue | None = None
    by_sqlite = recovered_by_sqlite(path, tmp_path / "recovered.db") if sqlite_recovers() else None
    try:
        found = texts_in(path)
    except DamagedDatabaseError:
        result = rescue(path)
        found = texts_in(path)
        assert result.set_aside is not None
        assert result.set_aside.exists()
        assert result.messages == len(found)
        # What did not come back is counted, unless every trace of it was overwritten.
        assert sum(1 for message in sample.texts if found.get(message) == "") <= result.lost + result.cut
    else:
        # The end of a log that is not whole is what a kill leaves: only the last thing in it may be taken for that.
        assert set(sample.texts) - set(found) <= set(sample.last)
    there = [message for message in sample.texts if found.get(message)]
    same = sum(found[message] == sample.texts[message] for message in there)
    print(
        f"seed {seed}: {len(there)} of {len(sample.texts)} messages came back, {same} word for word", result or "opened"
    )
    assert len(there) >= 0.9 * len(sample.texts)
    assert same >= 0.85 * len(sample.texts)
    if by_sqlite is not None:
        print(f"  sqlite3 .recover: {len(by_sqlite.keys() & sample.texts.keys())} messages")
        assert len(there) >= len(by_sqlite.keys() & sample.texts.keys())


def test_an_answer_that_something_follows_is_lost_even_if_an_old_row_says_that_it_is_being_written(path: Path) -> None:
    with closing(open_database(path)) as database:
        store = ConversationStore(database)
        talk = store.create_conversation("Talk")
        _, first = store.add_exchange(talk.id, None, [Text("One?")], "tiny")
        _, last = store.add_exchange(talk.id, first.id, [Text("Two?")], "tiny")
        connection = database.conn
        for statement in SKELETONS.split(";"):
            connection.execute(statement)
        assert mend(connection).lost == 1
        assert store.message(first.id).status is Status.FAILED
        assert store.message(last.id).status is Status.STREAMING


@pytest.mark.parametrize("seed", range(0, COPIES, 4))
def test_a_backup_fills_every_gap_that_it_can(sample: Sample, tmp_path: Path, seed: int) -> None:
    path = broken_copy(sample, tmp_path / "data", seed)
    with closing(open_database(Path(shutil.copytree(sample.folder, tmp_path / "old")) / "chat.db")) as database:
        database.execute("DELETE FROM conversations WHERE rowid > ?", [TALKS * 3 // 4])
    backup = BackupFolder.beside(path).make(tmp_path / "old" / "chat.db", Kind.AUTOMATIC)
    in_backup = texts_in(backup.path)
    result = rescue(path)
    assert result.backup == backup
    found = texts_in(path)
    assert {message: found.get(message, "")[: len(text)] for message, text in in_backup.items()} == in_backup


def test_what_sqlite_does_not_notice_costs_no_more_than_itself(path: Path) -> None:
    with closing(open_database(path)) as database:
        store = ConversationStore(database)
        talk = store.create_conversation("Winter journey")
        _, answer = store.add_exchange(talk.id, None, [Text("Who wrote it?")], "tiny")
        store.save_answer(_finished(answer, Text("Franz Schubert wrote it, in 1827.")))
    content = path.read_bytes().replace(b"Schubert wrote", b"Sch\xff\x22\x01rt wrote")
    path.write_bytes(content.replace(talk.created_at.isoformat()[:18].encode(), b"20?6\xff11-24T08:00:0"))
    with closing(open_database(path)) as database:
        store = ConversationStore(database)
        [listed] = store.conversations()
        assert listed.title == "Winter journey"
        user, said = store.conversation(talk.id).messages
        assert user.text == "Who wrote it?"
        assert said.text == 'Franz Sch\ufffd"\x01rt wrote it, in 1827.'


@cache
def sqlite_recovers() -> bool:
    """Whether the shell that is installed can recover at all: it needs a module that some builds leave out."""
    if shutil.which("sqlite3") is None:
        return False
    script = "CREATE TABLE sound (id); INSERT INTO sound VALUES (1);"
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "sound.db")
        subprocess.run(["sqlite3", path, script], check=True)
        return subprocess.run(["sqlite3", path, ".recover"], capture_output=True, check=False).returncode == 0

"""What a killed process leaves behind: everything that was saved, and answers known to be interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from sqlite_utils import Database

from app.domain.chat import ConversationId, Status, Text
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.writers import is_alive, this_process

StartChild = Callable[[str], "subprocess.Popen[str]"]

# Stores a question and goes on saving an answer that grows; it says how long the answer was after each commit.
WRITE_ON = """
import itertools, sys
from dataclasses import replace
from pathlib import Path
from app.domain.chat import Text
from app.store.conversations import ConversationStore
from app.store.database import open_database

store = ConversationStore(open_database(Path(sys.argv[1])))
talk = store.create_conversation("From the child")
user, answer = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
print(talk.id, flush=True)
text = ""
for number in itertools.count():
    text += f"word{number} "
    store.save_answer(replace(answer, parts=(Text(text),)))
    print(len(text), flush=True)
"""

# Waits for a word, so that several can begin at the same moment, and creates a conversation.
CREATE = """
import sys
from pathlib import Path
from app.store.conversations import ConversationStore
from app.store.database import open_database

print("ready", flush=True)
sys.stdin.readline()
store = ConversationStore(open_database(Path(sys.argv[1])))
print(store.create_conversation().id, flush=True)
store.close()
"""


def read_line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def kill(child: subprocess.Popen[str]) -> list[str]:
    """Kill a process as a power cut would, and give what it had still said."""
    child.send_signal(signal.SIGKILL)
    said, _ = child.communicate()
    # The last line may be cut.
    return said.split("\n")[:-1]


@pytest.mark.parametrize("commits", [0, 1, 40, 150])
def test_a_process_that_is_killed_while_it_saves_loses_nothing_it_had_saved(
    path: Path, start_child: StartChild, commits: int
) -> None:
    child = start_child(WRITE_ON)
    talk = ConversationId(read_line(child))
    saved = ["0", *(read_line(child) for _ in range(commits))]
    saved += kill(child)
    with closing(open_database(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        store = ConversationStore(database)
        user, answer = store.conversation(talk).messages
        assert user.text == "Who?"
        assert len(answer.text) >= int(saved[-1])
        assert answer.status is Status.STREAMING
        assert store.recover_interrupted() == 1
        assert store.message(answer.id).status is Status.INTERRUPTED
        assert store.message(answer.id).parts == answer.parts


def test_an_answer_that_another_living_process_writes_is_left_alone(path: Path, start_child: StartChild) -> None:
    child = start_child(WRITE_ON)
    talk = ConversationId(read_line(child))
    read_line(child)
    with closing(open_database(path)) as database:
        store = ConversationStore(database)
        assert store.recover_interrupted() == 0
        assert store.conversation(talk).messages[-1].status is Status.STREAMING
        kill(child)
        assert store.recover_interrupted() == 1
        assert store.recover_interrupted() == 0


def test_an_answer_that_this_process_writes_is_left_alone(store: ConversationStore) -> None:
    talk = store.create_conversation()
    _, answer = store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
    assert store.recover_interrupted() == 0
    assert store.message(answer.id).status is Status.STREAMING


def test_an_answer_without_a_writer_is_taken_for_interrupted(store: ConversationStore, database: Database) -> None:
    talk = store.create_conversation()
    store.add_exchange(talk.id, None, [Text("Who?")], "tiny")
    database.execute("UPDATE messages SET writer = NULL")
    assert store.recover_interrupted() == 1


def test_processes_that_create_the_database_at_the_same_moment_all_succeed(path: Path, start_child: StartChild) -> None:
    children = [start_child(CREATE) for _ in range(4)]
    for child in children:
        assert read_line(child) == "ready"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    assert all(child.wait() == 0 for child in children)
    with closing(open_database(path)) as database:
        assert len(ConversationStore(database).conversations()) == len(children)


class TestAWriter:
    def test_is_alive_while_its_process_runs(self) -> None:
        assert is_alive(this_process())

    def test_is_gone_when_its_number_was_given_to_another_process(self) -> None:
        assert not is_alive(f"{os.getpid()}:{psutil.Process().create_time() - 3600:.2f}")

    def test_is_gone_when_its_process_ended_but_was_not_yet_cleared_away(self, start_child: StartChild) -> None:
        child = start_child("input()")
        writer = f"{child.pid}:{psutil.Process(child.pid).create_time():.2f}"
        assert is_alive(writer)
        child.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(writer)

    @pytest.mark.parametrize("writer", ["", "window", "12", "x:y", "-1:0", "99999999999999999999:0", ":"])
    def test_is_gone_when_its_name_makes_no_sense(self, writer: str) -> None:
        assert not is_alive(writer)

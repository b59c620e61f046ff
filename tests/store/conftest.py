"""Real databases in temporary folders."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.domain.chat import Conversation
from app.store.conversations import ConversationStore
from app.store.database import ChatDatabase, open_database

StartChild = Callable[[str], "subprocess.Popen[str]"]
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


@pytest.fixture
def database(path: Path) -> Iterator[ChatDatabase]:
    database = open_database(path)
    yield database
    database.close()


@pytest.fixture
def store(database: ChatDatabase) -> ConversationStore:
    return ConversationStore(database)


@pytest.fixture
def talk(store: ConversationStore) -> Conversation:
    """A conversation that has no messages yet."""
    return store.create_conversation("Winter journey")


@pytest.fixture
def start_child(path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Run Python code in a process of its own that finds the database's path in sys.argv; it is killed at the end."""
    children: list[subprocess.Popen[str]] = []

    def start(code: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            cwd=REPOSITORY,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()

"""Lets people work in processes of their own, ends them, and checks what they may rely on afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from app.domain.chat import ConversationId, MessageId, Status
from app.errors import NotFoundError
from app.store.backups import BackupFolder, is_sound
from app.store.conversations import ConversationStore
from app.store.database import open_database
from tests.store.scripted_user import length_of

REPOSITORY = Path(__file__).parents[2]
# What is missing of a text that was on screen may have been written in the last second.
GRACE_SECONDS = 1.0


class People:
    """A process that has everything loaded and forks a scripted user on demand."""

    def __init__(self, **options: Any) -> None:
        """options are those of Popen, for instance limits that the users inherit."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.scripted_user"],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **options,
        )
        self._read()

    def __enter__(self) -> People:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def work(self, data: Path, journal: Path, seed: int, actions: int, kill_after: float | None = None) -> float:
        """Let one work, and kill it after so many seconds if it is told. Gives when it ended (time.monotonic)."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{data} {journal} {seed} {actions}\n")
        self._process.stdin.flush()
        person = int(self._read())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.kill(person, signal.SIGKILL)
        ended_at = time.monotonic()
        assert self._read() == "gone"
        error = journal.with_suffix(".error")
        assert not error.exists(), error.read_text()
        return ended_at if kill_after is not None else time.monotonic()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return str(self._process.stdout.readline()).strip()


@dataclass
class Journal:
    """What was acknowledged to all people that used one data folder."""

    sent: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Message, its conversation and text."""
    shown: dict[str, int] = field(default_factory=dict)
    """Message, and how long it was on screen a second before its person ended."""
    ended: dict[str, int] = field(default_factory=dict)
    deleting: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    titles: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    closed: bool = False

    def read(self, path: Path, ended_at: float) -> None:
        """Add the lines of one person, who ended then."""
        if path.exists():
            for line in path.read_text().splitlines():
                self._add(json.loads(line), ended_at)

    def _add(self, line: dict[str, Any], ended_at: float) -> None:
        match line["what"]:
            case "sent":
                self.sent[line["message"]] = (line["conversation"], line["text"])
            case "grew" if line["at"] < ended_at - GRACE_SECONDS:
                self.shown[line["message"]] = line["length"]
            case "ended" if line["saved"]:
                self.ended[line["message"]] = line["length"]
            case "deleting" | "deleted" as what:
                (self.deleting if what == "deleting" else self.deleted).add(line["conversation"])
            case "renamed":
                self.titles[line["conversation"]] = line["title"]
            case "refused" | "failed":
                self.refused.append(line["title"])
            case "closed":
                self.closed = True


def check(data: Path, journal: Journal) -> None:
    """See that everything is there which was acknowledged by the application."""
    path = data / "chat.db"
    if not path.exists():
        assert not journal.sent
        return
    with closing(open_database(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert not database.execute("PRAGMA foreign_key_check").fetchall()
        store = ConversationStore(database)
        store.recover_interrupted()
        texts = {message: text for message, (talk, text) in journal.sent.items() if talk not in journal.deleting}
        assert {message: store.message(MessageId(message)).text for message in texts} == texts
        for message, length in (*journal.shown.items(), *journal.ended.items()):
            _check_length(store, message, length, journal)
        talks = {talk.id: talk.title for trashed in (False, True) for talk in store.conversations(trashed)}
        assert not journal.deleted & set(talks)
        for talk, title in journal.titles.items():
            # It may be newer than the last that was acknowledged.
            assert talk in journal.deleting or talks[ConversationId(talk)].startswith(title[:5])
    assert all(is_sound(backup.path) for backup in BackupFolder.beside(path).backups())


def _check_length(store: ConversationStore, message: str, length: int, journal: Journal) -> None:
    try:
        found = store.message(MessageId(message))
    except NotFoundError:
        # Only with its conversation: which one that was, the person has not noted.
        assert journal.deleting
        return
    assert found.status is not Status.STREAMING
    assert length_of(found) >= length

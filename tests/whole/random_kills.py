"""Kills the whole window at random moments of its use, and counts what is there afterwards.

``python -m tests.whole.random_kills --runs 200 --seed 1`` prints what it counted, and ends with 1 if anything was lost.
Half of the kills come by the clock, some of them while the window starts; half between two statements on the
conversations. Each run goes on with what the one before left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from app.domain.chat import ConversationId, Message, MessageId, Role, Status
from app.store.backups import BackupFolder, is_sound
from app.store.conversations import ConversationStore
from app.store.database import ChatDatabase, open_database
from app.store.notes import NoteStore
from tests.models import TINY
from tests.screen import Screen
from tests.store.scripted_user import length_of

REPOSITORY = Path(__file__).parents[2]
GRACE_SECONDS = 1.0
"""What was written or typed in the last second may be missing."""
_RUNS_IN_A_FOLDER = 10
_LONGEST = 9.0
_UP_SECONDS = 40.0
_MISTAKE = "made a mistake"
_SOUND: dict[str, list[tuple[str]]] = {"quick_check": [("ok",)], "integrity_check": [("ok",)], "foreign_key_check": []}
_EMPTY = """
    SELECT count(*) FROM conversations WHERE NOT EXISTS (
        SELECT 1 FROM messages WHERE conversation_id = conversations.id
        UNION ALL SELECT 1 FROM unsent WHERE conversation_id = conversations.id
        UNION ALL SELECT 1 FROM drafts WHERE conversation_id = conversations.id
    )
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one run goes. after counts from the start of the process, or, if up, from when the window can be used."""

    seed: int
    engine: str
    statements: int
    after: float
    up: bool

    @classmethod
    def random(cls, source: random.Random, longest: float = 5.0) -> Plan:
        seed = source.randrange(1_000_000)
        # An empty name is the real engine, on the tiny model.
        engine = source.choice(("FastEngine", "SlowEngine", "SlowEngine", ""))
        kind = source.random()
        if kind < 0.1:
            return cls(seed, engine, 0, source.uniform(0.05, 1.5), up=False)
        if kind < 0.55:
            return cls(seed, engine, 0, source.uniform(0.2, longest), up=True)
        return cls(seed, engine, source.randint(1, 600), longest + 4, up=True)


@dataclass
class Counts:
    """What was checked, and what was missing."""

    kills: Counter[str] = field(default_factory=Counter)
    quick_checks: int = 0
    sent: int = 0
    streams: int = 0
    characters: int = 0
    drafts: int = 0
    draft_files: int = 0
    titles_and_pins: int = 0
    branches: int = 0
    backups: int = 0
    deleted: int = 0
    told: Counter[str] = field(default_factory=Counter)
    losses: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """All of it in words."""
        yield f"kills: {sum(self.kills.values())} ({', '.join(f'{v} {k}' for k, v in sorted(self.kills.items()))})"
        yield f"quick_check, integrity_check, foreign_key_check ok: {self.quick_checks} times"
        yield f"sent messages looked for and found: {self.sent}"
        yield f"answers compared with what was on screen a second before: {self.streams} ({self.characters} characters)"
        yield f"drafts compared with what was typed a second before: {self.drafts}, with files {self.draft_files}"
        yield f"rows of the list compared (title, pin): {self.titles_and_pins}; backups found sound: {self.backups}"
        yield f"branches compared with the one that was shown: {self.branches}"
        yield f"conversations deleted for good, and gone: {self.deleted}"
        for title, count in self.told.items():
            yield f"told {count} times: {title}"
        yield f"losses: {len(self.losses)}"
        yield from self.losses


class Journal:
    """What the window acknowledged to all users of one data folder, and what it showed last."""

    def __init__(self) -> None:
        self.taken: dict[str, str | None] = {}
        """The text of a message, and its conversation."""
        self.shown: dict[str, int] = {}
        """An answer, and its length a second before the end of its process."""
        self.ended: dict[str, int] = {}
        self.drafts: dict[str, list[tuple[str, list[str]]]] = {}
        """A place, and what may stand in its draft: what stood there a second before the end, or came after that."""
        self.list: dict[str, list[Any]] = {}
        self.ends: dict[str, str] = {}
        """A conversation, and the last message of the branch that was shown of it; none while another may come."""
        self.in_doubt: set[str] = set()
        """Conversations of which something was changed after the list was shown last, by this user or one before."""
        self.known: set[str] = set()
        self.deleting: set[str] = set()
        self.told: list[str] = []
        self.retaking = False
        """A message was being taken back into the draft."""

    def read(self, path: Path, killed_at: float) -> None:
        """Add what one user noted, whose end that was."""
        self.retaking = False
        if not path.exists():
            return
        drafts: dict[str, list[tuple[float, str, list[str]]]] = {}
        for line in path.read_text().splitlines():
            note = json.loads(line)
            if note["what"] == "draft":
                if self.retaking:
                    # From now on it goes where that conversation goes.
                    self.taken |= {text: note["place"] or None for text in self.taken if text in note["text"]}
                self.retaking = False
                drafts.setdefault(note["place"], []).append((note["at"], note["text"], note["files"]))
            else:
                self._add(note, killed_at)
        for place, states in drafts.items():
            before = [(text, files) for at, text, files in states if at < killed_at - GRACE_SECONDS]
            after = [(text, files) for at, text, files in states if at >= killed_at - GRACE_SECONDS]
            self.drafts[place] = (before[-1:] or self.drafts.get(place, [("", [])])) + after

    def _add(self, note: dict[str, Any], killed_at: float) -> None:  # noqa: C901 - a case for each kind of note
        match note["what"]:
            case "taken":
                self.taken[note["text"]] = note["conversation"]
            case "grew" if note["at"] < killed_at - GRACE_SECONDS:
                self.shown[note["message"]] = note["length"]
            case "ended":
                self.ended[note["message"]] = note["length"]
            case "list":
                # The first list of a user can't say what has gone from it: what a kill had left in doubt, if anything.
                gone = self.in_doubt - note["shown"].keys() if note["whole"] else set(note["gone"])
                self.list = {k: v for k, v in self.list.items() if k not in gone} | note["shown"]
                self.known |= note["shown"].keys()
                self.in_doubt -= note["shown"].keys() | gone
            case "shows":
                self.ends[note["conversation"]] = note["message"]
            case "pressed":
                self.retaking |= note["button"] == "take_back"
            case "moving":
                self.ends.pop(note["conversation"], None)
            case "doing":
                self.in_doubt |= set(note["conversations"])
                if note["action"] == "delete":
                    self.deleting |= set(note["conversations"])
            case "told" | "failed":
                self.told.append(f"{note['title']} {note.get('details', '')}".strip())


class Nursery:
    """A process that has the window loaded and forks one with a user in it on demand."""

    def __init__(self, screen: Screen) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.whole.user_nursery"],
            cwd=REPOSITORY,
            env={**os.environ, **screen.environment, "PYTHONPATH": str(REPOSITORY)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._read() == "ready"

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def live_and_die(self, data: Path, journal: Path, files: Path, plan: Plan) -> tuple[str, float]:
        """Let one use the window until it is killed. Gives how that came, and when (time.monotonic)."""
        wanted = {
            "data": str(data),
            "journal": str(journal),
            "files": str(files),
            "model": str(TINY),
            "seed": plan.seed,
            "engine": plan.engine,
            "statements": plan.statements,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(wanted)}\n")
        self._process.stdin.flush()
        user = psutil.Process(int(self._read()))
        if plan.up:
            _wait_until_up(user, journal)
        children = _wait(user, plan.after)
        killed_at = time.monotonic()
        with suppress(psutil.NoSuchProcess):
            children = user.children(recursive=True) or children
            user.send_signal(signal.SIGKILL)
        code = self._read().removeprefix("gone ")
        assert code == str(-signal.SIGKILL), f"the window ended by itself with {code}: {_output(journal)}"
        _, alive = psutil.wait_procs(children, timeout=15)
        assert not alive, f"still there: {alive}"
        itself = [note for note in _notes(journal) if note["what"] == "killed"]
        if itself:
            return "between two statements", float(itself[0]["at"])
        return ("by the clock" if plan.up else "at the start"), killed_at

    def _read(self) -> str:
        assert self._process.stdout is not None
        return str(self._process.stdout.readline()).strip()


def _notes(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []


def _output(journal: Path) -> str:
    output = journal.with_suffix(".out")
    return output.read_text(errors="replace")[-3000:] if output.exists() else ""


def _wait_until_up(user: psutil.Process, journal: Path) -> None:
    end = time.monotonic() + _UP_SECONDS
    while user.is_running() and user.status() != psutil.STATUS_ZOMBIE:
        if any(note["what"] == "up" for note in _notes(journal)):
            return
        assert time.monotonic() < end, f"the window did not come up: {_output(journal)}"
        time.sleep(0.02)


def _wait(user: psutil.Process, seconds: float) -> list[psutil.Process]:
    """Wait until it is time or the process has gone; gives the children that it had."""
    end = time.monotonic() + seconds
    children: list[psutil.Process] = []
    while (left := end - time.monotonic()) > 0:
        try:
            if user.status() == psutil.STATUS_ZOMBIE:
                break
            children = user.children(recursive=True) or children
        except psutil.NoSuchProcess:
            break
        time.sleep(min(left, 0.1))
    return children


def check(data: Path, journal: Journal, counts: Counts) -> None:
    """See that everything is there which the window acknowledged. It looks at a copy: the next start has to find it."""
    if not (data / "chat.db").exists():
        if journal.taken:
            counts.losses.append("the database is gone")
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "chat.db"
        for suffix in ("", "-wal"):
            if (data / f"chat.db{suffix}").exists():
                shutil.copyfile(data / f"chat.db{suffix}", f"{copy}{suffix}")
        with closing(sqlite3.connect(copy)) as connection:
            for pragma, sound in _SOUND.items():
                found = connection.execute(f"PRAGMA {pragma}").fetchall()
                if found != sound:
                    counts.losses.append(f"{pragma}: {found[:3]}")
        counts.quick_checks += 1
        with closing(open_database(copy)) as database:
            said, talks = _check_conversations(database, journal, counts)
            _check_drafts(NoteStore(database), talks, said, journal, counts)
    for backup in BackupFolder.beside(data / "chat.db").backups():
        counts.backups += 1
        if not is_sound(backup.path):
            counts.losses.append(f"the backup {backup.name} is damaged")


def _check_conversations(
    database: ChatDatabase, journal: Journal, counts: Counts
) -> tuple[set[str], Container[str | None]]:
    """Gives what the user has said, and which conversations there are."""
    store = ConversationStore(database)
    talks = {talk.id: talk for trashed in (False, True) for talk in store.conversations(trashed)}
    whole = [store.whole_conversation(identity) for identity in talks]
    messages = {message.id: message for talk in whole for message in talk.messages}
    # What waits in a conversation that is in the trash is told by no method of the store.
    unsent = [text for (text,) in database.execute("SELECT text FROM unsent UNION ALL SELECT text FROM drafts")]
    if empty := database.execute(_EMPTY).fetchone()[0]:
        counts.losses.append(f"{empty} conversations hold nothing at all")
    _check_questions(messages.values(), unsent, journal, counts)
    _check_answers(messages, journal, counts)
    _check_branches(store, journal, counts)
    _check_list(talks, journal, counts)
    return {*unsent, *(message.text for message in messages.values() if message.role is Role.USER)}, talks.keys()


def _check_questions(messages: Iterable[Message], unsent: list[str], journal: Journal, counts: Counts) -> None:
    said = [message.text for message in messages if message.role is Role.USER]
    # One that was taken out of the line again may have become a part of another.
    everything = "\n".join([*said, *unsent])
    for text, conversation in journal.taken.items():
        if conversation not in journal.deleting:
            counts.sent += 1
            if text not in everything:
                counts.losses.append(f"the message “{text}” of {conversation} is missing")


def _check_answers(messages: Mapping[MessageId, Message], journal: Journal, counts: Counts) -> None:
    for message_id, length in (*journal.shown.items(), *journal.ended.items()):
        found = messages.get(MessageId(message_id))
        counts.streams += 1
        counts.characters += length
        if found is None:
            if not journal.deleting:
                counts.losses.append(f"the answer {message_id} is missing")
        elif length_of(found) < length:
            counts.losses.append(f"the answer {message_id} has {length_of(found)} of {length} characters")
    writing = [message for message in messages.values() if message.status is Status.STREAMING]
    if len(writing) > 1:
        counts.losses.append(f"{len(writing)} answers are still being written")


def _check_branches(store: ConversationStore, journal: Journal, counts: Counts) -> None:
    for identity, end in journal.ends.items():
        if identity not in journal.deleting:
            counts.branches += 1
            branch = {message.id for message in store.conversation(ConversationId(identity)).messages}
            if MessageId(end) not in branch:
                counts.losses.append(f"{identity} shows another branch than that of {end}")


def _check_list(talks: dict[ConversationId, Any], journal: Journal, counts: Counts) -> None:
    for identity in journal.known - journal.deleting:
        # One that was begun for a message in the line goes when that is taken back.
        if ConversationId(identity) not in talks and identity in journal.list:
            counts.losses.append(f"the conversation {identity} is missing")
    counts.deleted += len(journal.deleting - {str(identity) for identity in talks})
    for known, (title, pinned) in journal.list.items():
        identity = ConversationId(known)
        talk = talks.get(identity)
        if talk is None or identity in journal.in_doubt or identity in journal.deleting:
            continue
        counts.titles_and_pins += 1
        if talk.trashed_at is not None or (talk.pinned_at is not None) is not pinned:
            counts.losses.append(f"{identity} is not as the list showed it: {talk.trashed_at}, {talk.pinned_at}")
        if str(title).startswith("Title ") and talk.title != title:
            counts.losses.append(f"{identity} is called “{talk.title}” and not “{title}”")


def _check_drafts(
    notes: NoteStore, talks: Container[str | None], said: set[str], journal: Journal, counts: Counts
) -> None:
    """Text and files are saved each for itself. What was done when the process ended was not noted any more: the draft
    was sent, a message was taken back into it, a file was added."""
    for place, states in journal.drafts.items():
        identity = ConversationId(place) if place else None
        # One that was begun for a message in the line goes when that is taken back; what was typed comes along.
        gone = bool(place) and place not in journal.list and identity not in talks
        text, files = notes.draft(identity), [path.name for path in notes.draft_files(identity)]
        texts, along = {text.strip() for text, _ in states}, [sorted(files) for _, files in states]
        sent = not text and any(typed in said for typed in texts)
        back = journal.retaking and any(taken in text for taken in journal.taken)
        added = sorted(files[:-1]) in along
        gone_along = sent and any(set(files) <= set(known) for known in along)
        kept = (text.strip() in texts or sent or back) and (sorted(files) in along or added or gone_along)
        if place not in journal.deleting and not gone:
            counts.drafts += 1
            counts.draft_files += bool(files)
            if not kept:
                counts.losses.append(f"the draft in “{place}” is “{text}” with {files}, none of {states}")
        # Whatever it was, from here on it is what is stored.
        journal.drafts[place] = [(text, files)]


def run(runs: int, seed: int, folder: Path, longest: float = 5.0, show: bool = False) -> Counts:
    """Kill so many windows, and say what was checked and what was lost."""
    counts = Counts()
    source = random.Random(seed)
    files = folder / "files"
    files.mkdir()
    for number in range(3):
        (files / f"notes {number}.txt").write_text(f"These are the notes of number {number}.\n" * 20)
    with Screen() as screen, Nursery(screen) as nursery:
        data, journal = folder / "data", Journal()
        for number in range(runs):
            if number % _RUNS_IN_A_FOLDER == 0:
                data, journal = folder / f"data-{number}", Journal()
            plan = Plan.random(source, longest)
            notes = folder / f"journal-{number}"
            how, killed_at = nursery.live_and_die(data, notes, files, plan)
            counts.kills[how] += 1
            before = len(counts.losses)
            journal.read(notes, killed_at)
            check(data, journal, counts)
            _hear(journal, notes, counts)
            for loss in counts.losses[before:]:
                print(f"run {number}, {plan}: {loss}", flush=True)
            if show:
                print(f"{number + 1} of {runs}: killed {how}, {len(counts.losses)} losses", flush=True)
    return counts


def _hear(journal: Journal, notes: Path, counts: Counts) -> None:
    """What the window said went wrong; a mistake of its own, or anything printed, is as bad as a loss."""
    for told in journal.told:
        counts.told[told.splitlines()[0]] += 1
        if _MISTAKE in told:
            counts.losses.append(told)
    journal.told = []
    # What is told to the user is logged too.
    known = [told.splitlines()[0] for told in counts.told]
    printed = [line for line in _output(notes).splitlines() if line.strip() and not any(k in line for k in known)]
    # A process that was just being spawned says that its parent is gone.
    if printed and not any("multiprocessing/spawn.py" in line for line in printed):
        counts.losses.append(f"printed: {printed}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.whole.random_kills")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1000))
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave what was written here")
    options = parser.parse_args()
    began = time.monotonic()
    if options.keep:
        options.keep.mkdir(parents=True)
        counts = run(options.runs, options.seed, options.keep, show=True)
    else:
        with tempfile.TemporaryDirectory() as folder:
            counts = run(options.runs, options.seed, Path(folder), show=True)
    print(f"seed {options.seed}, {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}")
    print("\n".join(counts.lines()))
    return 1 if counts.losses else 0


if __name__ == "__main__":
    raise SystemExit(main())

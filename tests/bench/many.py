"""Ten thousand conversations with two hundred thousand messages: in the files, and in the real window on a screen.

`python -m tests.bench.many` makes them in a temporary folder and prints the rows.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.domain.search import SearchQuery
from app.store.backups import BackupFolder, Kind
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.files import MARK
from app.store.parts import to_json
from app.store.search import SearchStore
from tests.bench.report import Row, print_table
from tests.bench.start_up import seconds_to_window
from tests.screen import Screen

CONVERSATIONS = 10_000
MESSAGES = 20
LONG = 1_000
LONG_ID = f"{CONVERSATIONS:032x}"
SEARCH_LIMIT = 0.05
OPEN_LIMIT = 0.3
START_LIMIT = 1.5
SCROLL_LIMIT = 0.016
"""A screen shows sixty pictures a second."""
_STARTS = 5
_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "qui",
    "ro",
    "su",
    "ta",
    "ve",
    "wi",
    "xo",
    "yu",
    "za",
    "bre",
    "cla",
    "dri",
    "flo",
    "gru",
    "pla",
    "ste",
    "tro",
]


def vocabulary(size: int = 8_000) -> list[str]:
    """Made-up words, of which the first ones are used most, as in any language."""
    source = random.Random(7)
    return ["".join(source.choice(_SYLLABLES) for _ in range(source.randint(1, 4))) for _ in range(size)]


def make(path: Path) -> list[str]:
    """Fill a database, and give the words that were used."""
    source = random.Random(11)
    words = vocabulary()
    weights = [1 / (rank + 2) for rank in range(len(words))]
    began = datetime(2024, 1, 1, tzinfo=UTC)
    open_database(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for number in range(CONVERSATIONS + 1):
            count = LONG if number == CONVERSATIONS else MESSAGES
            moment = began + timedelta(minutes=90 * number)
            identity, title = f"{number:032x}", " ".join(source.choices(words, weights, k=4))
            ids = [f"{number:016x}{place:016x}" for place in range(count)]
            stamp = moment.isoformat(timespec="microseconds")
            connection.execute(
                "INSERT INTO conversations (id, title, created_at, updated_at, started_on, effort, head_id)"
                " VALUES (?, ?, ?, ?, ?, 'medium', ?)",
                [identity, title, stamp, stamp, stamp[:10], ids[-1]],
            )
            connection.executemany(
                "INSERT INTO messages (id, conversation_id, parent_id, role, created_at, status)"
                " VALUES (?, ?, ?, ?, ?, 'complete')",
                [
                    (each, identity, ids[i - 1] if i else None, ("user", "assistant")[i % 2], stamp)
                    for i, each in enumerate(ids)
                ],
            )
            connection.executemany(
                "INSERT INTO parts (message_id, position, kind, data) VALUES (?, 0, 'text', ?)",
                [
                    (each, to_json({"text": " ".join(source.choices(words, weights, k=source.randint(10, 60)))}))
                    for each in ids
                ],
            )
        connection.commit()
    return words


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        path = data / "chat.db"
        began = time.monotonic()
        words = make(path)
        made = Row("10,000 conversations made in", time.monotonic() - began, "s")
        size = Row("chat.db", path.stat().st_size / 1e6, "MB")
        # As on any day but the first: else the window would be measured while it makes its first backup.
        BackupFolder.beside(path).make(path, Kind.AUTOMATIC)
        found = [made, size, _search(path, words), _open(path)]
        with Screen() as screen:
            return [*found, *_start(screen, data, Path(folder) / "empty"), *_window(screen, data)]


def _start(screen: Screen, data: Path, empty: Path) -> list[Row]:
    """Until the window is there, and until its list is; beside the same with nothing in it."""
    visible: dict[Path, list[float]] = {data: [], empty: []}
    listed: dict[Path, list[float]] = {data: [], empty: []}
    for _ in range(_STARTS):
        for each in (data, empty):
            listed[each].append(float(_measured(screen, each, "")["list"]))
            visible[each].append(seconds_to_window(screen, [sys.executable, "-m", "app", "--data-dir", str(each)]))
    # What tells of an end in order; see app.store.marks.
    (data / f"chat.db{MARK}").unlink(missing_ok=True)
    killed = float(_measured(screen, data, "")["list"])
    there, value = statistics.median(visible[data]), statistics.median(listed[data])
    limit = f"at most {START_LIMIT} s"
    reference = statistics.median(visible[empty])
    return [
        Row("window visible, with all of them", there, "s", reference, "no conversation", limit, there <= START_LIMIT),
        Row("their list painted", value, "s", statistics.median(listed[empty]), "no conversation"),
        Row("the same after a kill: all is read through first", killed, "s", value, "after an end in order"),
    ]


def _window(screen: Screen, data: Path) -> list[Row]:
    """In the window, each until it is painted."""
    taken = _measured(screen, data, LONG_ID)
    scroll, plain = _percentile(taken["scroll"]), _percentile(taken["plain scroll"])
    typed, opened = _percentile(taken["typed"]), statistics.median(taken["open"])
    changed = statistics.median(taken["changed"])
    plain_open = statistics.median(taken["plain open"])
    return [
        _in_ms("list scrolled, 95th percentile of a step", scroll, plain, "a bare QListView", SCROLL_LIMIT),
        _in_ms(f"search in the window, 95th of {len(taken['typed'])} keys", typed, None, "", SEARCH_LIMIT),
        _in_ms("1,000 messages opened in the window", opened, plain_open, "one QPlainTextEdit", OPEN_LIMIT),
        _in_ms("a conversation renamed, until the list shows it", changed, None, "", None),
    ]


def _in_ms(name: str, value: float, reference: float | None, against: str, limit: float | None) -> Row:
    most = "" if limit is None else f"at most {limit * 1000:.0f} ms"
    met = None if limit is None else value <= limit
    return Row(name, value * 1000, "ms", reference and reference * 1000, against, most, met)


def _measured(screen: Screen, data: Path, long_id: str) -> dict[str, Any]:
    """What tests.bench.window_of_many prints."""
    data.mkdir(mode=0o700, exist_ok=True)
    command = [sys.executable, "-m", "tests.bench.window_of_many", str(data), long_id, str(time.monotonic())]
    ended = subprocess.run(
        command, env={**os.environ, **screen.environment}, stdout=subprocess.PIPE, text=True, timeout=300, check=True
    )
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def _search(path: Path, words: list[str]) -> Row:
    """Every prefix that is typed on the way to a word, of words that are everywhere and of rare ones."""
    typed = [
        word[:end] for word in [*words[:12], *words[500:512], *words[5000:5012]] for end in range(1, len(word) + 1)
    ]
    typed += [f"{first} {second}" for first, second in zip(words[:20], words[1000:1020], strict=True)]
    with closing(SearchStore(path)) as store, closing(sqlite3.connect(path)) as plain:
        store.search(SearchQuery(words[0]))
        ours = [_seconds(lambda text=text: store.search(SearchQuery(text))) for text in typed]
        scan = "SELECT message_id FROM parts WHERE kind = 'text' AND data LIKE '%' || ? || '%'"
        reference = [_seconds(lambda text=text: plain.execute(scan, [text]).fetchall()) for text in typed[::20]]
    value = _percentile(ours)
    name = f"search as one types, 95th percentile of {len(typed)}"
    limit = f"at most {SEARCH_LIMIT * 1000:.0f} ms"
    return Row(name, value * 1000, "ms", _percentile(reference) * 1000, "a LIKE scan", limit, value <= SEARCH_LIMIT)


def _open(path: Path) -> Row:
    """Read from the file only; see _window()."""
    with closing(open_database(path)) as database, closing(sqlite3.connect(path)) as plain:
        store = ConversationStore(database)
        [identity] = [each.id for each in store.conversations() if each.id == LONG_ID]
        value = statistics.median(_seconds(lambda: store.conversation(identity)) for _ in range(5))
        sql = "SELECT parts.data FROM messages JOIN parts ON message_id = id WHERE conversation_id = ?"
        reference = statistics.median(_seconds(lambda: plain.execute(sql, [identity]).fetchall()) for _ in range(5))
    limit = f"at most {OPEN_LIMIT * 1000:.0f} ms"
    return Row("1,000 messages read", value * 1000, "ms", reference * 1000, "plain SQL", limit, value <= OPEN_LIMIT)


def _seconds(work: object) -> float:
    assert callable(work)
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _percentile(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


if __name__ == "__main__":
    print_table(rows())

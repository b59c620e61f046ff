"""Connections that only read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

BUSY_SECONDS = 5.0


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open an existing database for reading; a log beside it is read too."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)


def connect_unchanging(path: Path) -> sqlite3.Connection:
    """Open a database that nobody changes meanwhile, and that has no log: without any file beside it, so anywhere."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)


def read_smashed_text(connection: sqlite3.Connection) -> None:
    """Have a connection give text with a mark where bytes are no UTF-8, instead of refusing all of it."""
    connection.text_factory = lambda content: content.decode("utf-8", "replace")


def pragma(connection: sqlite3.Connection, name: str) -> int | str:
    value: int | str = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value

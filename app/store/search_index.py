"""The full-text indexes of chat.db: how they are made, kept, and cleared of what was deleted.

Their names and columns are constants of this module, so no statement here holds a stranger's words.
"""
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

from app.errors import StoreError

Execute = Callable[[str], sqlite3.Cursor]

_SAID = "CASE WHEN json_valid({row}.data) AND {row}.kind = '{kind}' THEN json_extract({row}.data, '$.text') END"
_WORDS = "tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'"
_TRIGRAMS = "tokenize = 'trigram'"
_SEARCHABLE = "{row}.kind IN ('text', 'reasoning')"


class DamagedIndexError(StoreError):
    """A search index can't be read. No check of SQLite finds that, and nothing is lost with it: see remake()."""


def search_indexes() -> Iterator[str]:
    """Statements that create and fill the indexes. Part of a migration: never edited once it was released."""
    for name, tokenizer in (("words", _WORDS), ("trigrams", _TRIGRAMS)):
        yield from _index(f"message_{name}", tokenizer, "parts", "said, thought", _part_texts, _SEARCHABLE)
        yield from _index(f"title_{name}", tokenizer, "conversations", "title", "{row}.title".format, "true")


def _part_texts(row: str) -> str:
    return ", ".join(_SAID.format(row=row, kind=kind) for kind in ("text", "reasoning"))


def _index(
    index: str, tokenizer: str, table: str, columns: str, texts: Callable[..., str], which: str
) -> Iterator[str]:
    """The index of a table, filled, and the triggers that keep it.

    It holds no copy of the texts (content = ''), so what is deleted from it has to be told word for word.
    """
    changed = "data, kind" if table == "parts" else "title"
    take_in = f"INSERT INTO {index} (rowid, {columns}) VALUES (new.rowid, {texts(row='new')})"
    take_out = f"INSERT INTO {index} ({index}, rowid, {columns}) VALUES ('delete', old.rowid, {texts(row='old')})"
    old, new = which.format(row="old"), which.format(row="new")
    yield f"CREATE VIRTUAL TABLE {index} USING fts5 ({columns}, content = '', columnsize = 0, {tokenizer})"
    yield _fill(index, table, columns, texts, which)
    yield f"CREATE TRIGGER {index}_insert AFTER INSERT ON {table} WHEN {new} BEGIN {take_in}; END"
    yield f"CREATE TRIGGER {index}_delete AFTER DELETE ON {table} WHEN {old} BEGIN {take_out}; END"
    # One trigger for both, because the order of two is undefined.
    yield (
        f"CREATE TRIGGER {index}_update AFTER UPDATE OF {changed} ON {table} WHEN {old} OR {new} "
        f"BEGIN {take_out}; {take_in}; END"
    )


def _fill(index: str, table: str, columns: str, texts: Callable[..., str], which: str) -> str:
    texts_of = texts(row=table)
    return (
        f"INSERT INTO {index} (rowid, {columns}) SELECT rowid, {texts_of} FROM {table} WHERE {which.format(row=table)}"
    )


def remake(execute: Execute) -> None:
    """Throw the indexes away and make them anew from the texts, where what they hold is damaged."""
    for index, _fill_it in _fills():
        for change in ("insert", "delete", "update"):
            execute(f"DROP TRIGGER IF EXISTS {index}_{change}")
        execute(f"DROP TABLE IF EXISTS {index}")
    for statement in search_indexes():
        execute(statement)


def refill(execute: Execute) -> None:
    """Make the indexes anew from the texts, where rows have found new numbers, as VACUUM gives them."""
    for index, fill in _fills():
        if _exists(execute, index):
            execute(f"INSERT INTO {index} ({index}) VALUES ('delete-all')")
            execute(fill)


def forget_deleted(execute: Execute) -> None:
    """Take the words of deleted texts out of the indexes, which else keep them until they are merged by chance."""
    for index, _fill_it in _fills():
        if _exists(execute, index):
            execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")


def _fills() -> Iterator[tuple[str, str]]:
    for name in ("words", "trigrams"):
        message, title = f"message_{name}", f"title_{name}"
        yield message, _fill(message, "parts", "said, thought", _part_texts, _SEARCHABLE)
        yield title, _fill(title, "conversations", "title", "{row}.title".format, "true")


def _exists(execute: Execute, index: str) -> bool:
    """A backup may be older than the indexes."""
    return execute(f"SELECT 1 FROM sqlite_master WHERE name = '{index}'").fetchone() is not None

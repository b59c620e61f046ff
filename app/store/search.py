"""Full-text search over titles, messages and thoughts. The indexes are those of app.store.search_index."""

from __future__ import annotations

import sqlite3
import threading
import unicodedata
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path

from app.domain.chat import ConversationId, MessageId
from app.domain.search import Finder, SearchHit, SearchQuery, is_signs
from app.store.connections import connect_read_only, connect_unchanging, read_smashed_text
from app.store.errors import result_code, store_errors
from app.store.index_text import without_spaces
from app.store.rows import timestamp
from app.store.search_index import DamagedIndexError

MOST = 60
# Of a word that is everywhere the newest places are ranked; ranking them all would take longer than typing does.
_CANDIDATES = 300
_SHORTEST_TRIGRAM = 3
_SHORTEST_PREFIX = 2
_RANKED_LENGTH = 4000
_LONGEST_ENDING = 3
_SHORTEST_STEM = 4
# unicode61 takes accents from Latin letters only.
_ACCENTED = dict(zip("еαεηιουω", "ёάέήίόύώ", strict=True))

_MESSAGES = """
    SELECT messages.conversation_id AS conversation, messages.id AS message, conversations.title AS title,
        json_extract(parts.data, '$.text') AS text, messages.created_at AS moment
    FROM {source}
    JOIN messages ON messages.id = parts.message_id
    JOIN conversations ON conversations.id = messages.conversation_id
    WHERE {match} AND conversations.trashed_at IS NULL AND json_valid(parts.data)
    AND messages.created_at >= :first AND messages.created_at < :last {documents}
    ORDER BY parts.rowid DESC LIMIT :limit
"""
_TITLES = """
    SELECT conversations.id AS conversation, NULL AS message, conversations.title AS title,
        conversations.title AS text, updated_at AS moment
    FROM {source}
    WHERE {match} AND conversations.trashed_at IS NULL
    AND updated_at >= :first AND updated_at < :last {documents}
    ORDER BY conversations.rowid DESC LIMIT :limit
"""
_WITH_DOCUMENTS = """
    AND EXISTS (
        SELECT 1 FROM messages AS asked JOIN parts AS files ON files.message_id = asked.id
        WHERE asked.conversation_id = conversations.id AND files.kind = 'attachment'
    )
"""


class SearchStore:
    """Reads chat.db through a connection of its own. For one thread, on which it connects when first asked."""

    def __init__(self, path: Path, unchanging: bool = False) -> None:
        """unchanging says that nobody can write to the file, not even a log beside it."""
        self._path = path
        self._connect = connect_unchanging if unchanging else connect_read_only
        self._connection: sqlite3.Connection | None = None
        # Whoever stops a search from another thread must not meet a connection that is being closed.
        self._closing = threading.Lock()

    @store_errors()
    def search(self, query: SearchQuery) -> list[SearchHit]:
        """The best places for the words, best first. No text can break the query: every word is looked for as it is.

        Raises DamagedIndexError, StoreError.
        """
        words = query.words
        if not words:
            return []
        try:
            rows = list(self._rows(query, words))
            for _ in range(_LONGEST_ENDING):
                if rows:
                    break
                # Perhaps another form of these words is there: книга for книгами, contract for contracts.
                words = tuple(map(_shortened, words))
                rows = list(self._rows(query, words, as_stems=True))
        except sqlite3.DatabaseError as error:
            if result_code(error) == sqlite3.SQLITE_CORRUPT_VTAB:
                raise DamagedIndexError("The search index is damaged.", "Search again.", str(error)) from error
            raise
        found = {(hit["conversation"], hit["message"]): hit for hit in reversed(rows)}
        for place in _repeated(found):
            del found[place]
        finder = Finder(words)
        ranked = sorted(found.values(), key=lambda row: _rank(row, words, finder), reverse=True)
        return [_hit(row, words, finder) for row in ranked[:MOST]]

    def stop(self) -> None:
        """End a search that runs. May be called from any thread."""
        with self._closing:
            if self._connection is not None:
                self._connection.interrupt()

    def close(self) -> None:
        with self._closing:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _rows(self, query: SearchQuery, words: tuple[str, ...], as_stems: bool = False) -> Iterator[sqlite3.Row]:
        # Places inside of words, which take several times as long to find, are looked for where whole words are few. In
        # a script without spaces a whole word is no better.
        enough = _CANDIDATES if any(map(without_spaces, words)) else MOST
        for template, table, indexes, columns in (
            (_TITLES, "conversations", "title", "title"),
            (_MESSAGES, "parts", "message", "said thought" if query.reasoning else "said"),
        ):
            found = list(self._run(template, table, f"{indexes}_words", _words(columns, words, as_stems), query))
            yield from found
            if len(found) >= enough:
                continue
            if all(len(word) >= _SHORTEST_TRIGRAM for word in words):
                match = _trigrams(columns, words)
                yield from self._run(template, table, f"{indexes}_trigrams", match, query)
            elif not as_stems and (not "".join(words).isascii() or all(map(is_signs, words))):
                # No index has two signs, or a word of two characters in a script without spaces inside a text.
                yield from self._scan(template, table, query)

    def _run(self, template: str, table: str, index: str, match: str, query: SearchQuery) -> Iterator[sqlite3.Row]:
        sql = template.format(
            source=f"{index} JOIN {table} ON {table}.rowid = {index}.rowid",
            match=f"{index} MATCH :match",
            documents=_WITH_DOCUMENTS if query.with_documents else "",
        ).replace(f"ORDER BY {table}.rowid", f"ORDER BY {index}.rowid")
        yield from self._connected().execute(sql, {**_limits(query), "match": match})

    def _scan(self, template: str, table: str, query: SearchQuery) -> Iterator[sqlite3.Row]:
        text = "json_extract(parts.data, '$.text')" if table == "parts" else "conversations.title"
        kinds = ("text", "reasoning") if query.reasoning else ("text",)
        conditions = [f"instr({text}, :word{i})" for i in range(len(query.words))]
        if table == "parts":
            conditions.append(f"parts.kind IN ({', '.join(repr(kind) for kind in kinds)})")
        sql = template.format(
            source=table, match=" AND ".join(conditions), documents=_WITH_DOCUMENTS if query.with_documents else ""
        )
        words = {f"word{i}": word for i, word in enumerate(query.words)}
        yield from self._connected().execute(sql, {**_limits(query), **words})

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect(self._path)
            self._connection.row_factory = sqlite3.Row
            read_smashed_text(self._connection)
        return self._connection


def _repeated(found: dict[tuple[str, str | None], sqlite3.Row]) -> list[tuple[str, str | None]]:
    """The titles that only say how a message begins which was found too."""
    titles = {place: str(row["text"]).rstrip("…") for place, row in found.items() if place[1] is None}
    begun = {
        (conversation, None)
        for (conversation, message), row in found.items()
        if message is not None and " ".join(str(row["text"]).split()).startswith(titles.get((conversation, None), "\0"))
    }
    return list(begun)


def _words(columns: str, words: tuple[str, ...], as_stems: bool = False) -> str:
    forms = [_forms(word) for word in words]
    begun = words if as_stems else words[-1:]
    ends = ["*" if word in begun and len(word) >= _SHORTEST_PREFIX else "" for word in words]
    # Words of which the index knows nothing, as emoji, are passed over only where no AND stands between them.
    alone = " ".join(_quoted(word) + end for word, end, others in zip(words, ends, forms, strict=True) if not others)
    chosen = [
        f"({' OR '.join(_quoted(form) + end for form in (word, *others))})"
        for word, end, others in zip(words, ends, forms, strict=True)
        if others
    ]
    return f"{{{columns}}} : ({' AND '.join(filter(None, [alone, *chosen]))})"


def _forms(word: str) -> list[str]:
    """How else a word may be written, where the index tells apart what people do not.

    It keeps the accents of other letters than Latin ones; of these a word has one at most.
    """
    forms = {word.replace("ß", "ss"): None}
    plain = "".join(map(_without_accent, word.lower()))
    forms[plain] = None
    for place, letter in enumerate(plain):
        if letter in _ACCENTED:
            forms[plain[:place] + _ACCENTED[letter] + plain[place + 1 :]] = None
        if plain.startswith("ss", place):
            forms[f"{plain[:place]}ß{plain[place + 2 :]}"] = None
    return [form for form in forms if form not in (word, word.lower())]


def _without_accent(letter: str) -> str:
    plain = unicodedata.normalize("NFD", letter)[:1]
    return plain if plain in _ACCENTED else letter


def _shortened(word: str) -> str:
    """A word without its last letter, if it is long enough for an ending."""
    return word[:-1] if len(word) > _SHORTEST_STEM and word.isalpha() else word


def _trigrams(columns: str, words: tuple[str, ...]) -> str:
    return f"{{{columns}}} : ({' '.join(map(_quoted, words))})"


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _limits(query: SearchQuery) -> dict[str, object]:
    """Days are those of the user's clock; moments in the file are those of UTC."""
    first, last = query.first_day, query.last_day
    return {
        "limit": _CANDIDATES,
        "first": timestamp(datetime.combine(first, time()).astimezone()) if first else "",
        "last": timestamp((datetime.combine(last, time()) + timedelta(days=1)).astimezone()) if last else "9999",
    }


def _rank(row: sqlite3.Row, words: tuple[str, ...], finder: Finder) -> tuple[float, str]:
    """Titles first, then the words as they were typed, then how often they come in how long a text; the newer one."""
    text = str(row["text"])[:_RANKED_LENGTH]
    score = 8.0 if row["message"] is None else 0.0
    if " ".join(words).casefold() in text.casefold():
        score += 3.0
    score += min(finder.count(text), 12) / (3 + len(text) / 400)
    return score, str(row["moment"])


def _hit(row: sqlite3.Row, words: tuple[str, ...], finder: Finder) -> SearchHit:
    line, places = finder.snippet(str(row["text"]))
    message = MessageId(row["message"]) if row["message"] else None
    moment = datetime.fromisoformat(row["moment"])
    return SearchHit(ConversationId(row["conversation"]), message, row["title"], line, places, moment, words)

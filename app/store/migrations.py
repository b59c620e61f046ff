"""The schema of chat.db as the steps that lead to it. Append only: a step that was released is never edited."""

from __future__ import annotations

from dataclasses import dataclass

from app.store.search_index import search_indexes
from app.store.sqlite import Database, Migrations

_chat = Migrations("chat")


@dataclass(frozen=True, slots=True)
class Schema:
    """What makes a database file ours: its application_id, the steps to its schema, and how many these are."""

    application_id: int
    version: int
    migrations: Migrations


_CONVERSATIONS_AND_MESSAGES = """\
CREATE TABLE conversations (
    id TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    started_on TEXT NOT NULL,
    effort TEXT NOT NULL,
    head_id TEXT,
    trashed_at TEXT
) STRICT;

CREATE TABLE messages (
    id TEXT PRIMARY KEY NOT NULL,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id TEXT,
    role TEXT NOT NULL,
    created_at TEXT NOT NULL,
    status TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    statistics TEXT,
    failure TEXT,
    writer TEXT,
    UNIQUE (conversation_id, id),
    FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id)
) STRICT;

CREATE TABLE parts (
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (message_id, position)
) STRICT;

CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, created_at);
CREATE INDEX messages_being_written ON messages (status) WHERE status = 'streaming';
CREATE INDEX conversations_by_update ON conversations (updated_at);
"""


@_chat()
def m001_conversations_and_messages(database: Database) -> None:
    """Messages form a tree; a conversation's head is the leaf of the branch that is shown.

    Parts are rows of their own, so that saving an answer that grows rewrites the part that grew and no other. The head
    is no foreign key, because the two tables would depend on each other.
    """
    _run(database, _CONVERSATIONS_AND_MESSAGES)


_SIGHT_AND_UNSENT = """\
ALTER TABLE conversations ADD COLUMN in_sight_from TEXT;

CREATE TABLE unsent (
    id TEXT PRIMARY KEY NOT NULL,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    effort TEXT,
    text TEXT NOT NULL
) STRICT;

CREATE INDEX unsent_by_conversation ON unsent (conversation_id);
"""


@_chat()
def m002_sight_and_unsent(database: Database) -> None:
    """The model sees a conversation from one of its messages on; messages wait for an answer to end.

    A message that waits bears the id under which it will be stored once it is sent.
    """
    _run(database, _SIGHT_AND_UNSENT)


_LIBRARIES_AND_ATTACHED = """\
CREATE TABLE libraries (
    name TEXT PRIMARY KEY NOT NULL,
    folders TEXT NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE library_uses (
    conversation_id TEXT PRIMARY KEY NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    library TEXT NOT NULL REFERENCES libraries (name) ON UPDATE CASCADE ON DELETE CASCADE
) STRICT;

CREATE TABLE attached (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    whole INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, sha256)
) STRICT;

CREATE INDEX library_uses_by_library ON library_uses (library);
"""


@_chat()
def m003_libraries_and_attached(database: Database) -> None:
    """Which folders are kept as libraries, which library a conversation uses, and which documents came with it.

    They are here and not in the index, because that may be thrown away.
    """
    _run(database, _LIBRARIES_AND_ATTACHED)


_PINS_AND_DRAFTS = """\
ALTER TABLE conversations ADD COLUMN pinned_at TEXT;

CREATE TABLE drafts (
    conversation_id TEXT UNIQUE REFERENCES conversations (id) ON DELETE CASCADE,
    saved_at TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
"""


@_chat()
def m004_search(database: Database) -> None:
    """Full-text indexes over titles, messages and reasoning; pins; what is typed and not yet sent.

    Words are found whatever their accents and by their beginnings; trigrams find parts of words, and words of scripts
    that put no spaces between them. The indexes go by rowid: the file is never to be vacuumed without building them
    anew. The draft of a conversation that has not begun has no conversation_id.
    """
    for statement in search_indexes():
        database.execute(statement)
    _run(database, _PINS_AND_DRAFTS)


@_chat()
def m005_files_of_drafts(database: Database) -> None:
    """The paths of files that are to go with what is typed, as JSON: a restart must not take them out of it."""
    _run(database, "ALTER TABLE drafts ADD COLUMN files TEXT NOT NULL DEFAULT '[]'")


CHAT = Schema(application_id=int.from_bytes(b"Ingl", "big"), version=5, migrations=_chat)


def _run(database: Database, statements: str) -> None:
    """Run statements one by one: sqlite3's executescript would commit the transaction that a migration is."""
    for statement in statements.split(";"):
        if statement.strip():
            database.execute(statement.strip())

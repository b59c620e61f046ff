"""What chat.db keeps of documents: the libraries, which one a conversation uses, and what was attached to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.chat import ConversationId
from app.errors import NotFoundError, StoreError
from app.store.errors import store_errors
from app.store.rows import storable
from app.store.sqlite import Database


@dataclass(frozen=True, slots=True)
class Attached:
    """A document that came with a message. whole: its text is in the message, so that nothing need be searched."""

    sha256: str
    name: str
    path: Path
    whole: bool


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """A library as it was asked for."""

    name: str
    folders: tuple[Path, ...]
    paused: bool


class AttachedStore:
    """Libraries and attached documents in one open database. Lives on the thread that opened it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @store_errors()
    def attach(self, conversation_id: ConversationId, documents: Sequence[Attached]) -> None:
        """Bind documents to a conversation, whose end they share. One that is bound already is not bound twice."""
        with self._database.atomic():
            for document in documents:
                self._database.execute(
                    """
                    INSERT INTO attached (conversation_id, sha256, name, path, whole) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (conversation_id, sha256) DO UPDATE SET whole = min(whole, excluded.whole)
                    """,
                    [
                        conversation_id,
                        document.sha256,
                        storable(document.name),
                        storable(str(document.path)),
                        document.whole,
                    ],
                )

    @store_errors()
    def attached(self, conversation_id: ConversationId | None = None) -> list[Attached]:
        """The documents of a conversation, by name; those of all where none is given."""
        rows = self._database.query(
            """
            SELECT sha256, name, path, whole FROM attached WHERE conversation_id = coalesce(?, conversation_id)
            ORDER BY name, sha256
            """,
            [conversation_id],
        )
        return [Attached(row["sha256"], row["name"], Path(row["path"]), bool(row["whole"])) for row in rows]

    @store_errors()
    def libraries(self) -> list[LibraryEntry]:
        rows = self._database.query("SELECT * FROM libraries ORDER BY name")
        return [
            LibraryEntry(row["name"], tuple(map(Path, json.loads(row["folders"]))), bool(row["paused"])) for row in rows
        ]

    @store_errors()
    def library(self, name: str) -> LibraryEntry:
        """One library. Raises NotFoundError."""
        for entry in self.libraries():
            if entry.name == name:
                return entry
        raise NotFoundError(f"There is no library “{name}”.", "List the libraries to see their names.")

    @store_errors()
    def create_library(self, name: str, folders: Sequence[Path]) -> LibraryEntry:
        """Keep a library. Raises StoreError if the name is taken."""
        name = storable(name)
        self._refuse_taken(name)
        self._database.execute(
            "INSERT INTO libraries (name, folders) VALUES (?, ?)", [name, json.dumps([str(path) for path in folders])]
        )
        return self.library(name)

    @store_errors()
    def rename_library(self, name: str, new: str) -> None:
        """Raises StoreError if the new name is taken, NotFoundError if there is no such library."""
        self.library(name)
        self._refuse_taken(storable(new))
        self._database.execute("UPDATE libraries SET name = ? WHERE name = ?", [storable(new), name])

    @store_errors()
    def pause_library(self, name: str, paused: bool) -> None:
        self.library(name)
        self._database.execute("UPDATE libraries SET paused = ? WHERE name = ?", [paused, name])

    @store_errors()
    def remove_library(self, name: str) -> None:
        """Forget a library; conversations that used it use none from then on."""
        self.library(name)
        self._database.execute("DELETE FROM libraries WHERE name = ?", [name])

    @store_errors()
    def use(self, conversation_id: ConversationId, library: str | None) -> None:
        """Have a conversation use a library, or none. Raises NotFoundError."""
        if library is None:
            self._database.execute("DELETE FROM library_uses WHERE conversation_id = ?", [conversation_id])
            return
        self.library(library)
        self._database.execute(
            """
            INSERT INTO library_uses (conversation_id, library) VALUES (?, ?)
            ON CONFLICT (conversation_id) DO UPDATE SET library = excluded.library
            """,
            [conversation_id, library],
        )

    @store_errors()
    def used_by(self, conversation_id: ConversationId) -> str | None:
        row = self._database.execute(
            "SELECT library FROM library_uses WHERE conversation_id = ?", [conversation_id]
        ).fetchone()
        return row[0] if row else None

    def _refuse_taken(self, name: str) -> None:
        if any(entry.name == name for entry in self.libraries()):
            raise StoreError(f"There is a library “{name}” already.", "Choose another name, or remove that one first.")

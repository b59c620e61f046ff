"""The files of the libraries as the index knows them: what was found, what waits, and what became of each."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.domain.documents import FileStatus
from app.store.index import DocumentIndex
from app.store.rows import storable

_AGAIN = (FileStatus.UNREADABLE, FileStatus.TIMED_OUT, FileStatus.OUT_OF_MEMORY, FileStatus.CRASHED, FileStatus.STOPPED)
"""What may go better at another time, though the file is the same."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as the folder shows it. path is in the system's bytes, modified in nanoseconds since 1970."""

    path: bytes
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the index knows it. sha256 is of the content that the status was found for, empty before."""

    facts: FileFacts
    status: FileStatus
    reason: str = ""
    sha256: str = ""
    pages: int | None = None
    passages: int = 0

    @property
    def path(self) -> Path:
        return Path(os.fsdecode(self.facts.path))


@dataclass(frozen=True, slots=True)
class Counts:
    """Files of a library: all of them, those with text, those without, those that wait, and the bytes of these."""

    files: int = 0
    indexed: int = 0
    failed: int = 0
    waiting: int = 0
    waiting_bytes: int = 0
    passages: int = 0


class LibraryFiles:
    """The table of files. May be used on several threads, as the index itself."""

    def __init__(self, index: DocumentIndex) -> None:
        self._index = index

    def facts(self, library: str) -> dict[bytes, FileFacts]:
        """What the folders showed at the last scan, by path."""
        with self._index.reading() as connection:
            rows = connection.execute("SELECT path, size, modified FROM files WHERE library = ?", (library,))
            return {row[0]: FileFacts(*row) for row in rows}

    def update(self, library: str, changed: Iterable[FileFacts], lost: Iterable[bytes], retry: bool = False) -> None:
        """Note what a scan found: files that are new or look changed wait, lost ones are gone.

        retry has those wait as well whose failure had nothing to do with their content.
        """
        with self._index.writing() as connection:
            connection.executemany(
                """
                INSERT INTO files (library, path, size, modified, status) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (library, path)
                DO UPDATE SET size = excluded.size, modified = excluded.modified, status = excluded.status
                """,
                ((library, file.path, file.size, file.modified, FileStatus.WAITING) for file in changed),
            )
            connection.executemany(
                "DELETE FROM files WHERE library = ? AND path = ?", ((library, path) for path in lost)
            )
            # What the index lost (the document of a file that it says it has) is read again.
            connection.execute(
                """
                UPDATE files SET status = ?, sha256 = '' WHERE library = ? AND status = ?
                AND sha256 NOT IN (SELECT sha256 FROM documents)
                """,
                (FileStatus.WAITING, library, FileStatus.INDEXED),
            )
            if retry:
                connection.execute(
                    "UPDATE files SET status = ?, sha256 = '' WHERE library = ? AND status IN (?, ?, ?, ?, ?)",
                    (FileStatus.WAITING, library, *_AGAIN),
                )

    def waiting(self, library: str) -> KnownFile | None:
        """The file to be read next."""
        with self._index.reading() as connection:
            row = connection.execute(
                f"{_FILES} WHERE library = ? AND files.status = ? ORDER BY files.path LIMIT 1",
                (library, FileStatus.WAITING),
            ).fetchone()
        return _known(row) if row else None

    def all(self, library: str) -> list[KnownFile]:
        with self._index.reading() as connection:
            return [
                _known(row) for row in connection.execute(f"{_FILES} WHERE library = ? ORDER BY files.path", (library,))
            ]

    def settle(self, connection: sqlite3.Connection, library: str, file: KnownFile) -> None:
        """Note what became of a file, inside a transaction. A file that left the library meanwhile stays out of it."""
        connection.execute(
            """
            UPDATE files SET size = ?, modified = ?, status = ?, reason = ?, sha256 = ?
            WHERE library = ? AND path = ?
            """,
            (
                file.facts.size,
                file.facts.modified,
                file.status,
                storable(file.reason),
                file.sha256,
                library,
                file.facts.path,
            ),
        )

    def with_content(self, sha256: str) -> KnownFile | None:
        """A file of any library with this content, of which it is known what comes of it."""
        with self._index.reading() as connection:
            row = connection.execute(
                f"{_FILES} WHERE files.sha256 = ? AND files.status <> ? LIMIT 1", (sha256, FileStatus.WAITING)
            ).fetchone()
        return _known(row) if row else None

    def counts(self, library: str) -> Counts:
        with self._index.reading() as connection:
            rows = connection.execute(
                """
                SELECT status, count(*), sum(files.size), coalesce(sum(passages), 0)
                FROM files LEFT JOIN documents USING (sha256) WHERE library = ? GROUP BY status
                """,
                (library,),
            ).fetchall()
        by_status = {row[0]: row[1:] for row in rows}
        total = sum(row[1] for row in rows)
        waiting, waiting_bytes, _ = by_status.get(FileStatus.WAITING, (0, 0, 0))
        indexed, _, passages = by_status.get(FileStatus.INDEXED, (0, 0, 0))
        return Counts(total, indexed, total - waiting - indexed, waiting, waiting_bytes, passages)

    def contents(self, library: str) -> dict[str, Path]:
        """The contents that are in the index, each with a file that has it."""
        with self._index.reading() as connection:
            rows = connection.execute(
                "SELECT sha256, min(path) FROM files WHERE library = ? AND status = ? GROUP BY sha256",
                (library, FileStatus.INDEXED),
            )
            return {sha256: Path(os.fsdecode(path)) for sha256, path in rows}

    def places(self, sha256: str) -> list[Path]:
        """The files of all libraries that have this content and are in the index."""
        with self._index.reading() as connection:
            rows = connection.execute(
                "SELECT DISTINCT path FROM files WHERE sha256 = ? AND status = ? ORDER BY path",
                (sha256, FileStatus.INDEXED),
            )
            return [Path(os.fsdecode(path)) for (path,) in rows]

    def rename(self, library: str, new: str) -> None:
        with self._index.writing() as connection:
            connection.execute("DELETE FROM files WHERE library = ?", (new,))
            connection.execute("UPDATE files SET library = ? WHERE library = ?", (new, library))

    def remove(self, library: str) -> None:
        with self._index.writing() as connection:
            connection.execute("DELETE FROM files WHERE library = ?", (library,))


_FILES = """
    SELECT files.path, files.size, modified, status, reason, files.sha256, pages, coalesce(passages, 0)
    FROM files LEFT JOIN documents ON documents.sha256 = files.sha256 AND files.status = 'indexed'
"""


def _known(row: tuple[bytes, int, int, str, str, str, int | None, int]) -> KnownFile:
    path, size, modified, status, reason, sha256, pages, passages = row
    return KnownFile(FileFacts(path, size, modified), FileStatus(status), reason, sha256, pages, passages)

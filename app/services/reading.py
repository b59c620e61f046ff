"""From a file to the index: hashed, read in the sandboxed process if its content is new, and stored. On the lane."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.documents.limits import DEFAULT_LIMITS
from app.documents.passages import passages
from app.documents.reader import STOPPED, DocumentReader
from app.domain.documents import Document, FileStatus
from app.store.index import DocumentIndex, Facts, Origin, Transaction
from app.store.index_files import FileFacts, KnownFile, LibraryFiles

_BLOCK = 1 << 20
_ATTEMPTS = 3
_CHANGING = "The file changes all the time, so that it can’t be read."
_FROM_CONTENT = frozenset(
    {FileStatus.NO_TEXT, FileStatus.EMPTY, FileStatus.ENCRYPTED, FileStatus.DAMAGED, FileStatus.UNSUPPORTED}
)
"""What is true of a content, and so of every file that has it and is named as one of its kind."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file. facts are there if, and only if, the status is INDEXED."""

    status: FileStatus
    reason: str = ""
    sha256: str = ""
    size: int = 0
    facts: Facts | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """A file as it was found, its content's hash, and its document where that had to be read."""

    facts: FileFacts
    outcome: Outcome
    document: Document | None = None


class Ingest:
    """Takes files into the index, one at a time. Lives on the lane's thread, but for stop, end and close.

    given_up is asked before and while a file is read: what comes of one that nobody wants any more is STOPPED.
    """

    def __init__(self, index: DocumentIndex, files: LibraryFiles) -> None:
        self._index = index
        self._files = files
        self._reader = DocumentReader()
        self._ended = threading.Event()

    def stop(self) -> None:
        """Give up the file that is being read, once given_up says so for it. May be called on any thread."""
        self._reader.stop()

    def end(self) -> None:
        """Give up the file that is being read, and read none any more. May be called on any thread."""
        self._ended.set()
        self._reader.stop()

    def close(self) -> None:
        self._reader.close()

    def attach(self, path: Path, given_up: Callable[[], bool] = lambda: False) -> Outcome:
        """Read a file and have it in the index. Raises StoreError."""
        look = self._look(path, False, given_up)
        if look.outcome.status is FileStatus.STOPPED:
            return look.outcome
        with self._index.writing() as connection:
            outcome = self._store(connection, path, look)
            self._index.want(connection, outcome.sha256)
        return outcome

    def take_file(
        self, library: str, file: KnownFile, another_follows: bool, given_up: Callable[[], bool] = lambda: False
    ) -> Outcome:
        """Read a file of a library and note what became of it, in one transaction. Raises StoreError.

        A file whose reading was stopped goes on waiting.
        """
        look = self._look(file.path, another_follows, given_up)
        if look.outcome.status is FileStatus.STOPPED:
            return look.outcome
        with self._index.writing() as connection:
            outcome = self._store(connection, file.path, look)
            settled = KnownFile(look.facts, outcome.status, outcome.reason, outcome.sha256)
            self._files.settle(connection, library, settled)
        return outcome

    def _store(self, connection: Transaction, path: Path, look: _Look) -> Outcome:
        if look.document is None:
            return look.outcome
        outcome = look.outcome
        cut = list(passages(look.document))
        facts = self._index.add(
            connection, Origin(outcome.sha256, path, outcome.size), look.document, cut, outcome.reason
        )
        return Outcome(FileStatus.INDEXED, outcome.reason, outcome.sha256, outcome.size, facts)

    def _look(self, path: Path, another_follows: bool, given_up: Callable[[], bool]) -> _Look:
        """Read a file until it stays the same from before to after."""

        def stopped() -> bool:
            return self._ended.is_set() or given_up()

        for _ in range(_ATTEMPTS):
            try:
                before = _facts(path)
                look = self._read(path, before, another_follows, stopped)
                if look.outcome.status is FileStatus.STOPPED or _facts(path) == before:
                    return look
            except OSError:
                # The reader says in words what is wrong with it.
                result = self._reader.read(path)
                return _Look(FileFacts(os.fsencode(path), 0, 0), Outcome(result.status, result.reason))
        return _Look(before, Outcome(FileStatus.UNREADABLE, _CHANGING))

    def _read(self, path: Path, facts: FileFacts, another_follows: bool, stopped: Callable[[], bool]) -> _Look:
        sha256 = _hash(path, stopped) if 0 < facts.size <= DEFAULT_LIMITS.file_bytes else ""
        if stopped():
            return _Look(facts, Outcome(*STOPPED))
        known = self._known(path, sha256, facts.size) if sha256 else None
        if known is not None:
            return _Look(facts, known)
        result = self._reader.read(path, another_follows, stopped)
        outcome = Outcome(result.status, result.reason, sha256, facts.size)
        return _Look(facts, outcome, result.document)

    def _known(self, path: Path, sha256: str, size: int) -> Outcome | None:
        """What became of this content when it was met before."""
        facts = self._index.facts(sha256)
        if facts is not None:
            return Outcome(FileStatus.INDEXED, facts.note, sha256, size, facts)
        same = self._files.with_content(sha256)
        if same is not None and same.status in _FROM_CONTENT and same.path.suffix.lower() == path.suffix.lower():
            return Outcome(same.status, same.reason, sha256, size)
        return None


def _facts(path: Path) -> FileFacts:
    facts = path.stat()
    return FileFacts(os.fsencode(path), facts.st_size, facts.st_mtime_ns)


def _hash(path: Path, stopped: Callable[[], bool]) -> str:
    digest = hashlib.sha256()
    # A named pipe would keep us waiting in open.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        while not stopped() and (block := file.read(_BLOCK)):
            digest.update(block)
    return digest.hexdigest()

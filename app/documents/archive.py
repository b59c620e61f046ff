"""Zip archives (Office, OpenDocument, EPUB) without their dangers: bombs, names that lead outside, endless lists.

Nothing is ever unpacked to a disk. A part is read as a stream, and all that is read together is bounded.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from app.documents.limits import Limits, UnreadableError, damaged
from app.documents.source import Source
from app.domain.documents import FileStatus

# Text packs well, some sheets 1:60; a bomb is at 1:1000. Small parts may do as they like.
_MOST_PACKED = 400
_SMALL = 1 << 20
_ENCRYPTED_BIT = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """Reads the parts of a zip archive by name."""

    def __init__(self, source: Source, limits: Limits) -> None:
        """Raises UnreadableError if it is no archive, or a hostile one."""
        self._left = limits.unpacked_bytes
        try:
            self._zip = zipfile.ZipFile(source.file)
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, OSError):
            raise damaged("The file is damaged: its parts can't be listed.") from None
        if len(self._zip.filelist) > limits.entries:
            raise UnreadableError(FileStatus.TOO_LARGE, "The file holds too many parts to be a document.")
        self._entries = {entry.filename.lstrip("/"): entry for entry in self._zip.filelist}

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    @property
    def names(self) -> list[str]:
        return list(self._entries)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A part as a stream. What it unpacks to is taken from what all parts together may have."""
        entry = self._entries.get(name)
        if entry is None:
            raise damaged(f"The file is damaged: its part “{name[:80]}” is missing.")
        if entry.flag_bits & _ENCRYPTED_BIT:
            raise UnreadableError(
                FileStatus.ENCRYPTED, "The file is protected by a password. Save a copy without one to use it here."
            )
        if entry.compress_type not in _METHODS:
            raise damaged("The file is damaged: its parts are packed in an unusual way.")
        packed = max(entry.compress_size, 1)
        # zipfile gives no more bytes than the size that the list states, so that a false size hides no bomb.
        is_bomb = entry.file_size > _SMALL and entry.file_size > _MOST_PACKED * packed
        if is_bomb or entry.file_size > self._left:
            raise UnreadableError(FileStatus.TOO_LARGE, "The file unpacks to far more than it may (a “zip bomb”?).")
        self._left -= entry.file_size
        try:
            with self._zip.open(entry) as part:
                yield part
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            if isinstance(error, RecursionError):
                raise
            raise damaged(f"The file is damaged: its part “{name[:80]}” can't be unpacked.") from None

    def read(self, name: str) -> bytes:
        with self.open(name) as part:
            return part.read()


def is_archive(head: bytes) -> bool:
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))

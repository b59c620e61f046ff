"""KV caches on disk, so that a conversation that is opened again need not be computed again.

A file is what llama_state_seq_save_file writes (magic, version, token count, token ids, state: llama-context.cpp,
state_seq_save_file), followed by eight bytes of ours: a mark and a CRC-32 of all before it. Its name holds the
conversation and a key of everything else the state depends on, so that a foreign state is never even looked at. Files
hold what was said, like the database: they are for their owner alone, and go when the conversation goes.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

_MAGIC, _VERSION = 0x67677371, 3
_HEADER = struct.Struct("<III")
_TRAILER = struct.Struct("<4sI")
_MARK = b"Ingl"
_CHUNK = 1 << 22
_SUFFIX, _UNFINISHED = ".state", ".part"
SHARED = "shared-"
"""How the names begin of states that belong to no conversation: those of system messages."""


class StateFolder:
    """The folder of one data folder's states, with room for so many bytes; what was used longest ago goes first."""

    def __init__(self, folder: Path, capacity: int, depends_on: Sequence[object]) -> None:
        """depends_on lists what makes a state useless when it changes: model, library version, cache parameters."""
        self._folder = folder
        self._capacity = capacity
        self._key = hashlib.sha256(repr(tuple(depends_on)).encode()).hexdigest()[:12]

    def saved(self, name: str) -> SavedState | None:
        """The state of this name, if there is a sound one. A damaged file is removed."""
        state = SavedState(self._path(name))
        try:
            state.read_tokens()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, struct.error):
            state.remove()
            return None
        return state

    def save(self, name: str, write: Callable[[Path], bool]) -> bool:
        """Have write() put a state where it is told to, and keep it under this name. False if that was not possible."""
        target = self._path(name)
        part = target.with_suffix(_UNFINISHED)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not write(part):
                part.unlink(missing_ok=True)
                return False
            checksum = _checksum(part, part.stat().st_size)
            with part.open("ab") as stream:
                stream.write(_TRAILER.pack(_MARK, checksum))
            part.replace(target)
            self._trim()
        except OSError:
            # A cache is a convenience: a full disk must not fail a turn.
            SavedState(part).remove()
            return False
        return True

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.{self._key}{_SUFFIX}"

    def _trim(self) -> None:
        files = sorted(self._folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in files)
        for path in files:
            if total <= self._capacity:
                return
            total -= path.stat().st_size
            path.unlink()


class SavedState:
    """One state file: the tokens that it holds, and the way to its contents."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tokens: list[int] = []

    def read_tokens(self) -> None:
        """Fill tokens. Raises OSError, or ValueError or struct.error for what is no such file."""
        with self.path.open("rb") as stream:
            size = self.path.stat().st_size
            magic, version, count = _HEADER.unpack(stream.read(_HEADER.size))
            if (magic, version) != (_MAGIC, _VERSION) or size < _HEADER.size + 4 * count + _TRAILER.size:
                raise ValueError("not a state file of this version")
            tokens = array("i")
            tokens.frombytes(stream.read(4 * count))
        self.tokens = tokens.tolist()

    def is_sound(self) -> bool:
        """Whether every byte is as it was written. Reads the file once, which the load needs anyway."""
        try:
            size = self.path.stat().st_size - _TRAILER.size
            with self.path.open("rb") as stream:
                stream.seek(size)
                mark, checksum = _TRAILER.unpack(stream.read(_TRAILER.size))
            return bool(mark == _MARK and checksum == _checksum(self.path, size))
        except (OSError, struct.error, ValueError):
            return False

    def touch(self) -> None:
        """It was of use: it goes last."""
        with suppress(OSError):
            self.path.touch()

    def remove(self) -> None:
        with suppress(OSError):
            self.path.unlink()


def forget(folder: Path, name: str) -> None:
    """Remove every state of a conversation, of whatever model."""
    for path in folder.glob(f"{name}.*"):
        path.unlink(missing_ok=True)


def size_of(folder: Path) -> int:
    """Bytes that the states in a folder take together, with those that are being written."""
    total = 0
    for path in _states_in(folder):
        # The engine's process replaces and removes files meanwhile.
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def clear(folder: Path) -> None:
    """Remove every state, of whatever conversation and model. Raises OSError for the first that can't be."""
    for path in _states_in(folder):
        path.unlink(missing_ok=True)


def _states_in(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if path.suffix in (_SUFFIX, _UNFINISHED)]


def shared_name(tokens: Sequence[int]) -> str:
    """The name of the state of a prefix that many conversations share."""
    return SHARED + hashlib.sha256(array("i", tokens).tobytes()).hexdigest()[:16]


def _checksum(path: Path, size: int) -> int:
    value, left = 0, size
    with path.open("rb") as stream:
        while left > 0:
            block = stream.read(min(_CHUNK, left))
            if not block:
                raise ValueError("shorter than it should be")
            value = zlib.crc32(block, value)
            left -= len(block)
    return value

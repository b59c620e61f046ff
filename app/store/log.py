"""SQLite's write-ahead log read byte by byte: is there something in it that SQLite would pass over in silence?

SQLite takes a log up to the first frame whose checksum is wrong and ignores what follows, as it must after a power cut.
A log that was damaged later looks the same, and committed messages would be gone without a word. Two things tell the
difference: sound frames of the same generation behind the break, and the index of the log (-shm), which outlives the
process and counts the frames that were committed.

Formats: https://www.sqlite.org/fileformat2.html#walformat and https://www.sqlite.org/walformat.html.
"""

from __future__ import annotations

import struct
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.store.files import index_of_log, log_of

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682
_DEFAULT_PAGE_SIZE = 4096
_SECOND_LOOK_SECONDS = 0.1
_Sum = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Frame:
    """One page as it was written. commits marks the last of a transaction; sound, that its checksum is right."""

    page: int
    commits: bool
    content: bytes
    sound: bool


@dataclass(frozen=True, slots=True)
class Log:
    """The frames of the present generation: those that SQLite reads, and those behind the first wrong one."""

    page_size: int
    salts: bytes
    whole: tuple[Frame, ...] = ()
    behind: tuple[Frame, ...] = ()

    @property
    def pages(self) -> dict[int, bytes]:
        """The newest content of each page, from what was committed and is sound, also behind a break."""
        frames = (*self.whole, *self.behind)
        last = max((number for number, frame in enumerate(frames) if frame.sound and frame.commits), default=-1)
        return {frame.page: frame.content for frame in frames[: last + 1] if frame.sound}

    @property
    def smashed(self) -> list[bytes]:
        """Contents of frames that were damaged; there may be rows left in them."""
        return [frame.content for frame in self.behind if not frame.sound]


def has_lost_commits(path: Path) -> bool:
    """Tell whether SQLite would overlook something committed in this database's log. Raises OSError."""
    if not _seems_broken(path):
        return False
    # Another process may have begun the log anew while it was read.
    time.sleep(_SECOND_LOOK_SECONDS)
    return _seems_broken(path)


def _seems_broken(path: Path) -> bool:
    # The index first: meanwhile another process may add to the log, but takes nothing from a generation.
    salts, committed = _read_index(index_of_log(path))
    log = read_log(log_of(path))
    if log is None:
        return False
    if any(frame.commits and frame.sound for frame in log.behind):
        return True
    return salts == log.salts and committed > len(log.whole)


def read_log(path: Path) -> Log | None:
    """Read a log; None where it is missing or holds nothing. Raises OSError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(data) < _HEADER.size + _FRAME.size:
        return None
    magic, _, page_size, _, _, _, *stored = _HEADER.unpack_from(data)
    order: Literal["<", ">"] = ">" if magic == _MAGIC | 1 else "<"
    sound = magic & ~1 == _MAGIC and _add(order, (0, 0), data[:24]) == tuple(stored)
    if not sound:
        page_size = _DEFAULT_PAGE_SIZE
    salts = data[16:24] if sound else _commonest_salts(data, page_size)
    frames = list(_frames(data, page_size, salts, order, _sum_at(data, 24) if sound else None))
    count = next((number for number, frame in enumerate(frames) if not frame.sound), len(frames))
    return Log(page_size, salts, tuple(frames[:count]), tuple(frames[count:]))


def _frames(data: bytes, page_size: int, salts: bytes, order: Literal["<", ">"], seed: _Sum | None) -> Iterator[Frame]:
    """Every frame up to the last of this generation. Each is summed on from what the one before it has stored."""
    step = _FRAME.size + page_size
    starts = range(_HEADER.size, len(data) - step + 1, step)
    ours = [start for start in starts if data[start + 8 : start + 16] == salts]
    for start in starts if ours else ():
        if start > ours[-1]:
            return
        page, size_after_commit, *_ = _FRAME.unpack_from(data, start)
        content = data[start + _FRAME.size : start + step]
        stored = _sum_at(data, start + 16)
        sound = start in ours and seed is not None
        if sound and seed is not None:
            sound = _add(order, _add(order, seed, data[start : start + 8]), content) == stored
        seed = stored
        yield Frame(page, size_after_commit > 0, content, sound)


def _commonest_salts(data: bytes, page_size: int) -> bytes:
    """The generation of most frames, for a log whose header no longer tells."""
    starts = range(_HEADER.size, len(data) - 16, _FRAME.size + page_size)
    return Counter(data[start + 8 : start + 16] for start in starts).most_common(1)[0][0]


def _sum_at(data: bytes, offset: int) -> _Sum:
    first, second = struct.unpack_from(">2I", data, offset)
    return first, second


def _add(order: Literal["<", ">"], seed: _Sum, data: bytes) -> _Sum:
    first, second = seed
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for one, two in zip(words, words, strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second


def _read_index(path: Path) -> tuple[bytes, int]:
    """The salts and the number of committed frames that the index of a log holds; (b"", 0) if it is of no use."""
    try:
        with path.open("rb") as stream:
            head = stream.read(96)
    except OSError:
        return b"", 0
    if len(head) < 96 or head[:48] != head[48:] or not head[12]:
        return b"", 0
    return head[32:40], struct.unpack_from("=I", head, 16)[0]

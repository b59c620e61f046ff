"""The answer of the reading process: honest ones arrive whole, others are refused and can do nothing."""

from __future__ import annotations

import json
import pickle
import random
import struct
from pathlib import Path

import pytest

from app.documents import wire
from app.documents.limits import DEFAULT_LIMITS, Limits
from app.domain.documents import FileStatus, ReadResult
from tests.documents import making
from tests.documents.reading import extracted


def _answer(tmp_path: Path) -> tuple[bytes, ReadResult]:
    pages = [making.written(["Some words", "", "", "and others"]), making.written(["Second page"])]
    content = making.pdf(pages, outline=[("Some words", 0, 712.0)], title="A Title")
    result = ReadResult(FileStatus.READ, "A note.", extracted(content, tmp_path / "a.pdf"), unguarded=("Nothing.",))
    return wire.encode(result), result


def _with_section(data: bytes, number: int, section: bytes) -> bytes:
    lengths = list(struct.unpack_from("<8I", data))
    start = 32 + sum(lengths[:number])
    end = start + lengths[number]
    lengths[number] = len(section)
    return struct.pack("<8I", *lengths) + data[32:start] + section + data[end:]


def test_what_is_sent_arrives(tmp_path: Path) -> None:
    data, result = _answer(tmp_path)
    assert wire.decode(data, DEFAULT_LIMITS) == result


def test_every_format_arrives_as_it_was_read(tmp_path: Path) -> None:
    for name in ("docx", "pptx", "xlsx", "odt", "epub"):
        document = extracted(getattr(making, f"{name}_file")(), tmp_path / f"a.{name}")
        result = ReadResult(FileStatus.READ, "", document)
        assert wire.decode(wire.encode(result), DEFAULT_LIMITS) == result


def test_a_refusal_arrives() -> None:
    result = ReadResult(FileStatus.ENCRYPTED, "A password.")
    assert wire.decode(wire.encode(result), DEFAULT_LIMITS) == result


@pytest.mark.parametrize(
    ("number", "section"),
    [
        (0, b"{"),
        (0, b"[" * 20_000),
        (0, b'{"status": "indexed", "reason": "", "unguarded": []}'),
        (0, b'{"status": "read", "reason": 3, "unguarded": []}'),
        (1, b""),
        (1, b"\xff\xfe"),
        (1, b"words\x00\x1b[31m"),
        (2, b"one\nheading\ntoo many"),
        (3, struct.pack("<i", 7)),
        (3, b"\0\0\0"),
        (4, struct.pack("<5i", 99, 0, 1, -1, 1)),
        (4, struct.pack("<5i", 0, 5, 1, -1, 1)),
        (4, struct.pack("<5i", 0, 0, 1_000_000, -1, 1)),
        (4, struct.pack("<5i", 0, 0, 1, 1000, 1)),
        (4, struct.pack("<10i", 0, 5, 6, -1, 1, 0, 0, 1, -1, 1)),
        (6, struct.pack("<5i", 0, 0, 1, 1, 1)),
        (7, struct.pack("<7i", 0, 0, 1, 0, 0, 0, 0)),
        (7, struct.pack("<7i", 3, 1, 1, 0, 0, 0, 0)),
    ],
)
def test_an_answer_that_is_out_of_bounds_is_refused(number: int, section: bytes, tmp_path: Path) -> None:
    data, _ = _answer(tmp_path)
    with pytest.raises(wire.GarbageError):
        wire.decode(_with_section(data, number, section), DEFAULT_LIMITS)


def test_an_answer_over_the_limits_is_refused(tmp_path: Path) -> None:
    data, _ = _answer(tmp_path)
    for limits in (Limits(characters=10), Limits(blocks=1), Limits(units=1)):
        with pytest.raises(wire.GarbageError):
            wire.decode(data, limits)


def test_garbage_is_refused_and_never_executed(tmp_path: Path) -> None:
    trap = tmp_path / "trap"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (trap,)

    chance = random.Random(1)
    data, result = _answer(tmp_path)
    garbage = [b"", b"\0" * 40, pickle.dumps(Trap()), json.dumps({"status": "read"}).encode(), data[:-1], data + b"x"]
    for bad in garbage:
        with pytest.raises(wire.GarbageError):
            wire.decode(bad, DEFAULT_LIMITS)
    for _ in range(500):
        changed = bytearray(data)
        changed[chance.randrange(len(changed))] = chance.randrange(256)
        try:
            assert isinstance(wire.decode(bytes(changed), DEFAULT_LIMITS), ReadResult)
        except wire.GarbageError:
            continue
    assert not trap.exists()
    assert result.document is not None

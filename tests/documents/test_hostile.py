"""Files that are broken or made to hurt: each ends in a status with a sentence, and nothing else happens."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.documents.limits import MIB, Limits
from app.documents.reader import DocumentReader
from app.domain.documents import FileStatus
from tests.documents import hostile

# Smaller than those of the application, so that what exceeds them is made and read in less time.
LIMITS = Limits(
    file_bytes=20 * MIB,
    memory_bytes=160 * MIB,
    cpu_seconds=2,
    wall_seconds=10.0,
    units=1_000,
    characters=1_000_000,
    blocks=50_000,
    unpacked_bytes=100 * MIB,
    text_bytes=4 * MIB,
)
CASES = hostile.cases()


@pytest.fixture(scope="module")
def reader() -> Iterator[DocumentReader]:
    reader = DocumentReader(LIMITS)
    yield reader
    reader.close()


def test_there_are_enough_hostile_files() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[ascii(case.name) for case in CASES])
def test_a_hostile_file_ends_in_a_status(case: hostile.Case, reader: DocumentReader, tmp_path: Path) -> None:
    result = reader.read(case.make(tmp_path), another_follows=True)
    assert result.status in case.expected, result.reason
    assert (result.document is not None) == (result.status is FileStatus.READ)
    if result.document is None:
        assert result.reason.endswith((".", "?)."))
    else:
        assert case.never not in result.document.text
        assert len(result.document.text) <= LIMITS.characters


def test_no_reading_process_has_taken_more_memory_than_it_may() -> None:
    most = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert most <= 400 * MIB

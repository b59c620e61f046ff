"""Files that are broken or made to hurt: each ends in a status with a sentence, and nothing else happens."""

from __future__ import annotations

import os
import subprocess
import sys
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


_READ_THE_HEAVY = """
import resource, sys
from pathlib import Path
from app.documents.reader import DocumentReader
from tests.documents.test_hostile import CASES, LIMITS

if __name__ == "__main__":
    reader = DocumentReader(LIMITS)
    heavy = [case for case in CASES if "endless" in case.name or "bomb" in case.name]
    for number, case in enumerate(heavy):
        folder = Path(sys.argv[1]) / str(number)
        folder.mkdir()
        reader.read(case.make(folder), another_follows=True)
    reader.close()
    print(len(heavy), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_no_reading_process_takes_more_memory_than_it_may(tmp_path: Path) -> None:
    """In a process of its own: the largest child of this one may have been an engine."""
    script = tmp_path / "heavy.py"
    script.write_text(_READ_THE_HEAVY)
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, str(script), str(tmp_path)]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    count, peak = map(int, done.stdout.split())
    assert count >= 3
    assert 1024 * peak <= 400 * MIB

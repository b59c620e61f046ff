"""Downloads at random, killed at random: a few of those that `python -m tests.hub.random_downloads` runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hub.random_downloads import run


# Kills among faults; wrong bytes, for which the file is deleted and begun anew.
@pytest.mark.parametrize("seed", [3, 11])
def test_a_random_download_ends_with_the_right_file_or_none(tmp_path: Path, seed: int) -> None:
    found = run(seed, tmp_path)
    assert not found.fetched_too_much, found

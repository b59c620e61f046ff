"""A few kills of the whole window in random use. For many: ``python -m tests.whole.random_kills --runs 200``."""

from __future__ import annotations

from pathlib import Path

from tests.whole.random_kills import run


def test_windows_that_are_killed_at_random_moments_lose_nothing_that_they_acknowledged(tmp_path: Path) -> None:
    counts = run(6, 6, tmp_path, longest=0.7)
    assert counts.losses == []
    assert counts.quick_checks == sum(counts.kills.values()) == 6
    assert min(counts.sent, counts.drafts, counts.titles_and_pins) > 0

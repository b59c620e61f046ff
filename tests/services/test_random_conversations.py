"""Whatever is said, stopped, edited and restarted in whatever order: an answer is what a fresh context would give."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engine.recording import Records
from tests.services.random_conversations import run_random_conversation

COUNT = int(os.environ.get("INGLENOOK_RANDOM_CONVERSATIONS", "20"))


@pytest.mark.timeout(max(120, 6 * COUNT))
def test_answers_of_random_conversations_are_those_of_a_fresh_context(tmp_path: Path) -> None:
    records, answers = Records(), 0
    different: list[str] = []
    for seed in range(COUNT):
        result = run_random_conversation(seed, tmp_path / str(seed), records)
        answers += result.answers
        different += result.different
    assert different == []
    assert answers > 4 * COUNT
    assert all(records.done[way] > COUNT // 4 for way in ("rollbacks", "checkpoints restored", "states restored"))
    assert records.done["aborted decodes"] > COUNT // 4

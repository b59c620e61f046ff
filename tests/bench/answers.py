"""Random conversations with the tiny model: how many answers are those that a fresh context gives. It has to be all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.report import Row
from tests.engine.recording import Records
from tests.services.random_conversations import run_random_conversation


def rows(conversations: int) -> list[Row]:
    records, answers, exact = Records(), 0, 0
    different: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(conversations):
            result = run_random_conversation(seed, Path(folder) / str(seed), records)
            answers += result.answers
            exact += result.exact
            different += result.different
    for line in different:
        print(f"not what a fresh context gives: {line}")
    name = f"right answers in {conversations} random conversations"
    right = answers - len(different)
    return [
        Row(name, right, "answers", answers, "all of them", "all", not different),
        Row("of these equal to the last bit", exact, "answers", answers, "all of them"),
    ]

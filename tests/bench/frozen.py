"""The frozen application, as `make package` leaves it in build/frozen: its start, and its engine beside ours."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import start_up
from tests.bench.report import Row

PROGRAM = Path(__file__).parents[2] / "build" / "frozen" / "inglenook" / "inglenook"
_HERE = (sys.executable, "-m", "app")
_SPEED_LIMIT = 0.95
_TOKENS = 32
_PROMPT = "Count."


def rows(program: Path, model: Path, rounds: int) -> list[Row]:
    """Rounds in turns, the best of each: what else runs on this machine can only slow a round down."""
    if not program.exists():
        print("the frozen application skipped: make it with `make package`.")
        return []
    frozen, here = [], []
    for _ in range(rounds):
        here.append(_speeds(_HERE, model))
        frozen.append(_speeds((str(program),), model))
    found = start_up.rows((str(program),), "window of the frozen application visible after")
    against, limit = "the development build", f"at least {_SPEED_LIMIT}"
    prefill, generation = zip(_best(frozen), _best(here), strict=True)
    found.append(Row("prefill, frozen application", prefill[0], "tokens/s", prefill[1], against))
    row = Row("generation, frozen application", generation[0], "tokens/s", generation[1], against, limit)
    return [*found, row.judged(generation[0] >= _SPEED_LIMIT * generation[1])]


def _best(rounds: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return max(prefill for prefill, _ in rounds), max(generation for _, generation in rounds)


def _speeds(program: Sequence[str], model: Path) -> tuple[float, float]:
    """Tokens a second of the prompt and of the answer, as `ask` tells them."""
    with tempfile.TemporaryDirectory() as data:
        command = [*program, "ask", _PROMPT, "--json", "--model", str(model), "--max-tokens", str(_TOKENS)]
        command += ["--temperature", "0", "--data-dir", data]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    last = json.loads(result.stdout.splitlines()[-1])
    assert last["event"] == "done", last
    statistics = last["stats"]
    return statistics["prompt_tokens"] / statistics["prefill_seconds"], statistics["tokens_per_second"]

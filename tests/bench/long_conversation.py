"""The whole application on a conversation of thousands of tokens: memory, stop, second turn, reopening.

One conversation serves all rows, because its prefill takes minutes. The reference is a bare llama_decode loop that
keeps nothing from one turn to the next: it computes the second turn's whole prompt in a fresh context.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from app.engine.base import EnginePlan
from tests.bench.bare_loop import BareProcess
from tests.bench.conversation import CONTEXT
from tests.bench.report import Row

GIB = 1 << 30
MEMORY_LIMIT = 12.4
_STOP_LIMIT = 0.5
_FIRST_TOKEN_SLACK = 0.5
_READY_SLACK = 2.0
_SAMPLE_SECONDS = 0.1

Steps = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Reference:
    """Seconds of the bare loop for a whole prompt, for the tokens of it that are new, and for one batch."""

    whole: float
    own: float
    batch: float


def rows(model: Path, tokens: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        first, peak = run_steps(model, data, "--tokens", str(tokens))
        conversation, question = first["first turn"]["conversation"], first["question"]["text"]
        (state,) = (data / "states").glob(f"{conversation}.*.state")
        evict(state)
        read_seconds, state_size = _read_seconds(state), state.stat().st_size
        evict(state)
        again, _ = run_steps(model, data, "--reopen", conversation, "--question", question)
    reference = _measure_reference(model, first["next turn"])
    return [
        _memory(peak, model, first["first turn"]["prompt_tokens"]),
        _prefill(first, reference),
        *_stop(first, reference),
        _first_token("second turn, first token after", first["next turn"], reference),
        _reopened(again["opened"]["seconds"], read_seconds, state_size, reference),
        _first_token("turn after reopening, first token after", again["next turn"], reference),
    ]


def run_steps(model: Path, data: Path, *options: str) -> tuple[Steps, int]:
    """Run tests.bench.conversation. Its steps by name, and the peak resident bytes of its whole process tree."""
    command = [sys.executable, "-m", "tests.bench.conversation", str(model), str(data), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    peak = _Peak(process.pid)
    steps: Steps = {}
    for line in process.stdout:
        step = json.loads(line)
        steps[step["step"]] = step
    if process.wait():
        raise SystemExit(f"the conversation failed after these steps: {list(steps)}")
    return steps, peak.end()


class _Peak:
    """Samples the resident memory of a process and its descendants. Shared pages count once for each."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._highest = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._highest

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self._highest = max(self._highest, self._resident())

    def _resident(self) -> int:
        total = 0
        try:
            for process in [self._root, *self._root.children(recursive=True)]:
                total += process.memory_info().rss
        except psutil.NoSuchProcess:
            return total
        return total


def _measure_reference(model: Path, turn: dict[str, Any]) -> _Reference:
    """A fresh context computes a prompt as long as this turn's; what of it was new comes last and is timed apart."""
    plan = EnginePlan(context_size=CONTEXT)
    prompt = [1000 + i * 37 % 4096 for i in range(turn["prompt_tokens"])]
    loop = BareProcess(model, plan)
    try:
        batch = loop.prefill(prompt[: plan.batch_size])
        known = loop.prefill(prompt[plan.batch_size : turn["reused_tokens"]], fresh=False)
        own = loop.prefill(prompt[turn["reused_tokens"] :], fresh=False)
    finally:
        loop.close()
    return _Reference(batch + known + own, own, batch)


def _memory(peak: int, model: Path, tokens: int) -> Row:
    return Row(
        f"peak memory of all processes, {tokens:,} tokens of {CONTEXT:,}",
        peak / GIB,
        "GiB",
        model.stat().st_size / GIB,
        "the file",
        f"at most {MEMORY_LIMIT} GiB",
        peak / GIB <= MEMORY_LIMIT,
    )


def _prefill(steps: Steps, reference: _Reference) -> Row:
    """Not in turns with its reference, hence without a limit: speed.py has the fair one."""
    turn, second = steps["first turn"], steps["next turn"]
    rate = (turn["prompt_tokens"] - turn["reused_tokens"]) / turn["prefill_seconds"]
    bare = second["prompt_tokens"] / reference.whole
    return Row("prefill of the second half of a long message", rate, "tokens/s", bare, "a bare loop on all of it")


def _stop(steps: Steps, reference: _Reference) -> list[Row]:
    stopped, turn = steps["stopped"], steps["first turn"]
    kept = turn["reused_tokens"]
    return [
        Row(
            "stop in the middle of a prefill",
            stopped["seconds"],
            "s",
            reference.batch,
            "a batch of 256 tokens",
            f"at most {_STOP_LIMIT} s",
            stopped["seconds"] <= _STOP_LIMIT,
        ),
        Row(
            "sent again: tokens that were still there",
            kept,
            "tokens",
            stopped["done"],
            "those done at the stop",
            "all",
            kept >= stopped["done"],
        ),
    ]


def _first_token(name: str, turn: dict[str, Any], reference: _Reference) -> Row:
    """From sending to the end of a turn of one token, which is a little more than to its first token."""
    own = turn["prompt_tokens"] - turn["reused_tokens"]
    limit = reference.own + _FIRST_TOKEN_SLACK
    return Row(
        name,
        turn["seconds"],
        "s",
        reference.whole,
        f"prefilling all {turn['prompt_tokens']:,} tokens",
        f"at most {limit:.2f} s: {own} tokens of its own, and {_FIRST_TOKEN_SLACK} s",
        turn["seconds"] <= limit,
    )


def _reopened(seconds: float, read_seconds: float, size: int, reference: _Reference) -> Row:
    limit = read_seconds + _READY_SLACK
    return Row(
        "reopened after a restart, ready after",
        seconds,
        "s",
        reference.whole - reference.own,
        "prefilling it",
        f"at most {limit:.2f} s: {read_seconds:.2f} s to read {size / 2**20:.0f} MiB, and {_READY_SLACK:.0f} s",
        seconds <= limit,
    )


def evict(path: Path) -> None:
    """Have the next reader read from the disk, where the system lets us ask for that."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _read_seconds(path: Path) -> float:
    started = time.monotonic()
    with path.open("rb", buffering=0) as stream:
        while stream.read(1 << 22):
            pass
    return time.monotonic() - started

"""Downloads at random: a server that misbehaves by chance, and a process that is killed by chance.

`python -m tests.hub.random_downloads 200 SEED` makes so many. Each ends with the right file or without one, and no more
is fetched than 1.05 times the file beside what the server spoiled.

A kill costs what reached the system for the process and was not written yet: what waited in its socket while others had
the processor, and what still arrived while the system took the process down. That is a few ms of the line, some hundred
kB here, whatever the size of the file: nothing of 12 GB, and less than 5 % of the tens of MB of these. It is counted as
fetched. On a gigabit and two processors with five programs at work, 5 of 200 files of 24 to 64 MB met more than 5 %:
no reason to give the socket less room, with which far servers are slow. So the line has 400 Mbit/s.
"""

from __future__ import annotations

import random
import secrets
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.hub.messages import Downloaded, DownloadRequest, Failed, Stopped
from app.hub.process import DownloadProcess
from tests.hub.server import QUICK, Fault, LocalHub, Plan, content, hub_file, local_hub

_SIZES = (48_000_000, 96_000_000)
_LINE = 50_000_000
_MOST_ROUNDS = 12
_FAULTS = (
    "drop", "drop", "drop", "drop", "stall", "no_range", "416", "etag", "garbled_range", "status", "redirect", "long",
    "short", "coded", "wrong_bytes", "etag_and_bytes",
)  # fmt: skip
_STATUS = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Run:
    """What became of one: rounds are processes that were started, kills those of them that were killed."""

    size: int
    sent: int
    spoiled: int
    rounds: int
    kills: int
    finished: bool

    @property
    def excess(self) -> float:
        """What was fetched beyond the file and what the server spoiled, as a share of the file."""
        return (self.sent - self.spoiled) / self.size - 1

    @property
    def fetched_too_much(self) -> bool:
        return self.sent > 1.05 * self.size + self.spoiled


def run(seed: int, folder: Path) -> Run:
    """Download one file until it is there, or patience ends. Raises AssertionError for a wrong file."""
    rng = random.Random(seed)
    data = content(rng.randrange(*_SIZES), seed)
    final = folder / "model.gguf"
    with local_hub({final.name: data}, _plan(rng, len(data))) as hub:
        hub.rate = _LINE
        rounds, kills = 0, 0
        while rounds < _MOST_ROUNDS and not final.exists():
            rounds += 1
            kills += _round(rng, hub, folder, data)
            assert not final.exists() or final.read_bytes() == data, f"run {seed}: a wrong file under the final name"
        while hub.sending:
            time.sleep(0.005)
        return Run(len(data), hub.sent, hub.spoiled, rounds, kills, final.exists())


def _round(rng: random.Random, hub: LocalHub, folder: Path, data: bytes) -> bool:
    """One process, which is killed more often than not. Tells whether it was."""
    request = DownloadRequest("small", "a/b", None, (hub_file("model.gguf", data),), folder, hub.endpoint, None, QUICK)
    process = DownloadProcess()
    outcomes: list[object] = []
    thread = threading.Thread(target=lambda: outcomes.append(process.run(request, lambda event: None)))
    before = hub.gets
    thread.start()
    killed = False
    if rng.random() < 0.7:
        # From the first request on, which is when something can be lost, to a little after the last byte.
        delay = rng.uniform(0, 1.1 * len(data) / _LINE)
        while thread.is_alive() and hub.gets == before:
            time.sleep(0.002)
        thread.join(delay)
        killed = thread.is_alive() and _kill(process.pid)
    thread.join()
    assert isinstance(outcomes[0], Downloaded | Failed | Stopped)
    return killed


def _kill(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        psutil.Process(pid).kill()
    except psutil.NoSuchProcess:
        return False
    return True


def _plan(rng: random.Random, size: int) -> Plan:
    def plan(method: str, count: int) -> Fault | None:
        if method == "HEAD":
            return Fault("status", number=rng.choice(_STATUS)) if rng.random() < 0.1 else None
        if rng.random() < 0.45:
            return None
        kind = rng.choice(_FAULTS)
        headers = {"Retry-After": "0"} if rng.random() < 0.5 else {}
        number = rng.choice(_STATUS) if kind == "status" else rng.randrange(1 << 20)
        return Fault(kind, at=rng.randrange(size), number=number, headers=headers)

    return plan


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    first = int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbelow(1_000_000)
    print(f"seeds {first} to {first + count - 1}", flush=True)
    runs: list[Run] = []
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(run(seed, Path(folder)))
        if runs[-1].fetched_too_much:
            print(f"run {seed} fetched too much: {runs[-1]}", flush=True)
    excess = sorted(found.excess for found in runs)
    print(
        f"{len(runs)} runs, {sum(found.finished for found in runs)} with the right file, none with a wrong one; "
        f"{sum(found.kills for found in runs)} kills in {sum(found.rounds for found in runs)} processes; "
        f"{sum(found.fetched_too_much for found in runs)} fetched too much; beyond the file and what was spoiled "
        f"{excess[0]:.2%} at least, {excess[len(excess) // 2]:.2%} in the median, {excess[-1]:.2%} at most"
    )
    return 1 if any(found.fetched_too_much for found in runs) else 0


if __name__ == "__main__":
    raise SystemExit(main())

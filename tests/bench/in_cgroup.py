"""Runs the long conversation where only so much memory can be had, and says what the kernel counted.

    python -m tests.bench.in_cgroup MODEL [--tokens 4000] [--limit 14]

With systemd in a scope of the user's or of the system's; as root in a cgroup made by hand, version 2 or 1. Where none
can be made it says so and exits with 2. The model is put out of the page cache first, because the pages of a file are
charged to the group that reads them first.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.long_conversation import evict, run_steps

_ROOT = Path("/sys/fs/cgroup")
_NAME = f"inglenook-bench-{os.getpid()}"
_GIB = 1 << 30
_NO_GROUP = 2
_REMOVE_TRIES = 120


@dataclass(frozen=True, slots=True)
class _Group:
    """The cgroup that a process is in. Counters in bytes and events."""

    path: Path
    version: int

    @classmethod
    def of_this_process(cls) -> _Group | None:
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if "memory" in controllers.split(","):
                return cls(_ROOT / "memory" / path.lstrip("/"), 1)
        # The last line is that of version 2, which may be there without its memory controller.
        whole = _ROOT / path.lstrip("/")
        return cls(whole, 2) if (whole / "memory.current").exists() or whole == _ROOT else None

    @property
    def limit(self) -> str:
        return self._read("memory.max" if self.version == 2 else "memory.limit_in_bytes")

    def peak(self) -> int:
        return int(self._read("memory.peak" if self.version == 2 else "memory.max_usage_in_bytes"))

    def events(self) -> dict[str, str]:
        """What happened: oom_kill counts processes that were ended, max (or failcnt) how often it was met."""
        if self.version == 2:
            return dict(line.split() for line in self._read("memory.events").splitlines())
        oom = dict(line.split() for line in self._read("memory.oom_control").splitlines())
        return {"failcnt": self._read("memory.failcnt"), "oom_kill": oom.get("oom_kill", "0")}

    def _read(self, name: str) -> str:
        return (self.path / name).read_text().strip()


def main() -> int:
    options = _options()
    if options.inside:
        return _inside(options.model, options.tokens)
    evict(options.model)
    limit = round(options.limit * _GIB)
    command = [sys.executable, "-m", "tests.bench.in_cgroup", str(options.model), "--tokens", str(options.tokens)]
    command.append("--inside")
    scope = _systemd_scope(limit)
    if scope:
        return subprocess.run([*scope, *command], check=False).returncode
    try:
        group = _make_by_hand(limit)
    except OSError as error:
        print(f"No cgroup with a memory limit can be made here ({error}); the run was left out.")
        print("It takes systemd (systemd-run --user), or root on Linux with the memory controller.")
        return _NO_GROUP
    try:
        code = subprocess.run(command, preexec_fn=lambda: _join(group), check=False).returncode
        if code < 0:
            # The one that counts inside was ended as well.
            print(f"Ended by signal {-code}. {_counters(group)}")
        return abs(code)
    finally:
        _remove(group)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--tokens", type=int, default=4000)
    parser.add_argument("--limit", type=float, default=14, help="GiB")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _inside(model: Path, tokens: int) -> int:
    """In the cgroup: run the conversation, then read the group's counters."""
    group = _Group.of_this_process()
    assert group is not None
    print(f"cgroup of version {group.version}, limit {_in_gib(int(group.limit))}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        said = _run(model, Path(folder), tokens)
    print(said or "The conversation did not come to its end.")
    print(_counters(group))
    return 0 if said and group.events().get("oom_kill", "0") == "0" else 1


def _counters(group: _Group) -> str:
    events = ", ".join(f"{name} {count}" for name, count in group.events().items())
    return f"Peak of the group {_in_gib(group.peak())}; {events}."


def _run(model: Path, data: Path, tokens: int) -> str:
    """What to say of a conversation that came to its end, nothing of one that did not."""
    try:
        steps, resident = run_steps(model, data, "--tokens", str(tokens))
    except SystemExit as error:
        print(error)
        return ""
    return f"{steps['first turn']['prompt_tokens']:,} tokens, to the end; processes held up to {_in_gib(resident)}."


def _systemd_scope(limit: int) -> list[str]:
    """The command that runs another in a scope with this limit; empty where there is no systemd to ask."""
    if shutil.which("systemd-run") is None:
        return []
    whose = [] if os.geteuid() == 0 else ["--user"]
    scope = ["systemd-run", *whose, "--quiet", "--scope", "-p", f"MemoryMax={limit}", "-p", "MemorySwapMax=0"]
    works = subprocess.run([*scope, "true"], capture_output=True, check=False).returncode == 0
    return scope if works else []


def _make_by_hand(limit: int) -> _Group:
    """A cgroup with this limit. Raises OSError where that is not allowed or not there."""
    own = _Group.of_this_process()
    if own is None:
        raise OSError("there is no memory controller")
    # In version 2 a group with processes can't have children with controllers, except for the root.
    group = _Group((own.path if own.version == 1 else _ROOT) / _NAME, own.version)
    if group.version == 2:
        (_ROOT / "cgroup.subtree_control").write_text("+memory")
    group.path.mkdir()
    try:
        (group.path / ("memory.max" if group.version == 2 else "memory.limit_in_bytes")).write_text(str(limit))
    except OSError:
        group.path.rmdir()
        raise
    return group


def _remove(group: _Group) -> None:
    """Once it is empty: an engine whose application was killed needs a moment to see that."""
    for _ in range(_REMOVE_TRIES):
        if not (group.path / "cgroup.procs").read_text():
            break
        time.sleep(0.5)
    group.path.rmdir()


def _join(group: _Group) -> None:
    (group.path / "cgroup.procs").write_text(str(os.getpid()))


def _in_gib(size: int) -> str:
    return f"{size / _GIB:.2f} GiB"


if __name__ == "__main__":
    sys.exit(main())

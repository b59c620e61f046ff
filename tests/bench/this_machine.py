"""What a measurement was taken on: figures of two machines, or of two commits, can't be compared without it."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

_CPU_INFO = Path("/proc/cpuinfo")


def facts() -> dict[str, object]:
    """JSON-ready. load is the number of processes that wanted a core over the last 1, 5 and 15 minutes."""
    memory = psutil.virtual_memory()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "cpu": _cpu(),
        "cores": psutil.cpu_count(logical=False),
        "threads": psutil.cpu_count(),
        "memory_bytes": memory.total,
        "available_bytes": memory.available,
        "load": psutil.getloadavg(),
        "python": platform.python_version(),
        "llama_cpp_python": version("llama-cpp-python"),
        "commit": _commit(),
    }


def in_words() -> str:
    known = facts()
    return (
        f"{known['date']}, {known['cpu']}, {known['cores']} cores, "
        f"{psutil.virtual_memory().total / (1 << 30):.1f} GiB, load {psutil.getloadavg()[0]:.1f}, "
        f"llama-cpp-python {known['llama_cpp_python']}, commit {known['commit']}"
    )


def _cpu() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    """The commit that is checked out, with a mark where files differ from it."""
    command = ["git", "-C", os.fspath(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=10"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"

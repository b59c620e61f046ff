"""What this computer has, in numbers."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

_STATUS = Path("/proc/self/status")


def available_memory() -> int:
    """Bytes that can be had without swapping."""
    return int(psutil.virtual_memory().available)


def total_memory() -> int:
    return int(psutil.virtual_memory().total)


def physical_cores() -> int:
    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1


def engine_threads() -> int:
    """Threads for inference. Hyper-threads slow llama.cpp's barriers down; above eight, memory is the limit."""
    return min(physical_cores(), 8)


def peak_resident_bytes() -> int:
    """The most memory that this process ever held resident."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    if _STATUS.exists():
        # Linux's ru_maxrss is no less than what the process was that started this one, from before its exec.
        return _high_water_mark(_STATUS.read_text(encoding="ascii", errors="replace"))
    # Only POSIX has the module.
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024


def _high_water_mark(status: str) -> int:
    found = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(found.split()[1]) * 1024

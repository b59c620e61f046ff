"""What this computer has, in numbers."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

# What the system, a desktop and a browser hold on a computer that is in use; about 3 GiB of 16 (facts/engine.md 4.4).
_OTHERS = 5 << 29
_STATUS = Path("/proc/self/status")
MOST_THREADS = 8
_GPUS = ("cuda", "hip", "metal", "sycl", "vulkan")


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer, real or thought of. Memory in bytes; available is what can be had without swapping.

    gpus are the graphics backends that this build of llama.cpp brings.
    """

    total_memory: int
    available_memory: int
    cores: int
    gpus: tuple[str, ...] = ()

    @classmethod
    def this(cls) -> Machine:
        return cls(total_memory(), available_memory(), physical_cores(), gpu_backends())

    @classmethod
    def with_memory(cls, total: int) -> Machine:
        """One with so much memory in ordinary use, and the cores of this one."""
        return cls(total, max(total - _OTHERS, total // 2), physical_cores(), gpu_backends())


def available_memory() -> int:
    """Bytes that can be had without swapping."""
    return int(psutil.virtual_memory().available)


def total_memory() -> int:
    return int(psutil.virtual_memory().total)


def gpu_backends() -> tuple[str, ...]:
    """Graphics backends of the llama.cpp that is installed, by their libraries: nothing is loaded to find out."""
    spec = importlib.util.find_spec("llama_cpp")
    folders = spec.submodule_search_locations if spec is not None else None
    found = {
        name
        for folder in folders or []
        for path in (Path(folder) / "lib").glob("*ggml-*")
        for name in _GPUS
        if f"ggml-{name}." in path.name
    }
    return tuple(sorted(found))


def physical_cores() -> int:
    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1


def engine_threads() -> int:
    """Threads for inference. Hyper-threads slow llama.cpp's barriers down; above eight, memory is the limit."""
    return min(physical_cores(), MOST_THREADS)


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

"""Which of llama.cpp's modules computes: one for each generation of processors, of which the best that runs is taken.

A build with GGML_BACKEND_DL holds modules named ``ggml-cpu-NAME``. Each tells its own score: 0 where this processor
lacks an instruction that it uses, else the more the better (ggml/src/ggml-cpu/arch/x86/cpu-feats.cpp). Asking executes
nothing that needs such instructions. Other builds have no modules; there is nothing to choose then.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path

FORCED = "INGLENOOK_CPU_VARIANT"
"""Environment variable: the name of the module to use, whatever its score is."""
STEPS_DOWN = "INGLENOOK_CPU_STEPS_DOWN"
"""Environment variable, set for an engine process: how many of the best modules crashed by illegal instructions."""

_MODULE = re.compile(r"(?:lib)?ggml-cpu-(?P<name>\w+)\.(?:so|dll|dylib)")


@dataclass(frozen=True, slots=True)
class Variant:
    """A module, and how well it fits this processor; with a score of 0 it would crash."""

    name: str
    path: Path
    score: int


def library_folder() -> Path | None:
    """Where llama.cpp's libraries are, found without loading any; None where it is not installed."""
    if os.environ.get("LLAMA_CPP_LIB_PATH"):
        return Path(os.environ["LLAMA_CPP_LIB_PATH"])
    spec = importlib.util.find_spec("llama_cpp")
    return Path(spec.origin).parent / "lib" if spec is not None and spec.origin is not None else None


def variants(folder: Path) -> list[Variant]:
    """All modules in this folder, the best for this processor first. Empty for a build without modules."""
    found = []
    for path in sorted(folder.iterdir()):
        match = _MODULE.fullmatch(path.name)
        if match is not None:
            found.append(Variant(match["name"], path, _score(path)))
    return sorted(found, key=lambda variant: -variant.score)


def choose(known: list[Variant]) -> Variant | None:
    """The module to load: the forced one, else the best that this processor runs and that has not crashed.

    None where there are no modules. A name that does not exist is as none given.
    """
    forced = os.environ.get(FORCED)
    for variant in known:
        if variant.name == forced:
            return variant
    running = [variant for variant in known if variant.score > 0]
    if not running:
        return None
    steps = int(os.environ.get(STEPS_DOWN) or 0)
    return running[min(steps, len(running) - 1)]


def _score(path: Path) -> int:
    try:
        score = ctypes.CDLL(str(path)).ggml_backend_score
    except (OSError, AttributeError):
        # Damaged or of another build: not one to use.
        return 0
    score.restype = ctypes.c_int
    return int(score())

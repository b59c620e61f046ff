"""The reference that most programs in Python use: class llama_cpp.Llama with its defaults, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from app.engine.machine import peak_resident_bytes


@dataclass(frozen=True, slots=True)
class StockFigures:
    """Seconds are wall-clock; token_seconds those of one sampled token."""

    load_seconds: float
    prefill_seconds: float
    token_seconds: float
    peak_bytes: int


def measure_stock(path: Path, prompt: Sequence[int], count: int) -> StockFigures:
    """Load, prefill the prompt (fewer than 512 tokens, the default context) and sample count tokens."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measure, args=(theirs, path, list(prompt), count), daemon=True)
    process.start()
    theirs.close()
    try:
        figures: StockFigures = ours.recv()
        return figures
    finally:
        process.join()


def _measure(connection: Connection, path: Path, prompt: list[int], count: int) -> None:
    import llama_cpp
    from llama_cpp import llama_cpp as C

    # A build with backends as modules has none until they are loaded (llama-cpp-python #2069).
    C._lib.ggml_backend_load_all_from_path(os.fsencode(Path(llama_cpp.__file__).parent / "lib"))
    started = time.monotonic()
    llama = llama_cpp.Llama(str(path), verbose=False)
    loaded = time.monotonic()
    tokens = llama.generate(prompt, temp=0)
    next(tokens)
    first = time.monotonic()
    for _ in range(count - 1):
        next(tokens)
    per_token = (time.monotonic() - first) / (count - 1)
    connection.send(StockFigures(loaded - started, first - loaded, per_token, peak_resident_bytes()))

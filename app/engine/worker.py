"""The engine process: takes requests from a pipe, runs them on an engine of its own, sends the events back.

An embedding model runs in the same way, in another process.
"""

from __future__ import annotations

import os
import pkgutil
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from app.engine.base import (
    CountEvent,
    CountRequest,
    Embedder,
    EmbedEvent,
    EmbedRequest,
    Engine,
    Failed,
    GenerateEvent,
    GenerateRequest,
    LoadEvent,
    LoadRequest,
    PrefillRequest,
)
from app.engine.variants import STEPS_DOWN
from app.process_name import name_process


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """End the process."""


def serve(connection: Connection, abort: Any, factory: str, log: Path, role: str, steps_down: int = 0) -> None:
    """Main function of the process. Ends when asked to, or when the other end of the pipe is gone.

    factory names what makes an engine around the shared abort flag, as ``module:name``: by name, so that the process
    that starts this one need not load llama.cpp itself. role is the name of this one in the system's lists. steps_down
    is how many kinds of llama.cpp's code this processor turned out not to run (see variants.py).
    """
    # Ctrl+C in a terminal reaches this process too; the one that owns the pipe decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    name_process(role)
    _write_output_to(log)
    _be_first_to_go()
    os.environ[STEPS_DOWN] = str(steps_down)
    engine: Engine | Embedder = pkgutil.resolve_name(factory)(abort)
    try:
        while True:
            request = connection.recv()
            if isinstance(request, CloseRequest):
                return
            for event in _answer(engine, request):
                connection.send(event)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    finally:
        engine.close()
        connection.close()


def _answer(
    engine: Engine | Embedder, request: object
) -> Iterator[LoadEvent | GenerateEvent | CountEvent | EmbedEvent]:
    """Events for a request. A fault of our own becomes an event like any other: this is a border."""
    try:
        match engine, request:
            case _, LoadRequest():
                yield from engine.load(request)
            case Engine(), GenerateRequest():
                yield from engine.generate(request)
            case Engine(), PrefillRequest():
                yield from engine.prefill(request)
            case Engine(), CountRequest():
                yield from engine.count(request)
            case Embedder(), EmbedRequest():
                yield from engine.embed(request)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception:  # noqa: BLE001 - what is not foreseen must reach the window, not end the process
        traceback.print_exc()
        yield Failed(
            "The engine met an internal error.",
            "Send the message again; if it stays, report it.",
            traceback.format_exc(),
        )


def _write_output_to(log: Path) -> None:
    """Send what native code prints to a file, where an abort says why: never to the terminal or to a closed pipe.

    Where that file can't be written it is lost.
    """
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError:
        descriptor = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    # Without this an abort would start a debugger to print a backtrace.
    os.environ["GGML_NO_BACKTRACE"] = "1"


def _be_first_to_go() -> None:
    """When memory runs out, Linux should end the engine and not the window or something else of the user's."""
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        try:
            score.write_text("500")
        except OSError:
            # Not allowed in some containers; nothing depends on it.
            return

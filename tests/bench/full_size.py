"""Memory and speed with a model of gpt-oss-20b's full size, beside a bare llama_decode loop."""

from __future__ import annotations

import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import platformdirs
import psutil

from app.domain.prompt import Tokens
from app.engine.base import EnginePlan, Finished, GenerateRequest, Loaded, LoadRequest, Sampling
from app.engine.process import EngineProcess
from tests.bench.report import Row

GIB = 1 << 30
_CONTEXT = 16384
_PROMPT = tuple(1000 + 7 * i for i in range(64))
_TOKENS = 48
_ROUNDS = 3
_MEMORY_LIMIT = 12.4
_SPEED_LIMIT = 0.95


def default_path() -> Path:
    return Path(platformdirs.user_cache_dir("inglenook")) / "gpt-oss-20b-synthetic.gguf"


def rows(model: Path) -> list[Row]:
    return [_memory(model), _speed(model)]


def _memory(model: Path) -> Row:
    """Peak resident memory of everything that `inglenook ask` starts, sampled ten times a second."""
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "app", "ask", "Say something.", "--model", str(model), "--json"]
        command += ["--context", str(_CONTEXT), "--max-tokens", "32", "--data-dir", data]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(0.1)
        output = process.communicate()[0]
    done = json.loads(output.splitlines()[-1])
    if done["event"] != "done":
        raise SystemExit(f"ask failed: {done}")
    return Row(
        "peak resident memory, whole process tree",
        peak / GIB,
        "GiB",
        model.stat().st_size / GIB,
        "the file",
        f"at most {_MEMORY_LIMIT} GiB",
        peak / GIB <= _MEMORY_LIMIT,
    )


def _resident(pid: int) -> int:
    total = 0
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        return total
    return total


def _speed(model: Path) -> Row:
    """Tokens a second in turns, so that a busy moment of the machine hits both."""
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        engine = EngineProcess("app.engine.llama_engine:LlamaEngine", Path(folder) / "engine.log")
        loop = _BareLoop(model)
        try:
            loaded = list(engine.load(LoadRequest(model, EnginePlan(context_size=_CONTEXT))))[-1]
            assert isinstance(loaded, Loaded), loaded
            for _ in range(_ROUNDS):
                bare.append(loop.tokens_per_second())
                request = GenerateRequest((Tokens(_PROMPT),), Sampling(0), _TOKENS)
                end = list(engine.generate(request))[-1]
                assert isinstance(end, Finished), end
                ours.append(end.statistics.tokens_per_second)
        finally:
            engine.close()
            loop.close()
    ratio = statistics.median(ours) / statistics.median(bare)
    return Row(
        "generation",
        statistics.median(ours),
        "tokens/s",
        statistics.median(bare),
        "a bare llama_decode loop",
        f"at least {_SPEED_LIMIT}",
        ratio >= _SPEED_LIMIT,
    )


class _BareLoop:
    """llama_decode and a greedy sampler, and nothing else, in a process of its own. The mapped file is shared."""

    def __init__(self, model: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_run_bare_loop, args=(theirs, str(model)), daemon=True)
        self._process.start()
        self._connection.recv()

    def tokens_per_second(self) -> float:
        self._connection.send(True)
        rate: float = self._connection.recv()
        return rate

    def close(self) -> None:
        self._connection.send(False)
        self._process.join()


def _run_bare_loop(connection: Connection, path: str) -> None:
    """Runs in its own process: load as the engine does, then decode on demand."""
    from tests.bench.bare_loop import BareLoop

    loop = BareLoop(path, _CONTEXT, list(_PROMPT), _TOKENS)
    connection.send(True)
    while connection.recv():
        connection.send(loop.run())

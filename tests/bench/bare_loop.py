"""The reference for speed: llama.cpp's C API in a loop, with the engine's parameters and none of its code."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from app.engine.base import EnginePlan


class BareLoop:
    """One model and one context, in this process. Seconds are wall-clock."""

    def __init__(self, path: Path, plan: EnginePlan) -> None:
        import llama_cpp
        from llama_cpp import llama_cpp as C

        self._api: Any = C
        self._log = C.llama_log_callback(lambda level, text, data: None)
        C.llama_log_set(self._log, None)
        C.llama_backend_init()
        C._lib.ggml_backend_load_all_from_path(os.fsencode(Path(llama_cpp.__file__).parent / "lib"))
        started = time.monotonic()
        model_params: Any = C.llama_model_default_params()
        model_params.load_mode = C.LLAMA_LOAD_MODE_MMAP if plan.memory_map else C.LLAMA_LOAD_MODE_NONE
        model_params.use_extra_bufts, model_params.n_gpu_layers = plan.repack, 0
        model = C.llama_model_load_from_file(os.fsencode(path), model_params)
        params: Any = C.llama_context_default_params()
        params.n_ctx, params.n_outputs_max = plan.context_size, 1
        params.n_batch = params.n_ubatch = self._batch_size = plan.batch_size
        params.n_threads = params.n_threads_batch = plan.threads or min(psutil.cpu_count(logical=False) or 1, 8)
        params.flash_attn_type, params.swa_full, params.no_perf = C.LLAMA_FLASH_ATTN_TYPE_ENABLED, False, True
        assert model
        self._context: Any = C.llama_init_from_model(model, params)
        assert self._context
        self._memory: Any = C.llama_get_memory(self._context)
        self._batch: Any = C.llama_batch_init(plan.batch_size, 0, 1)
        self._sampler: Any = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())
        C.llama_sampler_chain_add(self._sampler, C.llama_sampler_init_greedy())
        self.load_seconds = time.monotonic() - started
        self._length = 0

    def prefill(self, ids: Sequence[int], fresh: bool) -> float:
        """Compute ids, in an empty context or after what is there. Seconds."""
        started = time.monotonic()
        if fresh:
            self._api.llama_memory_clear(self._memory, True)
            self._length = 0
        for start in range(0, len(ids), self._batch_size):
            self._decode(ids[start : start + self._batch_size])
        return time.monotonic() - started

    def generate(self, count: int) -> float:
        """Sample count tokens. Seconds a token, the first left out: it belongs to the prefill."""
        started = 0.0
        for i in range(count):
            token = self._api.llama_sampler_sample(self._sampler, self._context, -1)
            started = started or time.monotonic()
            if i < count - 1:
                self._decode([token])
        return (time.monotonic() - started) / (count - 1)

    def _decode(self, ids: Sequence[int]) -> None:
        batch = self._batch
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = token, self._length + i, 1, 0
            batch.logits[i] = i == len(ids) - 1
        if self._api.llama_decode(self._context, batch):
            raise SystemExit("the bare loop could not decode")
        self._length += len(ids)


class BareProcess:
    """A bare loop in a process of its own, so that its memory and its faults are its own. The mapped file is shared."""

    def __init__(self, path: Path, plan: EnginePlan) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, path, plan), daemon=True)
        self._process.start()
        theirs.close()
        self.load_seconds: float = self._connection.recv()

    def prefill(self, ids: Sequence[int], fresh: bool = True) -> float:
        return self._call("prefill", tuple(ids), fresh)

    def generate(self, count: int) -> float:
        return self._call("generate", count)

    def close(self) -> None:
        self._connection.close()
        self._process.join()

    def _call(self, name: str, *arguments: object) -> float:
        self._connection.send((name, arguments))
        seconds: float = self._connection.recv()
        return seconds


def _serve(connection: Connection, path: Path, plan: EnginePlan) -> None:
    loop = BareLoop(path, plan)
    connection.send(loop.load_seconds)
    while True:
        try:
            name, arguments = connection.recv()
        except EOFError:
            return
        connection.send(getattr(loop, name)(*arguments))

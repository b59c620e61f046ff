"""The reference for speed: llama.cpp's C API in a loop, with the engine's parameters and none of its code."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import llama_cpp
import psutil
from llama_cpp import llama_cpp as C


class BareLoop:
    def __init__(self, path: str, context_size: int, prompt: list[int], count: int) -> None:
        self._prompt, self._count = prompt, count
        self._log = C.llama_log_callback(lambda level, text, data: None)
        C.llama_log_set(self._log, None)
        C.llama_backend_init()
        C._lib.ggml_backend_load_all_from_path(os.fsencode(Path(llama_cpp.__file__).parent / "lib"))
        model_params: Any = C.llama_model_default_params()
        model_params.load_mode, model_params.use_extra_bufts, model_params.n_gpu_layers = (
            C.LLAMA_LOAD_MODE_MMAP,
            False,
            0,
        )
        model = C.llama_model_load_from_file(path.encode(), model_params)
        params: Any = C.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_outputs_max = context_size, 256, 256, 1
        params.n_threads = params.n_threads_batch = min(psutil.cpu_count(logical=False) or 1, 8)
        params.flash_attn_type, params.swa_full, params.no_perf = C.LLAMA_FLASH_ATTN_TYPE_ENABLED, False, True
        self._context = C.llama_init_from_model(model, params)
        self._memory = C.llama_get_memory(self._context)
        self._batch = C.llama_batch_init(256, 0, 1)
        self._sampler = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())
        C.llama_sampler_chain_add(self._sampler, C.llama_sampler_init_greedy())

    def run(self) -> float:
        """Prefill the prompt, then sample and decode. Tokens a second of the latter."""
        C.llama_memory_clear(self._memory, True)
        self._decode(self._prompt, 0)
        position, started = len(self._prompt), 0.0
        for i in range(self._count):
            token = C.llama_sampler_sample(self._sampler, self._context, -1)
            if i == 0:
                started = time.monotonic()
            if i < self._count - 1:
                self._decode([token], position + i)
        return (self._count - 1) / (time.monotonic() - started)

    def _decode(self, ids: list[int], position: int) -> None:
        batch: Any = self._batch
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = token, position + i, 1, 0
            batch.logits[i] = i == len(ids) - 1
        if C.llama_decode(self._context, batch):
            raise SystemExit("the bare loop could not decode")

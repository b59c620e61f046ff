"""How a model is to be loaded on this machine."""

from __future__ import annotations

from app.engine.base import EnginePlan
from app.engine.gguf_header import GgufHeader
from app.engine.machine import available_memory

_GIB = 1 << 30
# gpt-oss-20b with 16k tokens of context takes 12.2 GiB; where less than this is free it gets half the context.
_ROOMY = 13 * _GIB
_LARGE_FILE = 8 * _GIB


def plan_for(header: GgufHeader, wanted_context: int) -> EnginePlan:
    """A plan that fits: the wanted context (tokens), at most what the model was trained for."""
    size = wanted_context
    trained = header.number("context_length")
    if trained:
        size = min(size, trained)
    if header.size > _LARGE_FILE and available_memory() < _ROOMY:
        size = min(size, 8192)
    return EnginePlan(context_size=size)

"""Engines that say much, each at its own speed, to be named to an engine's process."""

from __future__ import annotations

from typing import Any

from app.engine.scripted import Script, ScriptedEngine

_THOUGHT = " ".join(f"thought{number}" for number in range(60))
_ANSWER = " ".join(f"word{number}" for number in range(240))
_COMPLETION = (
    f"<|channel|>analysis<|message|>{_THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{_ANSWER}<|return|>"
)


class FastEngine(ScriptedEngine):
    """Faster than anybody reads: many answers are begun and ended."""

    def __init__(self, abort: Any = None) -> None:
        super().__init__(abort, Script((_COMPLETION,), token_seconds=0.0005))


class SlowEngine(ScriptedEngine):
    """As slow as the real one on an old laptop: most kills meet an answer that is being written."""

    def __init__(self, abort: Any = None) -> None:
        super().__init__(abort, Script((_COMPLETION,), token_seconds=0.02))

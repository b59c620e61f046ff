"""Engines for tests of turns: slow enough to be interrupted in the middle of a thought."""

from __future__ import annotations

from typing import Any

from app.engine.scripted import Script, ScriptedEngine

THOUGHT = " ".join(f"thought{i}" for i in range(500))
THINKING = f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>Late.<|return|>"
FORCED = "At once, as you wish.<|return|>"


def thinking(abort: Any) -> ScriptedEngine:
    """Thinks for ten seconds, and answers when it is made to."""
    return ScriptedEngine(abort, Script((THINKING, FORCED), token_seconds=0.02))

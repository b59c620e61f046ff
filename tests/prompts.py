"""Harmony prompts by hand, for tests below the renderer."""

from __future__ import annotations

from app.domain.prompt import Plain, Prompt, Special
from app.engine.base import Generated, GenerateEvent

SYSTEM = (
    "You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\n"
    "Current date: 2026-11-24\n\nReasoning: medium\n\n"
    "# Valid channels: analysis, commentary, final. Channel must be included for every message."
)


def message(role: str, text: str, end: str = "<|end|>") -> Prompt:
    return (Special("<|start|>"), Plain(role), Special("<|message|>"), Plain(text), Special(end))


def final(text: str) -> Prompt:
    return (
        Special("<|start|>"),
        Plain("assistant"),
        Special("<|channel|>"),
        Plain("final"),
        Special("<|message|>"),
        Plain(text),
        Special("<|end|>"),
    )


START: Prompt = (Special("<|start|>"), Plain("assistant"))


def question(text: str) -> Prompt:
    return message("system", SYSTEM) + message("user", text) + START


def text_of(events: list[GenerateEvent]) -> str:
    """Everything that was generated, control tokens spelled out."""
    tokens = [token for event in events if isinstance(event, Generated) for token in event.tokens]
    data = b"".join(token.special.encode() if token.special else token.data for token in tokens)
    return data.decode(errors="replace")


def ids_of(events: list[GenerateEvent]) -> list[int]:
    return [token.id for event in events if isinstance(event, Generated) for token in event.tokens]

"""Tools that a model may call in the middle of a turn."""

from __future__ import annotations

from typing import Protocol

from app.domain.chat import ToolCall, ToolResult


class Toolbox(Protocol):
    """Runs calls. Never raises: what went wrong is told to the model, which can react to it."""

    builtin_tools: tuple[str, ...]

    def run(self, call: ToolCall) -> ToolResult: ...


class NoTools:
    """A box without tools. gpt-oss calls some now and then without having been offered any."""

    builtin_tools: tuple[str, ...] = ()

    def run(self, call: ToolCall) -> ToolResult:
        output = f"There is no tool {call.name}. No tools are available. Answer the user without tools."
        return ToolResult(call.name, output, call.channel)

"""Tools that a model may call in the middle of a turn."""

from __future__ import annotations

from typing import Protocol

from app.domain.chat import ToolCall, ToolResult
from app.domain.quoted import quoted_line


class Toolbox(Protocol):
    """Runs calls for one turn. Never raises: what went wrong is told to the model, which can react to it."""

    builtin_tools: tuple[str, ...]

    def fit(self, context_size: int) -> None:
        """Keep results small enough for a model with a context of so many tokens."""
        ...

    def run(self, call: ToolCall) -> ToolResult: ...

    def passages(self, question: str, *, numbered: bool) -> tuple[ToolCall, ToolResult] | None:
        """What documents say to a question, for a model that is not going to call tools itself, as if it had searched.

        numbered: for one that knows no tools at all. None where there are no documents.
        """
        ...


class NoTools:
    """A box without tools. gpt-oss calls some now and then without having been offered any."""

    builtin_tools: tuple[str, ...] = ()

    def fit(self, context_size: int) -> None:
        """There are no results."""

    def run(self, call: ToolCall) -> ToolResult:
        output = f"There is no tool {quoted_line(call.name)}. No tools are available. Answer the user without tools."
        return ToolResult(call.name, output, call.channel)

    def passages(self, question: str, *, numbered: bool) -> tuple[ToolCall, ToolResult] | None:
        del question, numbered
        return None

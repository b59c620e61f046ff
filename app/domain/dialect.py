"""What a family of models needs: how a conversation becomes a prompt, and how output becomes messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from app.domain.chat import Effort, Message, ToolResult
from app.domain.prompt import Prompt
from app.domain.stream import Output, Token


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """A function the model may call; parameters is a JSON schema of type object, or None for no arguments."""

    name: str
    description: str
    parameters: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PromptOptions:
    """Everything beside the messages that shapes a prompt.

    model is the fingerprint of the loaded model: sampled ids of a message are used again only if it wrote them.
    builtin_tools are those the model was trained on (``browser``, ``python``). documents: the model is to be told how
    it reads and cites the user's documents.
    """

    date: date
    effort: Effort = Effort.MEDIUM
    instructions: str = ""
    builtin_tools: tuple[str, ...] = ()
    functions: tuple[FunctionTool, ...] = field(default=())
    model: str = ""
    documents: bool = False


class StreamParser(Protocol):
    """Turns tokens into output, one at a time. Never raises, loses no text, lets no control token through."""

    @property
    def over(self) -> bool:
        """Whether the model has begun to write somebody else's message: its turn is over, and it must be stopped."""
        ...

    def feed(self, token: Token) -> Sequence[Output]: ...

    def finish(self) -> Sequence[Output]:
        """Close what is open: a character cut in two, a message without its end."""
        ...


class Dialect(Protocol):
    """Renders prompts for a model and parses what it says."""

    @property
    def calls_tools(self) -> bool:
        """Whether its models can call tools; others are given passages of documents with the question."""
        ...

    def render(self, messages: Sequence[Message], options: PromptOptions) -> Prompt:
        """The prompt that makes the model write the next message after these.

        The last is the user's, or an answer that has no text yet but was given results already.
        """
        ...

    def parser(self) -> StreamParser:
        """A parser for what follows the prompt of render() or of tool_result()."""
        ...

    def tool_result(self, sampled: Sequence[Token], result: ToolResult) -> Prompt:
        """What follows a prompt whose output called a tool: that output, the result, and the start of what is next."""
        ...

    def answer_at_once(self, prompt: Prompt) -> tuple[Prompt, StreamParser] | None:
        """The prompt of render() or tool_result(), continued so that an answer comes without thoughts, and its parser.

        None where the dialect knows no thoughts that could be left out.
        """
        ...

    def force_answer(self, sampled: Sequence[Token]) -> tuple[Prompt, StreamParser] | None:
        """What follows the prompt when its output ended without an answer, so that one must come now.

        Gives what continues the prompt (the sampled tokens as far as they stay, then the start of an answer) and the
        parser for what comes next; None where the dialect can't force an answer.
        """
        ...

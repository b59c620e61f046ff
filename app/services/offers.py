"""What a person can choose when a turn could not be done as it was: each choice with its price."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.chat import Message, MessageId, Role
from app.domain.dialect import Dialect, PromptOptions
from app.domain.prompt import Prompt
from app.engine.base import Counted, CountRequest, Engine, Overflow


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Show the model the conversation from the message first on: messages fewer, then tokens in all."""

    first: MessageId
    messages: int
    tokens: int


@dataclass(frozen=True, slots=True)
class UseContext:
    """Load the model with another context (tokens), which takes so many bytes of memory more, or less if negative.

    tight: it fits, but leaves other programs little.
    """

    context_size: int
    bytes: int
    tight: bool = False


Offer = LeaveOut | UseContext


def leave_out(
    engine: Engine, dialect: Dialect, messages: Sequence[Message], options: PromptOptions, overflow: Overflow
) -> LeaveOut | None:
    """Which of the oldest messages to leave out so that the rest fits with room for more; None if that does not help.

    Half of the room stays free where possible: the cache begins anew behind the gap, so that the next gap should be far
    away. Runs on the engine's lane.
    """
    questions = [i for i, message in enumerate(messages) if message.role is Role.USER]
    # What tools have said in this turn is in the prompt, but not in the messages.
    said_since = overflow.tokens - _count(engine, dialect.render(messages, options))
    tokens = {0: overflow.tokens}

    def size(start: int) -> int:
        if start not in tokens:
            tokens[start] = _count(engine, dialect.render(messages[start:], options)) + said_since
        return tokens[start]

    # The later the start, the fewer the tokens: the first start that leaves enough, else the last question alone.
    place = bisect_left(questions, True, key=lambda start: size(start) <= overflow.room // 2)
    start = questions[min(place, len(questions) - 1)]
    if start == 0 or size(start) > overflow.room:
        return None
    return LeaveOut(messages[start].id, start, size(start))


def _count(engine: Engine, prompt: Prompt) -> int:
    """Tokens of a prompt; 0 where the engine can't say."""
    tokens = 0
    for event in engine.count(CountRequest((prompt,))):
        if isinstance(event, Counted):
            tokens = event.tokens[0]
    return tokens

"""What a model's output is, from the sampled token to the finished message."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Token:
    """A sampled token: its bytes (perhaps part of a character), or the name of the control token it is."""

    id: int
    data: bytes
    special: str | None = None


class Channel(StrEnum):
    """Where output belongs, whatever the dialect calls it."""

    REASONING = "reasoning"
    PREAMBLE = "preamble"
    ANSWER = "answer"
    TOOL_CALL = "tool_call"


@dataclass(frozen=True, slots=True)
class Delta:
    """Text that just came, of the message that is being written in this channel."""

    channel: Channel
    text: str


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """A message that is finished. text equals the deltas sent for it; token_ids are those of its content alone.

    For a tool call, recipient is the tool's name, name the channel it was written on and content_type what the header
    said of the arguments (``json``, ``code`` or nothing).
    """

    channel: Channel
    text: str
    token_ids: tuple[int, ...] = ()
    recipient: str | None = None
    name: str = ""
    content_type: str = ""


Output = Delta | StreamMessage

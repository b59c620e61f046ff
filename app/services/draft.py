"""An answer while it is being written: deltas in, the parts of a message out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.domain.chat import Part, Reasoning, Text, ToolCall, ToolResult
from app.domain.stream import Channel, Delta, StreamMessage


@dataclass(slots=True)
class _OpenPart:
    """A part that still grows."""

    channel: Channel
    started: float
    pieces: list[str] = field(default_factory=list)
    token_ids: tuple[int, ...] = ()
    resumed: bool = False

    def ids(self, sampled: tuple[int, ...]) -> tuple[int, ...]:
        """Those of all of the text, where they are known for all of it."""
        return self.token_ids + sampled if self.token_ids or not self.resumed else ()


class Draft:
    """Builds the parts of one answer. clock gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, begun: Sequence[Part] = ()) -> None:
        """begun are the parts that an answer has already; text at their end is gone on with."""
        self._clock = clock
        self._done: list[Part] = list(begun)
        self._open: _OpenPart | None = None
        self._since = clock()
        last = self._done[-1] if self._done else None
        if isinstance(last, Text):
            self._done.pop()
            channel = Channel.PREAMBLE if last.preamble else Channel.ANSWER
            self._open = _OpenPart(channel, self._since, [last.text], last.token_ids, resumed=True)

    def mark_start(self) -> None:
        """The model begins to write now: its first thought is counted from here."""
        self._since = self._clock()

    def grow(self, delta: Delta) -> bool:
        """Take a delta; whether it opened a new part."""
        opened = self._open is None or self._open.channel is not delta.channel
        if opened:
            self._close(())
            self._open = _OpenPart(delta.channel, self._since)
        if self._open is not None:
            self._open.pieces.append(delta.text)
        return opened

    def finish(self, message: StreamMessage) -> None:
        """The message whose deltas came before is complete."""
        if self._open is not None and self._open.channel is message.channel:
            self._close(message.token_ids)

    def add_tool(self, call: ToolCall, result: ToolResult) -> None:
        self._open = None
        self._done += [call, result]
        self._since = self._clock()

    def parts(self) -> tuple[Part, ...]:
        """The parts so far, the growing one included; a tool call is among them once it was run."""
        growing = self._part(self._open, ()) if self._open is not None else None
        return (*self._done, growing) if growing is not None else tuple(self._done)

    def _close(self, token_ids: tuple[int, ...]) -> None:
        if self._open is not None:
            part = self._part(self._open, token_ids)
            if part is not None:
                self._done.append(part)
        self._open = None
        self._since = self._clock()

    def _part(self, growing: _OpenPart, token_ids: tuple[int, ...]) -> Part | None:
        text = "".join(growing.pieces)
        if not text:
            return None
        match growing.channel:
            case Channel.REASONING:
                return Reasoning(text, self._clock() - growing.started, len(token_ids) or len(growing.pieces))
            case Channel.ANSWER | Channel.PREAMBLE:
                return Text(text, growing.ids(token_ids), preamble=growing.channel is Channel.PREAMBLE)
            case Channel.TOOL_CALL:
                return None

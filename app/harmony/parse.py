"""The streaming parser of harmony: a state machine over tokens that makes the best of whatever the model writes.

Control tokens are known by their ids alone, so text that looks like one is text. Messages end where the next begins,
a header may lack any of its parts, and nothing that the model wrote is thrown away except the words of headers.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.domain.stream import Channel, Delta, Output, StreamMessage, Token
from app.harmony.controls import (
    ANALYSIS,
    CALL,
    CHANNEL,
    CLOSERS,
    COMMENTARY,
    CONSTRAIN,
    FINAL,
    MESSAGE,
    SPEAKERS,
    START,
)
from app.harmony.header import Header, Rest, may_become_header, read_header

_LONGEST_HEADER = 64
"""Ordinary tokens without a control token; what is longer was never meant as a header."""

_LONGEST_NOISE = 64
"""Characters in a header that mean nothing; what is longer is kept as reasoning."""


@dataclass(slots=True)
class _OpenHeader:
    """A header that is being collected.

    has_role: after ``<|start|>``. doubtful: after a closed message and before a control token, where text may be a
    header whose ``<|start|>`` was forgotten, or just text. plain: ordinary tokens since the last control token.
    """

    has_role: bool = False
    doubtful: bool = False
    tokens: list[Token] = field(default_factory=list)
    plain: int = 0

    def add(self, token: Token) -> None:
        self.tokens.append(token)
        self.plain = 0 if token.special else self.plain + 1
        self.doubtful = self.doubtful and not token.special

    def read(self, *, finished: bool) -> Header:
        return read_header(self.tokens, has_role=self.has_role, finished=finished)

    def as_content(self) -> Header | None:
        """The header of a message that has begun already, once it is sure that ``<|message|>`` was forgotten."""
        if self.doubtful:
            text = Rest(b"".join(token.data for token in self.tokens), tuple(token.id for token in self.tokens))
            if not may_become_header(text.data.decode("utf-8", errors="ignore")):  # ignore: a character cut in two
                return Header(rests=[text])
        return self.read(finished=False) if self.plain > _LONGEST_HEADER else None


class _OpenMessage:
    """A message whose content is being streamed."""

    def __init__(self, header: Header, channel: Channel) -> None:
        self._header = header
        self._channel = channel
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._texts: list[str] = []
        self._ids: list[int] | None = []

    def add(self, content: Rest) -> Iterator[Output]:
        if self._ids is not None:
            self._ids = None if content.ids is None else [*self._ids, *content.ids]
        yield from self._delta(self._decoder.decode(content.data))

    def add_token(self, token: Token) -> Iterator[Output]:
        if self._ids is not None:
            self._ids.append(token.id)
        yield from self._delta(self._decoder.decode(token.data))

    def close(self) -> Iterator[Output]:
        yield from self._delta(self._decoder.decode(b"", final=True))
        text, ids = "".join(self._texts), tuple(self._ids or ())
        if self._channel is Channel.TOOL_CALL:
            header = self._header
            name = header.channel or COMMENTARY
            yield StreamMessage(self._channel, text, ids, header.recipient, name, header.content_type)
        else:
            yield StreamMessage(self._channel, text, ids, content_type=self._header.content_type)

    def _delta(self, text: str) -> Iterator[Output]:
        if text:
            self._texts.append(text)
            yield Delta(self._channel, text)


class HarmonyParser:
    """Reads what follows ``<|start|>assistant``. Is either in a header or in a message's content, never in neither."""

    def __init__(self) -> None:
        self._header = _OpenHeader()
        self._message: _OpenMessage | None = None
        self._after_analysis = False
        self._over = False

    @property
    def over(self) -> bool:
        return self._over

    @classmethod
    def inside_answer(cls) -> HarmonyParser:
        """A parser for what follows the header of a final message."""
        parser = cls()
        parser._message = _OpenMessage(Header(channel=FINAL, channel_marked=True), Channel.ANSWER)
        return parser

    def feed(self, token: Token) -> list[Output]:
        return list(self._in_content(token, self._message) if self._message else self._in_header(token))

    def finish(self) -> list[Output]:
        return list(self._end(_OpenHeader(doubtful=True)))

    def _in_content(self, token: Token, message: _OpenMessage) -> Iterator[Output]:
        if token.special is None:
            yield from message.add_token(token)
        else:
            yield from self._boundary(token)

    def _in_header(self, token: Token) -> Iterator[Output]:
        if token.special == MESSAGE:
            yield from self._open(self._header.read(finished=True), finished=True)
        elif token.special in (CHANNEL, CONSTRAIN):
            self._header.add(token)
        elif token.special is None:
            self._header.add(token)
            if header := self._header.as_content():
                yield from self._open(header, finished=False)
        else:
            yield from self._boundary(token)

    def _boundary(self, token: Token) -> Iterator[Output]:
        """A control token that ends what is open, if it is one of these; others mean nothing here."""
        if token.special == START:
            yield from self._end(_OpenHeader(has_role=True))
        elif token.special == CHANNEL:
            yield from self._end(_OpenHeader())
            self._header.add(token)
        elif token.special in CLOSERS:
            yield from self._end(_OpenHeader(doubtful=True), called=token.special == CALL)

    def _open(self, header: Header, *, finished: bool) -> Iterator[Output]:
        """Start a message; what its header left over is noise or, where ``<|message|>`` is missing, its beginning."""
        rest = header.rest
        if finished and len(rest.data.decode("utf-8", errors="replace").strip()) > _LONGEST_NOISE:
            noise = _OpenMessage(Header(), Channel.REASONING)
            yield from noise.add(rest)
            yield from noise.close()
        self._message = _OpenMessage(header, header.output_channel(after_analysis=self._after_analysis))
        self._over = self._over or header.role in SPEAKERS
        self._after_analysis = self._after_analysis or header.channel == ANALYSIS
        if not finished:
            yield from self._message.add(rest)

    def _end(self, following: _OpenHeader, *, called: bool = False) -> Iterator[Output]:
        """Close the open message, or what was to become one; then collect the next header.

        A header without ``<|message|>`` is a message if it holds text or, where a call ends it, calls a tool that
        needs no arguments.
        """
        if self._message is None:
            header = self._header.read(finished=False)
            if header.rests or (called and header.recipient):
                yield from self._open(header, finished=False)
        if self._message is not None:
            yield from self._message.close()
        self._message, self._header = None, following

"""The streaming parser for models with a chat template: text, perhaps with thoughts in ``<think>`` before it.

The tags are control tokens in some vocabularies and plain text in others. Only a block at the very beginning counts;
in the answer, ``<think>`` is a word like any other. Other control tokens end the output or mean nothing, so none shows.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import accumulate

from app.domain.stream import Channel, Delta, Output, StreamMessage, Token

_OPEN = "<think>"
_CLOSE = "</think>"


class _Phase(Enum):
    """BEGINNING: the opening tag may come."""

    BEGINNING = auto()
    THINKING = auto()
    ANSWERING = auto()


class ThinkParser:
    """Splits output into reasoning and answer. thinking: the prompt has opened the thoughts already."""

    def __init__(self, *, thinking: bool = False) -> None:
        self._phase = _Phase.BEGINNING
        self._opened = thinking
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""  # what may be a tag, or white space before one
        self._trim = False  # the message has not begun: white space between a tag and its text is dropped
        self._texts: list[str] = []
        self._tokens: list[Token] = []  # of the message, and what stood around it in its first and last token

    @classmethod
    def after_thinking(cls) -> ThinkParser:
        """A parser for what follows ``</think>``."""
        parser = cls()
        parser._phase, parser._trim = _Phase.ANSWERING, True
        return parser

    @property
    def over(self) -> bool:
        """Never: such models end their turn with a stop token or not at all."""
        return False

    @property
    def thinking(self) -> bool:
        """Whether thoughts are open."""
        return self._phase is _Phase.THINKING or (self._phase is _Phase.BEGINNING and self._opened)

    def feed(self, token: Token) -> list[Output]:
        if token.special is None:
            self._tokens.append(token)
            return list(self._add(self._decoder.decode(token.data), token))
        return list(self._control(token.special))

    def finish(self) -> list[Output]:
        return list(self._finish())

    def _control(self, name: str) -> Iterator[Output]:
        """A control token: as a tag where it can be one, else as nothing."""
        yield from self._add(self._decoder.decode(b"", final=True), None)
        opens = name == _OPEN and self._phase is _Phase.BEGINNING and not self._held.strip()
        if opens or (name == _CLOSE and self.thinking):
            yield from self._add(name, None)

    def _add(self, text: str, token: Token | None) -> Iterator[Output]:
        self._held += text
        if self._phase is _Phase.BEGINNING:
            self._begin(token)
        if self._phase is _Phase.THINKING:
            yield from self._think(token)
        if self._phase is _Phase.ANSWERING:
            yield from self._send(len(self._held))

    def _begin(self, token: Token | None) -> None:
        text = self._held.lstrip()
        if text.startswith(_OPEN):
            self._held = text.removeprefix(_OPEN)
            self._enter(_Phase.THINKING, token)
        elif not _OPEN.startswith(text):
            self._leave_beginning()

    def _leave_beginning(self) -> None:
        """There was no tag; what was held back is text."""
        self._phase = _Phase.THINKING if self._opened else _Phase.ANSWERING
        self._trim = self._opened

    def _think(self, token: Token | None) -> Iterator[Output]:
        thoughts, tag, rest = self._held.partition(_CLOSE)
        if not tag:
            yield from self._send(len(self._held) - _beginning_of_tag(self._held))
            return
        yield from self._send(len(thoughts))
        yield from self._close()
        self._held = rest
        self._enter(_Phase.ANSWERING, token)

    def _enter(self, phase: _Phase, token: Token | None) -> None:
        """Begin a message after a tag; the token that ended the tag may hold its first text."""
        self._phase, self._trim = phase, True
        self._tokens = [token] if token else []

    def _send(self, length: int) -> Iterator[Output]:
        text, self._held = self._held[:length], self._held[length:]
        if self._trim:
            text = text.lstrip()
        if text:
            self._trim = False
            self._texts.append(text)
            yield Delta(self._channel, text)

    def _close(self) -> Iterator[Output]:
        if text := "".join(self._texts):
            yield StreamMessage(self._channel, text, _ids(self._tokens, text))
        self._texts, self._tokens = [], []

    def _finish(self) -> Iterator[Output]:
        self._held += self._decoder.decode(b"", final=True)
        if self._phase is _Phase.BEGINNING and self._held.strip():
            self._leave_beginning()
        if self._phase is not _Phase.BEGINNING:
            yield from self._send(len(self._held))
            yield from self._close()
        self._phase, self._trim, self._held = _Phase.ANSWERING, False, ""

    @property
    def _channel(self) -> Channel:
        return Channel.REASONING if self._phase is _Phase.THINKING else Channel.ANSWER


def _beginning_of_tag(text: str) -> int:
    """How many characters at the end of text may begin ``</think>``."""
    return next((length for length in range(len(_CLOSE) - 1, 0, -1) if text.endswith(_CLOSE[:length])), 0)


def _ids(tokens: Sequence[Token], text: str) -> tuple[int, ...]:
    """The ids of the tokens that spell exactly this text, or none if its ends lie within tokens."""
    spelled, wanted = b"".join(token.data for token in tokens), text.encode()
    start = spelled.find(wanted)
    ends = list(accumulate((len(token.data) for token in tokens), initial=0))
    if start not in ends or start + len(wanted) not in ends:
        return ()
    first, last = ends.index(start), ends.index(start + len(wanted))
    return tuple(token.id for token in tokens[first:last])

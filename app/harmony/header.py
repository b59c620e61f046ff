"""Reading a message's header, as the format has it and as gpt-oss really writes it.

A header is ``{role}[ to={recipient}][<|channel|>{channel}][ to={recipient}][ {content type}]``, the content type
perhaps after ``<|constrain|>``. Seen in the wild: two channels, words in between, no channel, no ``<|message|>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from app.domain.stream import Channel, Token
from app.harmony.controls import ANALYSIS, ASSISTANT, CHANNEL, COMMENTARY, CONSTRAIN, FINAL, ROLES

_CHANNELS = {ANALYSIS: Channel.REASONING, COMMENTARY: Channel.PREAMBLE, FINAL: Channel.ANSWER}
_CONTENT_TYPES = frozenset({"json", "code"})

_NOT_TOOLS = frozenset({ASSISTANT, "user", "all", ""})
"""Recipients that mean a reader of the conversation, or nobody."""

_WORD = re.compile(rb"\s*\S+")
_CHANNEL_NAME = re.compile(rb"\s*[^\w\s]*(analysis|commentary|final)")
_TYPE_NAME = re.compile(rb"\s*(\w+)")

_ROLE_BEGINNINGS = "|".join(role[:end] for role in sorted(ROLES) for end in range(1, len(role) + 1))
_POSSIBLE_HEADER = re.compile(rf"\s*(?:{_ROLE_BEGINNINGS}|(?:(?:{'|'.join(ROLES)})\s+)?(?:t|to|to=.*)?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rest:
    """What stands in a header and is none: its bytes, and their tokens' ids (None if a token was cut in two)."""

    data: bytes = b""
    ids: tuple[int, ...] | None = ()


@dataclass(slots=True)
class Header:
    """What a header says. channel_marked tells a channel of unknown name from none at all."""

    role: str = ASSISTANT
    channel: str = ""
    channel_marked: bool = False
    recipient: str | None = None
    content_type: str = ""
    rests: list[Rest] = field(default_factory=list)

    @property
    def rest(self) -> Rest:
        """What is left when everything that makes a header is taken out."""
        ids = [rest.ids for rest in self.rests]
        known = None if None in ids else tuple(chain.from_iterable(some or () for some in ids))
        return Rest(b"".join(rest.data for rest in self.rests), known)

    def output_channel(self, *, after_analysis: bool) -> Channel:
        """Where the message belongs. What another role is made to say never shows as the answer."""
        if self.role != ASSISTANT:
            return Channel.REASONING
        if self.recipient:
            return Channel.TOOL_CALL
        if self.channel:
            return _CHANNELS[self.channel]
        return Channel.REASONING if self.channel_marked and not after_analysis else Channel.ANSWER


def read_header(tokens: Sequence[Token], *, has_role: bool, finished: bool) -> Header:
    """Read the tokens of a header, of which only ``<|channel|>`` and ``<|constrain|>`` are special.

    has_role: it begins with a role (after ``<|start|>``); else the role is assistant, whether it is named again or not.
    finished: ``<|message|>`` followed, so whatever is no part of a header is noise in it. Else the model forgot that
    token, and what comes after the last part of a header is what it had to say.
    """
    header = Header()
    for marker, segment in _segments(tokens):
        _Segment(header, marker, segment, has_role, finished).read()
    return header


def may_become_header(text: str) -> bool:
    """Whether text after a closed message may be the beginning of a header whose ``<|start|>`` was forgotten."""
    return _POSSIBLE_HEADER.fullmatch(text) is not None


def _segments(tokens: Sequence[Token]) -> Iterator[tuple[str | None, list[Token]]]:
    """The header cut before each of its control tokens."""
    marker: str | None = None
    segment: list[Token] = []
    for token in tokens:
        if token.special in (CHANNEL, CONSTRAIN):
            yield marker, segment
            marker, segment = token.special, []
        else:
            segment.append(token)
    yield marker, segment


@dataclass(frozen=True, slots=True)
class _Segment:
    """One stretch of a header, and how to read it into the header."""

    header: Header
    marker: str | None
    tokens: Sequence[Token]
    has_role: bool
    finished: bool

    def read(self) -> None:
        data = b"".join(token.data for token in self.tokens)
        position = self._read_name(data)
        for word in _WORD.finditer(data, position):
            if not self._read_word(_decoded(word.group())):
                if not self.finished:
                    self.header.rests.append(self._from(position, data))
                    return
                self.header.rests.append(Rest(word.group(), None))
            position = word.end()

    def _read_name(self, data: bytes) -> int:
        """What a segment begins with: role, channel or content type. Gives the position after it."""
        if self.marker == CHANNEL:
            self.header.channel_marked = True
            if found := _CHANNEL_NAME.match(data):
                self.header.channel = _decoded(found.group(1))
        elif self.marker == CONSTRAIN:
            if found := _TYPE_NAME.match(data):
                self.header.content_type = _decoded(found.group(1))
        else:
            found = self._read_role(data)
        return found.end() if found else 0

    def _read_role(self, data: bytes) -> re.Match[bytes] | None:
        found = _WORD.match(data)
        role = _decoded(found.group()).split(":")[0] if found else ""
        # Without <|start|> a role may be named again, or be the first word of a text that has no header at all.
        if not (self.has_role or role == ASSISTANT or (self.finished and role in ROLES)) or role.startswith("to="):
            return None
        self.header.role = role or ASSISTANT
        return found

    def _read_word(self, word: str) -> bool:
        """A word after the first. True if it belongs to a header."""
        if word.startswith("to="):
            recipient = word.removeprefix("to=")
            if recipient not in _NOT_TOOLS:
                self.header.recipient = recipient
            return True
        # Without <|message|>, "json" may be what an answer begins with; after a recipient it is not.
        if word in _CONTENT_TYPES and self.marker is not None and (self.finished or self.header.recipient):
            self.header.content_type = word
            return True
        return False

    def _from(self, position: int, data: bytes) -> Rest:
        """The end of the segment, with the ids of its tokens if position lies between two of them."""
        start = 0
        for index, token in enumerate(self.tokens):
            if start == position:
                return Rest(data[position:], tuple(token.id for token in self.tokens[index:]))
            start += len(token.data)
        return Rest(data[position:], None)


def _decoded(word: bytes) -> str:
    return word.strip().decode("utf-8", errors="replace")

"""JSON read piece by piece: the elements of a long list come one after another, and only one is in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn, Protocol

_CHUNK = 1 << 16
_SPACE = re.compile(r"[ \t\n\r]*")
# A number may go on in the next chunk; anything else that the decoder accepted is whole.
_LONGEST_NUMBER_TAIL = 4


class JsonStreamError(Exception):
    """The text is no JSON, or not of the expected form; the message says so as the end of a sentence."""


class Readable(Protocol):
    """What gives text; no text means the end."""

    def read(self, size: int, /) -> str: ...


class JsonStream:
    """A position in JSON text that is read as far as needed."""

    def __init__(self, source: Readable, largest_value: int) -> None:
        """largest_value is how many characters one value may have."""
        self._source = source
        self._largest_value = largest_value
        self._text = ""
        self._position = 0
        self._ended = False
        self._decoder = json.JSONDecoder(parse_constant=_refuse_constant)

    def peek(self) -> str:
        """Give the next character that is no space, or nothing at the end."""
        while True:
            self._position = _SPACE.match(self._text, self._position).end()  # type: ignore[union-attr]
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._fill():
                return ""

    def take(self, expected: str) -> None:
        """Step over a character that must be there."""
        if self.peek() != expected:
            raise JsonStreamError("ends in the middle" if not self.peek() else "is no proper JSON")
        self._position += 1

    def value(self) -> Any:
        """Read a value whole."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                self._demand_more(error)
                continue
            except RecursionError:
                raise JsonStreamError("is nested too deeply") from None
            except ValueError:
                # An integer of thousands of digits, or NaN.
                raise JsonStreamError("has a number that can't be read") from None
            if isinstance(value, int | float) and end > len(self._text) - _LONGEST_NUMBER_TAIL and self._fill():
                continue
            self._position = end
            return value

    def elements(self) -> Iterator[Any]:
        """Read a list, element by element."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield self.value()
            if self.peek() != ",":
                break
            self.take(",")
        self.take("]")

    def members(self) -> Iterator[str]:
        """Read an object, name by name; whoever asks for the next one has read the value of the last."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            if self.peek() != '"':
                self.take('"')
            name = self.value()
            self.take(":")
            yield str(name)
            if self.peek() != ",":
                break
            self.take(",")
        self.take("}")

    def _demand_more(self, error: json.JSONDecodeError) -> None:
        """Get more text after the decoder failed; raise if more would not help."""
        unread = len(self._text) - self._position
        cut_off = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - 16
        if cut_off and unread > self._largest_value:
            raise JsonStreamError("has a conversation that is too large")
        if not cut_off:
            raise JsonStreamError("is no proper JSON")
        if not self._fill():
            raise JsonStreamError("ends in the middle")

    def _fill(self) -> bool:
        """Read on, twice as much as waits to be decoded, so that a long value is not decoded again and again."""
        if self._ended:
            return False
        waiting = self._text[self._position :]
        more = self._source.read(max(_CHUNK, len(waiting)))
        if not more:
            self._ended = True
            return False
        self._text, self._position = waiting + more, 0
        return True


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)

"""Fields of JSON that came from elsewhere, checked one by one. What is wrong is said in words, with its place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

_LARGEST_INTEGER = 2**53
_MISSING: Any = object()


class UnreadableError(Exception):
    """A conversation that can't be read; the message says why, as the end of a sentence for a person."""


class Fields:
    """The fields of one object. place names it in what is said: ``message 3``."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, Mapping):
            raise UnreadableError(f"{place} is no object")
        self._fields: Mapping[str, Any] = value
        self.place = place

    def text(self, name: str, default: str = _MISSING) -> str:
        value = self._take(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, "is no text")
        return value

    def integer(self, name: str, default: int = _MISSING) -> int:
        value = self._take(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST_INTEGER:
            raise self.wrong(name, "is no whole number")
        return value

    def number(self, name: str, default: float = _MISSING) -> float:
        value = self._take(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.wrong(name, "is no number")
        if (isinstance(value, int) and abs(value) > _LARGEST_INTEGER) or not math.isfinite(value):
            raise self.wrong(name, "is too large")
        return float(value)

    def boolean(self, name: str, default: bool = _MISSING) -> bool:
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "is neither true nor false")
        return value

    def moment(self, name: str) -> datetime:
        """Read a moment in ISO 8601; one without a zone is taken as UTC."""
        try:
            moment = datetime.fromisoformat(self.text(name))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.wrong(name, "is no date") from None

    def sequence(self, name: str, default: list[Any] = _MISSING) -> list[Any]:
        value = self._take(name, default)
        if not isinstance(value, list):
            raise self.wrong(name, "is no list")
        return value

    def inner(self, name: str, place: str = "") -> Fields | None:
        """Read an object that may be missing or null."""
        value = self._fields.get(name)
        return None if value is None else Fields(value, place or f"{name} of {self.place}")

    def raw(self, name: str) -> object:
        """Give a value as it is, of any type, or None."""
        return self._fields.get(name)

    def items(self) -> Iterator[tuple[str, object]]:
        yield from self._fields.items()

    def has(self, name: str) -> bool:
        """Tell whether there is a value other than null."""
        return self._fields.get(name) is not None

    def wrong(self, name: str, what: str) -> UnreadableError:
        return UnreadableError(f"“{name}” of {self.place} {what}")

    def _take(self, name: str, default: object) -> Any:
        value = self._fields.get(name, default)
        if value is _MISSING:
            raise self.wrong(name, "is missing")
        return value

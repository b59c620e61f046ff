"""What a model means when it calls the browser tool: its calls are often not quite as they were declared.

Seen of gpt-oss: ``functions.browser.search``, names without their prefix, arguments that are JSON within a JSON string
or have something behind them, numbers as strings, names of arguments that it made up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.chat import ToolCall

_UNSET = -1
_NUMBER = re.compile(r"\s*(?:L|【|\[)?\s*(-?\d{1,9})(?!\d)")
_LARGEST = 10**9
_LONGEST_TEXT = 400


@dataclass(frozen=True, slots=True)
class Search:
    """Passages for a query in words; an empty one asks for the list of documents."""

    query: str
    topn: int | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """A link of a page or a document by name, or the page itself, from a line on. None: not said."""

    id: int | str | None = None
    cursor: int | None = None
    loc: int | None = None
    num_lines: int | None = None


@dataclass(frozen=True, slots=True)
class Find:
    """An exact pattern in a page, or in the files that a list of results names."""

    pattern: str
    cursor: int | None = None


BrowserCall = Search | Open | Find


def read_call(call: ToolCall) -> BrowserCall | None:
    """What the call asks for; None where it is no call of this tool."""
    arguments = _arguments(call.arguments)
    match _function(call.name, arguments):
        case "search":
            topn = _number(arguments, "topn", "top_n", "limit")
            return Search(_text(arguments, "query", "q", "queries", "search_query", "pattern"), topn)
        case "open":
            target = _id(arguments)
            loc = _number(arguments, "loc", "line", "line_start", "lineno")
            return Open(target, _number(arguments, "cursor"), loc, _number(arguments, "num_lines", "lines"))
        case "find":
            return Find(_text(arguments, "pattern", "query", "text"), _number(arguments, "cursor"))
    return None


def _function(name: str, arguments: Mapping[str, Any]) -> str:
    """search, open or find; empty for anything else. Without a function's name the arguments tell which it is."""
    words = [word for word in re.split(r"[^a-z]+", name.lower()) if word]
    for function in ("search", "open", "find"):
        if words and (words[-1] == function or (words[0] == function and len(words) <= 3)):
            return function
    if words and words[-1] == "browser":
        keys = set(arguments)
        return "search" if "query" in keys else "find" if "pattern" in keys else "open"
    return ""


def _arguments(written: str) -> dict[str, Any]:
    """The arguments by name. What is no JSON object, but a word or a number, stands under an empty name."""
    value: Any = written
    for _ in range(3):  # JSON in a string, perhaps in another
        if isinstance(value, list) and value:
            value = value[0]
        if not isinstance(value, str):
            break
        value = _decoded(value.strip())
    if isinstance(value, dict):
        inner = value.get("arguments", value.get("parameters"))
        return inner if isinstance(inner, dict) else value
    return {} if value in (None, "") else {"": value}


def _decoded(text: str) -> Any:
    """The first JSON value in the text, whatever stands around it; else the text itself."""
    for start in sorted({0, max(text.find("{"), 0)}):
        try:
            value, end = json.JSONDecoder(strict=False).raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) or end == len(text):
            return value
    return text


def _text(arguments: Mapping[str, Any], *names: str) -> str:
    """The argument of the first of these names; else the only text there is."""
    for name in (*names, ""):
        value = arguments.get(name)
        if isinstance(value, list):
            value = " ".join(str(item) for item in value if isinstance(item, str | int | float))
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return _cut(str(value))
    texts = [value for name, value in arguments.items() if isinstance(value, str) and name != "source"]
    return _cut(texts[0]) if len(texts) == 1 else ""


def _cut(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_TEXT]


def _number(arguments: Mapping[str, Any], *names: str) -> int | None:
    """The argument of the first of these names as a number from 0 on; None where there is none, or -1 for none."""
    for name in names:
        number = _as_number(arguments.get(name))
        if number is not None:
            return number if number > _UNSET else None
    return None


def _as_number(value: Any) -> int | None:
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str):
        match = _NUMBER.match(value)
        return int(match.group(1)) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if -_LARGEST < value < _LARGEST else None


def _id(arguments: Mapping[str, Any]) -> int | str | None:
    """A link's number, or the name of a document."""
    value = next((arguments[name] for name in ("id", "url", "file", "") if name in arguments), None)
    if isinstance(value, str):
        if re.fullmatch(r"\s*(?:【\s*)?-?\d{1,9}(?:†.*)?\s*", value):
            value = _as_number(value)
        else:
            return _cut(value) or None
    number = _as_number(value)
    return number if number is not None and number > _UNSET else None

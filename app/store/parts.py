"""Parts of a message as rows, written out field by field, so that a rename in the domain can't change what is stored.

What a newer version added is no reason to fail: fields that aren't known are ignored, fields that are missing take
their defaults, and a part of a kind that isn't known is left out (its row stays where it is).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from app.domain.chat import Attachment, Citation, Excerpt, Part, Reasoning, Shown, Text, ToolCall, ToolResult

_Fields = dict[str, Any]
_END_OF_TEXT = re.compile(r'"(?=,"(?:token_ids|preamble|seconds|tokens)":|\}$)')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')


def part_to_row(part: Part) -> tuple[str, str]:
    """Give the kind and the JSON of a part."""
    kind, fields = _to_fields(part)
    return kind, to_json(fields)


def part_from_row(kind: str, data: str) -> Part | None:
    """Give back the part, or None if this version can't read it."""
    if kind not in _DECODERS:
        return None
    try:
        fields = json.loads(data)
    except ValueError:
        # SQLite has no checksums: bytes that were smashed on the disk may come without any other sign of it.
        kind, data = legible_part(kind, data)
        fields = json.loads(data)
    try:
        return _DECODERS[kind](fields)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def to_json(fields: _Fields) -> str:
    """Write JSON that SQLite can hold; half a surrogate pair, which UTF-8 can't express, is escaped."""
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(fields, separators=(",", ":"))
    return text


def is_json(data: str) -> bool:
    """Tell whether the data of a part can be read as what it is: the fields of a JSON object."""
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


def legible_part(kind: str, data: str) -> tuple[str, str]:
    """Give kind and JSON of a part whose data was cut or smashed, with what is legible of its text.

    Of a part that is more than a text the bare remains are kept as a thought: shown, but not as the answer.
    """
    begins = '{"text":"'
    if kind not in ("text", "reasoning") or not data.startswith(begins):
        return "reasoning", json.dumps({"text": data}, ensure_ascii=False)
    text = data[len(begins) :]
    end = _END_OF_TEXT.search(text)
    text = text[: end.start()] if end else text.rstrip("\\")
    try:
        text = json.loads(f'"{text}"', strict=False)
    except ValueError:
        # Smashed in the middle of its escapes: those that are legible are read, the rest is kept as it stands.
        text = _ESCAPE.sub(_unescaped, text)
    return kind, json.dumps({"text": text}, ensure_ascii=False)


def _unescaped(escape: re.Match[str]) -> str:
    return str(json.loads(f'"{escape[0]}"'))


def _to_fields(part: Part) -> tuple[str, _Fields]:
    match part:
        case Text():
            return "text", {"text": part.text, "token_ids": part.token_ids, "preamble": part.preamble}
        case Reasoning():
            return "reasoning", {"text": part.text, "seconds": part.seconds, "tokens": part.tokens}
        case ToolCall():
            return "tool_call", {
                "name": part.name,
                "arguments": part.arguments,
                "channel": part.channel,
                "content_type": part.content_type,
                "token_ids": part.token_ids,
            }
        case ToolResult():
            fields = {"name": part.name, "output": part.output, "channel": part.channel}
            return "tool_result", fields if part.shown is None else {**fields, "shown": _shown_fields(part.shown)}
        case Attachment():
            return "attachment", {"name": part.name, "sha256": part.sha256, "size": part.size, "text": part.text}
        case Citation():
            return "citation", {
                "number": part.number,
                "document": part.document,
                "first_line": part.first_line,
                "last_line": part.last_line,
                "passage": part.passage,
                "page": part.page,
                "verified": part.verified,
                "mark": part.mark,
                "sha256": part.sha256,
                "start": part.start,
                "end": part.end,
            }


def _shown_fields(shown: Shown) -> _Fields:
    return {
        "cursor": shown.cursor,
        "of_files": shown.of_files,
        "document": shown.document,
        "numbered": shown.numbered,
        "excerpts": [
            {
                "document": excerpt.document,
                "sha256": excerpt.sha256,
                "line": excerpt.line,
                "first_line": excerpt.first_line,
                "start": excerpt.start,
                "text": excerpt.text,
                "pages": excerpt.pages,
            }
            for excerpt in shown.excerpts
        ],
    }


def _text(fields: _Fields) -> Text:
    return Text(
        text=str(fields["text"]),
        token_ids=_token_ids(fields),
        preamble=bool(fields.get("preamble", False)),
    )


def _reasoning(fields: _Fields) -> Reasoning:
    return Reasoning(
        text=str(fields["text"]), seconds=float(fields.get("seconds", 0.0)), tokens=int(fields.get("tokens", 0))
    )


def _tool_call(fields: _Fields) -> ToolCall:
    return ToolCall(
        name=str(fields["name"]),
        arguments=str(fields["arguments"]),
        channel=str(fields.get("channel", "commentary")),
        content_type=str(fields.get("content_type", "")),
        token_ids=_token_ids(fields),
    )


def _tool_result(fields: _Fields) -> ToolResult:
    shown = fields.get("shown")
    return ToolResult(
        name=str(fields["name"]),
        output=str(fields["output"]),
        channel=str(fields.get("channel", "commentary")),
        shown=None if shown is None else _shown(shown),
    )


def _shown(fields: _Fields) -> Shown:
    return Shown(
        cursor=_number(fields.get("cursor")),
        of_files=int(fields.get("of_files", 0)),
        excerpts=tuple(_excerpt(excerpt) for excerpt in fields.get("excerpts", ())),
        document=str(fields.get("document", "")),
        numbered=bool(fields.get("numbered", False)),
    )


def _excerpt(fields: _Fields) -> Excerpt:
    return Excerpt(
        document=str(fields["document"]),
        sha256=str(fields["sha256"]),
        line=int(fields["line"]),
        first_line=int(fields["first_line"]),
        start=int(fields["start"]),
        text=str(fields["text"]),
        pages=tuple((int(start), int(number)) for start, number in fields.get("pages", ())),
    )


def _attachment(fields: _Fields) -> Attachment:
    return Attachment(
        name=str(fields["name"]),
        sha256=str(fields["sha256"]),
        size=int(fields["size"]),
        text=str(fields.get("text", "")),
    )


def _citation(fields: _Fields) -> Citation:
    return Citation(
        number=int(fields["number"]),
        document=str(fields["document"]),
        first_line=int(fields["first_line"]),
        last_line=int(fields["last_line"]),
        passage=str(fields["passage"]),
        page=_number(fields.get("page")),
        verified=bool(fields.get("verified", False)),
        mark=str(fields.get("mark", "")),
        sha256=str(fields.get("sha256", "")),
        start=int(fields.get("start", 0)),
        end=int(fields.get("end", 0)),
    )


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _token_ids(fields: _Fields) -> tuple[int, ...]:
    return tuple(int(token) for token in fields.get("token_ids", ()))


_DECODERS: dict[str, Callable[[_Fields], Part]] = {
    "text": _text,
    "reasoning": _reasoning,
    "tool_call": _tool_call,
    "tool_result": _tool_result,
    "attachment": _attachment,
    "citation": _citation,
}

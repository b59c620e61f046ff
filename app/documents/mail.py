"""E-mail (.eml, RFC 5322 and MIME): who, when, about what, the words, and the names of what was attached."""

from __future__ import annotations

from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from typing import Any

from app.documents.builder import DocumentBuilder
from app.documents.clean import clean_line
from app.documents.encoding import decode, decode_as
from app.documents.html import add_html
from app.documents.limits import damaged
from app.documents.source import Source

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_MOST_PARTS = 1_000
_DEEPEST = 20


class _Policy(Compat32):
    """Headers as they were sent where they should be ASCII and are not: most are UTF-8 (RFC 6532)."""

    def header_fetch_parse(self, name: str, value: Any) -> Any:  # noqa: ARG002 - the policy's contract
        raw = str(value)
        return raw if raw.isascii() else decode(raw.encode("ascii", "surrogateescape"))


def extract(source: Source, builder: DocumentBuilder) -> None:
    message = BytesParser(policy=_Policy()).parsebytes(source.read())
    if not any(message.get(name) for name in _HEADERS):
        raise damaged("The file is damaged: it is no e-mail.")
    builder.title = _header(message, "Subject")
    _Reader(builder).add_message(message)


class _Reader:
    """Adds the parts of a message, those of messages within it included, up to a number and a depth."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._parts = 0

    def add_message(self, message: Message, depth: int = 0) -> None:
        lines = [f"{name}: {value}" for name in _HEADERS if (value := _header(message, name))]
        self._builder.text("\n".join(lines))
        self._add(message, depth)

    def _add(self, part: Message, depth: int) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS or depth > _DEEPEST:
            if not self._builder.notes:
                self._builder.notes.append("Not all parts of the message were read.")
            return
        inner = part.get_payload()
        kind = part.get_content_type()
        if isinstance(inner, list):
            messages = [one for one in inner if isinstance(one, Message)]
            if kind == "message/rfc822":
                for one in messages:
                    self.add_message(one, depth + 1)
            else:
                for one in _preferred(messages) if kind == "multipart/alternative" else messages:
                    self._add(one, depth + 1)
        elif part.get_filename() or part.get_content_disposition() == "attachment":
            name = clean_line(_decoded(str(part.get_filename() or ""))) or "without a name"
            self._builder.text(f"Attachment: {name} ({kind})")
        elif kind == "text/html":
            add_html(_content(part), self._builder)
        elif part.get_content_maintype() == "text":
            self._builder.text(_content(part))


def _preferred(parts: list[Message]) -> list[Message]:
    """Of the same words in several forms the plain one, where it says anything; else the last, which is the richest."""
    for part in parts:
        if part.get_content_type() == "text/plain" and _content(part).strip():
            return [part]
    return parts[-1:]


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    return decode_as(data, str(part.get_content_charset() or ""))


def _header(message: Message, name: str) -> str:
    return clean_line(_decoded(str(message.get(name) or "")))


def _decoded(value: str) -> str:
    """A header with its encoded words (RFC 2047) as text."""
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, ValueError):
        return value

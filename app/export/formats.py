"""The formats a conversation can be taken out in."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from app.export.html import to_html
from app.export.markdown import to_markdown
from app.export.text import to_text
from app.export.transcript import Transcript


class Format(StrEnum):
    """A format by the name that the command line knows. JSON alone is lossless; the others are for people."""

    MARKDOWN = "markdown"
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    TEXT = "text"
    JSON = "json"

    @property
    def suffix(self) -> str:
        return _SUFFIXES[self]


_SUFFIXES = {
    Format.MARKDOWN: ".md",
    Format.HTML: ".html",
    Format.PDF: ".pdf",
    Format.DOCX: ".docx",
    Format.TEXT: ".txt",
    Format.JSON: ".json",
}

Writer = Callable[[Transcript], bytes]


def _docx(document: Transcript) -> bytes:
    # python-docx takes a tenth of a second to load, which no start of the application should pay for.
    from app.export.docx import to_docx  # noqa: PLC0415

    return to_docx(document)


def _utf8(text: str) -> bytes:
    """Encode text; half a surrogate pair, which UTF-8 can't express, becomes a question mark."""
    return text.encode("utf-8", "replace")


WRITERS: dict[Format, Writer] = {
    Format.MARKDOWN: lambda document: _utf8(to_markdown(document)),
    Format.HTML: lambda document: _utf8(to_html(document)),
    Format.DOCX: _docx,
    Format.TEXT: lambda document: _utf8(to_text(document)),
}
"""What writes each format. A PDF needs Qt, so its writer is given by who has Qt."""

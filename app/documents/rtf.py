"""RTF, through striprtf: the text without pictures and embedded objects."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from app.documents.builder import DocumentBuilder
from app.documents.limits import damaged
from app.documents.source import Source
from app.documents.tables import TableWriter
from app.domain.documents import BlockKind

# Pictures are most of a file's size, and striprtf would look at each digit of them.
# A single run of 64, 96 or 128 may be a checksum.
_HEX = re.compile(r"(?:[0-9a-fA-F]{129,}|[0-9a-fA-F]{64,}\s+[0-9a-fA-F]{64,})(?:\s+[0-9a-fA-F]{2,})*")
_HIDDEN = re.compile(r"\\v(?![a-z0-9-])[^{}]*?(?=\\v0(?!\d)|\\plain(?![a-z])|[{}]|$)")
_FOOTNOTE = re.compile(r"\\footnote(?![a-z])")
_TITLE = re.compile(r"\{\\title ((?:[^{}\\]|\\'[0-9a-fA-F]{2}|\\u-?\d{1,5} ?\??){1,200})\}")
_START = re.compile(r"\{\\rtf1?(?:\\(?:ansi|ansicpg\d+|mac|pc|pca|uc\d)(?![a-z]))*")


def extract(source: Source, builder: DocumentBuilder) -> None:
    raw = source.read().decode("latin-1")
    if not raw.lstrip("\ufeff\u00ef\u00bb\u00bf \r\n").startswith("{\\rtf"):
        raise damaged("The file is damaged: it is no RTF.")
    title = _TITLE.search(raw[: 64 << 10])
    start = _START.search(raw[:1024])
    try:
        builder.title = _text(f"{start.group() if start else ''} {title.group(1)}}}") if title else ""
        # striprtf leaves footnotes out, and shows what is hidden.
        text = _text(_FOOTNOTE.sub(r"\\line ", _HIDDEN.sub("", _HEX.sub("", raw))))
    except (ValueError, LookupError, IndexError, KeyError, TypeError, AttributeError, OverflowError):
        raise damaged("The file is damaged: its text can't be found.") from None
    table: TableWriter | None = None
    for line in text.split("\n"):
        # striprtf ends each cell of a table with a bar.
        if line.endswith("|") and line.count("|") > 1:
            table = table or TableWriter(builder)
            table.add(line.split("|")[:-1])
        else:
            table = None
            builder.text(line, BlockKind.ITEM if line.startswith(("•", "·")) else BlockKind.PARAGRAPH)


def _text(rich: str) -> str:
    text = str(rtf_to_text(rich, errors="replace"))  # type: ignore[no-untyped-call]
    # Characters beyond the 16-bit plane are written as two surrogates.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

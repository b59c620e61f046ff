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
_HEX = re.compile(r"[0-9a-fA-F]{64,}(?:\s+[0-9a-fA-F]{2,})*")
_TITLE = re.compile(r"\{\\title ([^{}\\]{1,200})\}")


def extract(source: Source, builder: DocumentBuilder) -> None:
    raw = source.read().decode("latin-1")
    if not raw.lstrip("\ufeff\u00ef\u00bb\u00bf \r\n").startswith("{\\rtf"):
        raise damaged("The file is damaged: it is no RTF.")
    title = _TITLE.search(raw[: 64 << 10])
    builder.title = title.group(1) if title else ""
    try:
        text = str(rtf_to_text(_HEX.sub("", raw), errors="replace"))  # type: ignore[no-untyped-call]
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

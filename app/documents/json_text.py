"""JSON, JSON Lines and notebooks. What is written for people keeps its lines; what stands on one line is laid out."""

from __future__ import annotations

import json
import re
from typing import Any

from app.documents.builder import DocumentBuilder
from app.documents.encoding import read_text
from app.documents.plain import add_code
from app.documents.source import Source
from app.domain.documents import BlockKind

_LONGEST_LINE = 2_000
# An even number of backslashes before them are backslashes of the text.
_ESCAPES = re.compile(r"(?<!\\)((?:\\\\)*)((?:\\u[0-9a-fA-F]{4})+)")
_MOST_LAID_OUT = 16 << 20
"""More than this is read as it stands: laid out it would take several times its size in memory."""


def extract(source: Source, builder: DocumentBuilder) -> None:
    text = _ESCAPES.sub(_written_out, read_text(source, builder))
    if source.name.lower().endswith((".jsonl", ".ndjson")):
        for line in text.split("\n"):
            builder.text(line, BlockKind.ROW)
        return
    value = _value(text) if len(text) <= _MOST_LAID_OUT else None
    if source.name.lower().endswith(".ipynb") and isinstance(value, dict):
        _add_notebook(value, builder)
    elif value is not None and max(map(len, text.split("\n"))) > _LONGEST_LINE:
        add_code(json.dumps(value, indent=2, ensure_ascii=False)[: builder.limits.characters + 1], builder)
    else:
        add_code(text[: builder.limits.characters + 1], builder)


def _written_out(escapes: re.Match[str]) -> str:
    """Letters that many programs escape, as letters: nobody searches for "caf\\u00e9"."""
    letters: str = json.loads(f'"{escapes.group(2)}"')
    shown = (letter if letter > "\x7f" and letter.isprintable() else f"\\u{ord(letter):04x}" for letter in letters)
    return escapes.group(1) + "".join(shown)


def _value(text: str) -> Any:
    """The value, None where it is no JSON or nested beyond reason: then its text is all there is to read."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _add_notebook(notebook: dict[str, Any], builder: DocumentBuilder) -> None:
    """The cells of a Jupyter notebook (nbformat 4): text and code, without what the code printed."""
    cells = notebook.get("cells")
    for cell in cells if isinstance(cells, list) else []:
        source = cell.get("source") if isinstance(cell, dict) else None
        text = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
        is_code = isinstance(cell, dict) and cell.get("cell_type") == "code"
        if not is_code and text.startswith("#"):
            signs, _, rest = text.partition(" ")
            heading, _, text = rest.partition("\n")
            builder.heading(heading, len(signs))
        builder.text(text, BlockKind.CODE if is_code else BlockKind.PARAGRAPH)

"""Citations as the commands print them."""

from __future__ import annotations

from typing import Any

from app.domain.chat import Citation

_JOINERS = "\u200c\u200d"


def on_terminal(text: str) -> str:
    """A name or a place on one line, with what would steer the terminal or the direction of writing made visible.

    Joiners stay: they belong to the spelling of some languages.
    """
    return "".join(
        char if char.isprintable() or char in _JOINERS else char.encode("unicode_escape").decode() for char in text
    )


def place_of(citation: Citation) -> str:
    """``terms.pdf, page 3, lines 4 to 9``."""
    if not citation.verified:
        return "not in what the model was shown"
    first, last = citation.first_line, citation.last_line
    lines = f"line {first}" if first == last else f"lines {first} to {last}"
    page = "" if citation.page is None else f"page {citation.page}, "
    return on_terminal(f"{citation.document}, {page}{lines}")


def citation_fields(citation: Citation) -> dict[str, Any]:
    """A citation in JSON output."""
    return {
        "number": citation.number,
        "mark": citation.mark,
        "file": citation.document,
        "page": citation.page,
        "lines": [citation.first_line, citation.last_line],
        "text": citation.passage,
        "verified": citation.verified,
    }

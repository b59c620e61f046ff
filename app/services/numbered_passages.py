"""Passages for models that can't call tools: numbered, quoted line by line, put before the question."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.chat import Excerpt, Shown
from app.domain.documents import Passage
from app.domain.quoted import as_quotation
from app.services.pages import Opened, estimated_tokens, passage_lines, passage_title

_HEADING = "Passages from the user's documents:"
_NOTHING = "Nothing in the user's documents fits this question."


def numbered_passages(
    hits: Sequence[tuple[Opened, Passage]], first_number: int, budget: int, of_files: int
) -> tuple[str, Shown]:
    """The best passages within a budget of tokens, numbered from first_number on; one at least if there is any."""
    blocks: list[str] = []
    excerpts: list[Excerpt] = []
    left = budget
    for opened, passage in hits:
        first, last = passage_lines(opened, passage)
        if excerpts and sum(opened.cost(number) for number in range(first, last + 1)) > left:
            continue
        excerpt = opened.excerpt(first, opened.end_of_view(first, left, last - first + 1), 0)
        number = first_number + len(excerpts)
        source = ", ".join(part for part in (opened.name, passage_title(opened, passage)) if part)
        block = f"[{number}] {source}\n{as_quotation(excerpt.text)}"
        blocks.append(block)
        excerpts.append(excerpt)
        left -= estimated_tokens(block)
    if not excerpts:
        return _NOTHING, Shown(None, of_files, numbered=True)
    return "\n\n".join([_HEADING, *blocks]), Shown(first_number, of_files, tuple(excerpts), numbered=True)

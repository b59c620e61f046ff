"""The marks of citations in a text: what they look like, and what a reader sees in their stead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from markdown_it.rules_inline import StateInline

CITATION_SCHEME = "cite"


@dataclass(frozen=True, slots=True)
class CitationMark:
    """What stands in the place of a mark in the text: its link is ``cite:`` and the target, tip is plain text.

    verified False says that the model was not shown what it cites.
    """

    target: int
    number: int
    verified: bool
    tip: str = ""


KnownCitations = Mapping[str, Sequence[CitationMark]]
"""By what the text says (``【3†L3-L9】``); one mark may cite several places."""

Citations = KnownCitations | None
"""None: they are not known yet, and each place where gpt-oss may have put one is a dot."""

NO_CITATIONS: KnownCitations = MappingProxyType({})

# As gpt-oss writes them: cursor, lines, and sometimes more between further daggers.
_MARK = re.compile(r"【\d{1,6}†[^†【】\n]{1,80}(?:†[^【】\n]{0,200})?】")
_OPEN_MARK = re.compile(r"【(?:\d{0,6}|\d{1,6}†[^【】\n]{0,280})\Z")


def without_open_mark(markdown: str) -> str:
    """A text that still grows, without the mark of a citation that has just begun at its end."""
    return _OPEN_MARK.sub("", markdown)


def with_numbers(markdown: str, citations: KnownCitations) -> str:
    """The text for whoever copies it: ``[1]`` in the place of each mark."""
    if not citations:
        return markdown
    marks = sorted(citations, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, marks)), lambda mark: numbers(citations[mark[0]]), markdown)


def numbers(marks: Sequence[CitationMark]) -> str:
    """What stands for a mark in plain text: ``[1]``, or ``[1][2]``."""
    return "".join(f"[{number}]" for number in dict.fromkeys(mark.number for mark in marks))


def citation_rule(state: StateInline, silent: bool) -> bool:
    """Take the mark of a citation; a rule of the inline parser."""
    citations: Citations = state.env.get("citations", NO_CITATIONS)
    mark = _mark_at(state, citations)
    if not mark:
        return False
    if not silent:
        token = state.push("citation", "a", 0)
        token.content = mark
        token.meta = {"marks": None if citations is None else citations[mark]}
    state.pos += len(mark)
    return True


def _mark_at(state: StateInline, citations: Citations) -> str:
    """The mark that begins here, if it is known or may come to be known."""
    if state.src[state.pos] == "【":
        match = _MARK.match(state.src, state.pos, state.posMax)
        found = match[0] if match else ""
        if citations is None or found in citations:
            return found
    if not citations:
        return ""
    known = (mark for mark in citations if state.src.startswith(mark, state.pos, state.posMax))
    mark = max(known, key=len, default="")
    # "[1](address)" is a link that the text writes.
    return "" if mark.startswith("[") and state.src[state.pos + len(mark) :].startswith(("(", "[", ":")) else mark

"""How an answer's text cites documents, and what a reader sees in its stead.

gpt-oss was trained to write ``【3†L3-L9】`` (cursor of a page, its lines); it also writes ``【3】``, ``【3†source】``,
``【3†L3-L9; 4†L1】`` and ``(3†L3)``. Models without tools cite passages by number, ``[2]``, and files by name. The text
keeps its marks, because the model's tokens stand for exactly that text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.domain.chat import Citation

_LINES = r"L\d{1,9}(?:\s*[-–—]\s*L?\d{1,9})?"
MARK = re.compile(
    r"【(?P<bracket>[^【】]{1,300})】"
    rf"|[(\[](?P<other>\d{{1,9}}\s*†\s*{_LINES}(?:\s*†[^()\[\]†]{{0,100}})?)[)\]]"
    r"|\[(?P<number>\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?![(:])"
    r"|\[(?P<name>[^\[\]\n]{1,200})\](?![(:])"
)
"""A mark in any of the forms; of the last two only those are citations whose number or name means something."""

_UNFINISHED = re.compile(r"[ \t]*【(?:\d[^【】]{0,300}|[^【】]{1,300}†[^【】]{0,300})?\Z")


def without_marks(text: str, citations: Sequence[Citation]) -> str:
    """The text as it is read, copied and exported: each mark becomes the numbers of its sources, ``[1]`` or ``[1][2]``.

    A mark that was not finished is left out.
    """
    numbers: dict[str, list[int]] = {}
    for citation in citations:
        numbers.setdefault(citation.mark, []).append(citation.number)
    numbers.pop("", None)
    text = _UNFINISHED.sub("", text)
    if not numbers:
        return text
    marks = re.compile("|".join(re.escape(mark) for mark in sorted(numbers, key=len, reverse=True)))
    return marks.sub(lambda found: "".join(f"[{number}]" for number in dict.fromkeys(numbers[found[0]])), text)

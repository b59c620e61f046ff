"""Text of documents as a model is shown it: nothing in it is hidden, and nothing looks like a citation or a link.

Control tokens need no care here: documents are Plain pieces of a prompt, in which they stay text (see domain.prompt).
"""

from __future__ import annotations

import re

# What a person does not see, but a model reads: controls, bidirectional controls, zero-width and tag characters,
# fillers, variation selectors beyond the one of emoji, lone surrogates, noncharacters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# The joiners belong to the spelling of Persian, of Indian languages and of emoji, and stand between their characters;
# anywhere else they hide something.
_STRAY_JOINER = re.compile(
    "(?<![^\x00-\u02ff\u200c\u200d])[\u200c\u200d\ufe0f]|[\u200c\u200d](?![^\x00-\u02ff\u200c\u200d])"
)
_BREAK = re.compile("[\x0b\x0c\r\x85\u2028\u2029]")
_BRACKETS = str.maketrans("【】", "〖〗")
# The parts of a citation, which models put into other brackets too: 3†L5.
_DAGGER = re.compile(r"(\d\s{0,3})†")
_REFERENCE = re.compile(r"\[(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\]")


def quoted(text: str) -> str:
    """A document's text, harmless; line feeds stay, every other kind of line break becomes a space.

    The brackets 【】, by which gpt-oss knows links and citations, become 〖〗, as in the browser tool that it was
    trained with (openai/gpt-oss, simple_browser/page_contents.py).
    """
    text = _STRAY_JOINER.sub("", _HIDDEN.sub("", _BREAK.sub(" ", text)))
    return _DAGGER.sub(r"\1‡", text.translate(_BRACKETS))


def quoted_line(text: str, limit: int = 100) -> str:
    """A name or a title, harmless and on one line of so many characters at most."""
    line = " ".join(quoted(text).replace("†", "‡").split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def as_quotation(text: str) -> str:
    """A document's text with ``>`` before each of its lines, so that no line of it can pass for anything else.

    References in it, such as ``[4]``, become ``(4)``: in brackets they would be citations to a model that cites so.
    """
    return "\n".join(f"> {line}".rstrip() for line in _REFERENCE.sub(r"(\1)", quoted(text)).split("\n"))

"""A conversation as Markdown. Messages stand in it as they were written, to the character."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from app.export.transcript import Entry, Source, Thought, Transcript

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&!]|(?<=^)[-+=](?=\s|$)|(?<=^\d)[.)](?=\s))")
# Blocks alone tell what is open, and cost little.
_BLOCKS = MarkdownIt("commonmark", {"html": True}).disable(["inline", "text_join"])
# What may end a block that would otherwise go on to the end of the file (CommonMark 0.31, HTML blocks 1 to 5).
_HTML_ENDS = ("-->", "</pre>", "?>", "]]>", ">")
_NEXT = "\n\n# next"


def to_markdown(document: Transcript) -> str:
    """Write a document as Markdown (CommonMark with tables)."""
    parts = [f"# {_escaped(document.title)}", document.when]
    for section in document.sections:
        if section.title:
            parts += ["---", f"# {section.title}"]
        for entry in section.entries:
            parts += _entry(entry)
    return "\n\n".join(parts) + "\n"


def _entry(entry: Entry) -> list[str]:
    parts = [f"## {entry.heading}", f"*{entry.created_at:%Y-%m-%d %H:%M}*"]
    parts += [_thought(thought) for thought in entry.thoughts]
    if entry.text:
        parts.append(_closed(entry.text.strip("\n")))
    if entry.files:
        parts.append("\n".join(f"- Attached: {_escaped(file)}" for file in entry.files))
    if entry.sources:
        parts += ["**Sources**", "\n".join(_source(source) for source in entry.sources)]
    if entry.note:
        parts.append(f"*{_escaped(entry.note)}*")
    return parts


def _thought(thought: Thought) -> str:
    """Quote what the model thought; the quote's end closes whatever is open in it."""
    return _quoted(f"**{_escaped(thought.title)}**\n\n{thought.text.strip()}")


def _source(source: Source) -> str:
    place = f"- [{source.number}] {_escaped(source.place)}"
    if not source.passage.strip():
        return place
    passage = "\n".join(_escaped(line.strip()) for line in source.passage.strip().splitlines())
    return place + "\n\n" + re.sub(r"(?m)^", "  ", _quoted(passage))


def _quoted(text: str) -> str:
    return re.sub(r"(?m)^>\s$", ">", re.sub(r"(?m)^", "> ", text))


def _escaped(text: str) -> str:
    """Give text of one line so that nothing in it is Markdown."""
    return _SPECIAL.sub(r"\\\1", text)


def _closed(text: str) -> str:
    """Close a block of code or HTML that a message leaves open, for it would swallow the rest of the file."""
    if _ends_before(text + _NEXT):
        return text
    fences = [token.markup for token in _BLOCKS.parse(text) if token.type == "fence"]
    for end in (*fences[-1:], *_HTML_ENDS):
        if _ends_before(f"{text}\n{end}{_NEXT}"):
            return f"{text}\n{end}"
    return text


def _ends_before(text: str) -> bool:
    """Tell whether the last line is a heading, and not part of what stands before it."""
    tokens = _BLOCKS.parse(text)
    return len(tokens) >= 3 and tokens[-3].type == "heading_open" and tokens[-3].level == 0

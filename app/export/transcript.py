"""What of a conversation a document shows: the same for every format that is made for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.domain.chat import (
    Attachment,
    Citation,
    Conversation,
    Message,
    Reasoning,
    Role,
    Status,
    ToolCall,
    ToolResult,
)
from app.export.tree import Thread, Version, threads
from app.markup import parse, printable


@dataclass(frozen=True, slots=True)
class Choices:
    """What goes into a document: the model's thoughts and its tool calls, the sources of answers, all the branches."""

    reasoning: bool = False
    sources: bool = True
    branches: bool = False


@dataclass(frozen=True, slots=True)
class Thought:
    """A stretch of reasoning, a tool's call or its result; title names it, text is as the model wrote it."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A place in a document that an answer points to; place is in words, passage what stands there."""

    number: int
    place: str
    passage: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One message: text is Markdown of the model, or plain words of the user; note says how it ended, if not well."""

    heading: str
    is_user: bool
    created_at: datetime
    text: str
    files: tuple[str, ...] = ()
    thoughts: tuple[Thought, ...] = ()
    sources: tuple[Source, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A thread of messages; title is empty for the branch that the conversation is on."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation as it will be written."""

    title: str
    created_at: datetime
    sections: tuple[Section, ...]

    @property
    def when(self) -> str:
        return f"Conversation of {self.created_at:%Y-%m-%d %H:%M}"


_NOTES = {
    Status.STOPPED: "This answer was stopped.",
    Status.INTERRUPTED: "This answer was interrupted.",
    Status.STREAMING: "This answer was still being written.",
}

# What the model writes to cite: 【cursor†L3】 or 【cursor†L3-L9】; code in a line is matched so that it is left alone.
_CODE_OR_CITATION = re.compile(
    r"(?P<code>(?<!`)(`+)(?!`).*?(?<!`)\2(?!`))|【(?P<cursor>\d+)†(?P<lines>[^】\n]{0,40})】"
)
_LINES = re.compile(r"L(\d+)(?:-L?(\d+))?")


def transcript(conversation: Conversation, choices: Choices, zone: tzinfo | None = None) -> Transcript:
    """Choose from a conversation with all its messages. Times are those of the zone, else of this computer."""
    found = threads(conversation, choices.branches)
    sections = []
    for index, thread in enumerate(found):
        numbering = thread.after + 1 if len(found) > 1 else None
        title = f"Another version, from message {numbering} on" if index else ""
        sections.append(Section(title, _entries(thread, choices, zone, numbering)))
    return Transcript(title_of(conversation), conversation.created_at.astimezone(zone), tuple(sections))


def title_of(conversation: Conversation) -> str:
    """Give the title in one line; a conversation without one is called Untitled."""
    return " ".join(printable(conversation.title).split()) or "Untitled"


def _entries(thread: Thread, choices: Choices, zone: tzinfo | None, numbering: int | None) -> tuple[Entry, ...]:
    return tuple(
        _entry(version, choices, zone, "" if numbering is None else f"{numbering + index}. ")
        for index, version in enumerate(thread.versions)
    )


def _entry(version: Version, choices: Choices, zone: tzinfo | None, prefix: str) -> Entry:
    message = version.message
    is_user = message.role is Role.USER
    suffix = f" (version {version.number} of {version.count})" if version.count > 1 else ""
    cited = [part for part in message.parts if isinstance(part, Citation)]
    text = message.text
    if not is_user:
        text = with_citations(text, cited if choices.sources else None)
    return Entry(
        heading=f"{prefix}{'You' if is_user else 'Answer'}{suffix}",
        is_user=is_user,
        created_at=message.created_at.astimezone(zone),
        text=text,
        files=tuple(_file(part) for part in message.parts if isinstance(part, Attachment)),
        thoughts=_thoughts(message) if choices.reasoning else (),
        sources=tuple(map(_source, cited)) if choices.sources else (),
        note=_note(message),
    )


def _file(attachment: Attachment) -> str:
    size = attachment.size
    amount = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB" if size >= 1000 else f"{size} bytes"
    return f"{printable(attachment.name)} ({amount})"


def _thoughts(message: Message) -> tuple[Thought, ...]:
    thoughts = []
    for part in message.parts:
        match part:
            case Reasoning(text, seconds) if text:
                thoughts.append(Thought(f"Thoughts, {seconds:.0f} s" if seconds >= 1 else "Thoughts", text))
            case ToolCall(name, arguments):
                thoughts.append(Thought(f"Call of {printable(name)}", arguments))
            case ToolResult(name, output):
                thoughts.append(Thought(f"Result of {printable(name)}", output))
    return tuple(thoughts)


def _source(citation: Citation) -> Source:
    place = [printable(citation.document)]
    if citation.page is not None:
        place.append(f"page {citation.page}")
    if citation.first_line == citation.last_line:
        place.append(f"line {citation.first_line}")
    else:
        place.append(f"lines {citation.first_line} to {citation.last_line}")
    if not citation.verified:
        place.append("not confirmed")
    return Source(citation.number, ", ".join(place), citation.passage)


def _note(message: Message) -> str:
    if message.failure is not None:
        return f"{message.failure.title} {message.failure.remedy}".strip()
    return "This answer failed." if message.status is Status.FAILED else _NOTES.get(message.status, "")


def with_citations(markdown: str, citations: Sequence[Citation] | None) -> str:
    """Turn the model's marks into the numbers of the sources below the answer; None leaves the marks out.

    A mark that belongs to no source stays as it is, and so does everything in code and in formulas.
    """
    if "†" not in markdown:
        return markdown
    lines = markdown.splitlines(keepends=True)
    verbatim: set[int] = set()
    for token in parse(markdown):
        if token.type in ("fence", "code_block", "formula_block") and token.map:
            verbatim.update(range(*token.map))
    marked = {citation.mark: citation.number for citation in citations or () if citation.mark}
    # Conversations of before kept no marks with their citations.
    numbers: dict[tuple[int, int], list[tuple[str, int]]] = {}
    for citation in citations or ():
        key = (citation.first_line, citation.last_line)
        numbers.setdefault(key, []).append((str(citation.number), citation.number))

    def replacement(match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        if citations is None:
            return ""
        if match[0] in marked:
            return f"[{marked[match[0]]}]"
        place = _LINES.fullmatch(match["lines"])
        known = numbers.get((int(place[1]), int(place[2] or place[1])), []) if place else []
        if not known:
            return match[0]
        return f"[{dict(known).get(match['cursor'], known[0][1])}]"

    return "".join(
        line if number in verbatim else _CODE_OR_CITATION.sub(replacement, line) for number, line in enumerate(lines)
    )

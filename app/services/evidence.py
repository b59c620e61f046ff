"""What an answer rests on, and what each of its tool steps did, in values that a window words and in English."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.chat import Excerpt, Part, ToolCall, ToolResult
from app.domain.documents import numbered_lines
from app.domain.quoted import quoted_line
from app.services.browser_arguments import Find, Open, Search, read_call


@dataclass(frozen=True, slots=True)
class Evidence:
    """An answer was drawn from so many passages (separate stretches of text) in so many files out of of_files."""

    passages: int
    files: int
    of_files: int


class Action(StrEnum):
    SEARCHED = "searched"
    LISTED = "listed"
    OPENED = "opened"
    FOUND = "found"
    OTHER = "other"
    """No call of the browser tool, or one that could not be done."""


@dataclass(frozen=True, slots=True)
class ToolStep:
    """What a call did. subject is what was searched or found, the name of the file that was opened, else the tool's."""

    action: Action
    subject: str
    passages: int = 0
    files: int = 0
    first_line: int = 0
    last_line: int = 0


def evidence(parts: Sequence[Part]) -> Evidence | None:
    """What the documents gave to an answer with these parts; None where none were looked at.

    It is computed from the results that are stored with the answer, so it is the same after a restart.
    """
    shown = [part.shown for part in parts if isinstance(part, ToolResult) and part.shown is not None]
    if not shown:
        return None
    passages, files = _count(excerpt for page in shown for excerpt in page.excerpts)
    return Evidence(passages, files, max(page.of_files for page in shown))


def tool_step(call: ToolCall, result: ToolResult) -> ToolStep:
    """What a call of the browser tool did, or that it was something else."""
    wanted, shown = read_call(call), result.shown
    if shown is None or wanted is None:
        return ToolStep(Action.OTHER, quoted_line(call.name))
    passages, files = _count(shown.excerpts)
    match wanted:
        case Search(""):
            return ToolStep(Action.LISTED, "", files=len(shown.excerpts))
        case Search(query):
            return ToolStep(Action.SEARCHED, quoted_line(query), passages, files)
        case Find(pattern):
            return ToolStep(Action.FOUND, quoted_line(pattern), passages, files)
        case Open():
            excerpt = shown.excerpts[0]
            last = excerpt.first_line + len(numbered_lines(excerpt.text)) - 1
            return ToolStep(Action.OPENED, quoted_line(excerpt.document), 1, 1, excerpt.first_line, last)


def in_words(step: ToolStep) -> str:
    """``Searched “notice period”: 6 passages in 3 files``."""
    found = f"{_counted(step.passages, 'passage')} in {_counted(step.files, 'file')}" if step.passages else "nothing"
    match step.action:
        case Action.SEARCHED:
            return f"Searched “{step.subject}”: {found}"
        case Action.FOUND:
            return f"Looked for “{step.subject}”: {found}"
        case Action.LISTED:
            return f"Listed the documents: {_counted(step.files, 'file')}"
        case Action.OPENED:
            return f"Opened {step.subject}, lines {step.first_line} to {step.last_line}"
        case Action.OTHER:
            return f"Called {step.subject}"


def drawn_from(rests_on: Evidence) -> str:
    """``Drawn from 5 passages in 3 of 13 files.``"""
    files = _counted(max(rests_on.of_files, rests_on.files), "file")
    within = f"{rests_on.files} of {files}" if rests_on.of_files > 1 else files
    return f"Drawn from {_counted(rests_on.passages, 'passage')} in {within}."


def _count(excerpts: Iterable[Excerpt]) -> tuple[int, int]:
    """Stretches of text that do not overlap, and the files that they are from."""
    ranges = sorted({(one.sha256, one.start, one.start + len(one.text)) for one in excerpts if one.text})
    passages, last, reached = 0, "", 0
    for sha256, start, end in ranges:
        if sha256 != last or start >= reached:
            passages, reached = passages + 1, end
        last, reached = sha256, max(reached, end)
    return passages, len({sha256 for sha256, _, _ in ranges})


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

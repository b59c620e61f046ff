"""What a model did with its tools, in a line each: searched, opened, looked for."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.domain.chat import ToolCall, ToolResult
from app.services.evidence import Action, ToolStep
from app.services.evidence import tool_step as step_of
from app.ui.document_words import files, passages
from app.ui.words import number, one_line


def tr(text: str) -> str:
    return QCoreApplication.translate("ToolSteps", text)


def tool_step(call: ToolCall, result: ToolResult | None) -> str:
    """One line about a tool that the model used: "Searched “notice period”: 6 passages in 3 files"."""
    output = one_line(result.output) if result is not None else ""
    step = step_of(call, result) if result is not None else ToolStep(Action.OTHER, call.name)
    match step.action:
        case Action.SEARCHED:
            return tr("Searched “{words}”").format(words=step.subject) + _found(step)
        case Action.FOUND:
            return tr("Looked for “{words}”").format(words=step.subject) + _found(step)
        case Action.LISTED:
            return tr("Looked at the list of files: {files}").format(files=files(step.files))
        case Action.OPENED:
            return tr("Opened {name}, lines {first} to {last}").format(
                name=one_line(step.subject), first=number(step.first_line), last=number(step.last_line)
            )
        case Action.OTHER:
            called = tr("Called {tool}").format(tool=one_line(step.subject))
            return f"{called}: {output}" if output else called


def _found(step: ToolStep) -> str:
    if not step.passages:
        return tr(": nothing found")
    return tr(": {passages} in {files}").format(passages=passages(step.passages), files=files(step.files))

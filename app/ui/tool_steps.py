"""What a model did with its tools, in a line each: searched, opened, looked for."""

from __future__ import annotations

import json
import re
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.domain.chat import ToolCall, ToolResult
from app.ui.document_words import files, passages
from app.ui.words import number, one_line

# How the browser tool lays its pages out: links into documents, the lines in view, and the page's title with the file.
_LINK = re.compile(r"【\d+†[^†【】]*(?:†([^【】]*))?】")
_VIEW = re.compile(r"\*\*viewing lines \[(\d+) - (\d+)\] of \d+\*\*")
_FILE = re.compile(r"\A\s*\[\d+\]\s*(.*?)\s*$", re.MULTILINE)
_IN_BRACKETS = re.compile(r"\(([^()]+)\)\Z")
_QUERY_MOST = 60


def tr(text: str) -> str:
    return QCoreApplication.translate("ToolSteps", text)


def tool_step(call: ToolCall, result: ToolResult | None) -> str:
    """One line about a tool that the model used: "Searched “notice period”: 6 passages in 3 files"."""
    output = result.output.strip() if result is not None else ""
    name = call.name.removeprefix("functions.").removeprefix("browser.")
    match name:
        case "search":
            step = _search(call, output)
        case "open":
            step = _open(output)
        case "find":
            step = _find(call, output)
        case _:
            step = ""
    return step or _other(call, output)


def _search(call: ToolCall, output: str) -> str:
    query = _argument(call, "query")
    step = tr("Searched “{query}”").format(query=query) if query else tr("Looked at the list of files")
    links = _LINK.findall(output)
    if links and query:
        found, within = passages(len(links)), files(len(set(links)))
        return step + tr(": {passages} in {files}").format(passages=found, files=within)
    if links:
        return f"{step}: {files(len(links))}"
    return _with_outcome(step, output, "No results")


def _open(output: str) -> str:
    view, title = _VIEW.search(output), _FILE.search(output)
    if view is None or title is None:
        return ""
    bracketed = _IN_BRACKETS.search(title[1])
    name = bracketed[1] if bracketed else title[1]
    return tr("Opened {name}, lines {first} to {last}").format(
        name=one_line(name), first=number(int(view[1])), last=number(int(view[2]))
    )


def _find(call: ToolCall, output: str) -> str:
    pattern = _argument(call, "pattern")
    if not pattern:
        return ""
    step = tr("Looked for “{pattern}”").format(pattern=pattern)
    count = len(_LINK.findall(output))
    if count:
        return step + (tr(": 1 place") if count == 1 else tr(": {count} places").format(count=number(count)))
    return _with_outcome(step, output, "No `find` results")


def _with_outcome(step: str, output: str, nothing: str) -> str:
    if output.startswith(nothing):
        return step + tr(": nothing found")
    return f"{step}: {one_line(output)}" if output else step


def _other(call: ToolCall, output: str) -> str:
    called = tr("Called {tool}").format(tool=one_line(call.name))
    return f"{called}: {one_line(output)}" if output else called


def _argument(call: ToolCall, name: str) -> str:
    """An argument in one short line; empty where the model wrote none that can be read."""
    try:
        arguments: Any = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return ""
    value = arguments.get(name) if isinstance(arguments, dict) else None
    line = one_line(value) if isinstance(value, str) else ""
    return line if len(line) <= _QUERY_MOST else line[: _QUERY_MOST - 1].rstrip() + "…"

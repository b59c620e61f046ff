"""Prints the manual page, made from the parser of the command line, in the man macros (man-pages(7))."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app import APP_NAME, __version__  # noqa: E402
from app.cli.main import build_parser  # noqa: E402

_FILES = """Everything is kept in one folder, which
.B \\-\\-data\\-dir
moves:
.I ~/.local/share/Inglenook
by default. Nothing is written elsewhere, and nothing is sent anywhere."""
_EXIT = "0 after success, 1 after an error, 2 for wrong usage, 130 after Ctrl+C."
_ENVIRONMENT = """.TP
.B INGLENOOK_CPU_VARIANT
The name of the code for a kind of processor that llama.cpp shall use, as
.B inglenook doctor
lists them. By default the best one that runs here is taken."""


def manual_page(seconds: int) -> str:
    """The whole page; seconds since 1970 give its date."""
    date = time.strftime("%Y-%m-%d", time.gmtime(seconds))
    parser = build_parser()
    lines = [
        f'.TH INGLENOOK 1 "{date}" "{APP_NAME} {__version__}" "User Commands"',
        ".SH NAME",
        "inglenook \\- private chat with a language model on this computer",
        ".SH SYNOPSIS",
        ".B inglenook",
        "[\\fIOPTION\\fR]... [\\fICOMMAND\\fR [\\fIARGUMENT\\fR]...]",
        ".SH DESCRIPTION",
        "Without a command, the window is opened. The commands work without a screen.",
        ".SH OPTIONS",
        *_options(parser),
        ".SH COMMANDS",
    ]
    for path, command, summary in _commands(parser, ()):
        lines += [f".SS {_escaped(' '.join(path))}", _escaped(_sentence(summary)), *_options(command)]
    lines += [".SH ENVIRONMENT", _ENVIRONMENT, ".SH FILES", _FILES, ".SH EXIT STATUS", _EXIT]
    return "\n".join(lines) + "\n"


def _commands(
    parser: argparse.ArgumentParser, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser, str]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield (*path, name), command, summaries.get(name, "")
                yield from _commands(command, (*path, name))


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in action.option_strings)
        wanted = _value(action)
        yield ".TP"
        yield " ".join(word for word in (names, f"\\fI{_escaped(wanted)}\\fR" if wanted else "") if word)
        yield _escaped(_sentence((action.help or "print one JSON object").replace("%%", "%")))


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices is not None and action.metavar is None:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "." if words else ""


def _escaped(text: str) -> str:
    escaped = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("“", "\\(lq").replace("”", "\\(rq").replace("’", "\\(cq")
    )
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    print(manual_page(int(sys.argv[1]) if len(sys.argv) > 1 else int(time.time())), end="")

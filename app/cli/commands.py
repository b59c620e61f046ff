"""The commands: what each is called, what it takes and what runs it. Loaded only when one of them is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.cli.ask import ask
from app.cli.backup import add_backups_command, backups
from app.cli.doctor import doctor
from app.cli.export import add_export_command, export
from app.cli.import_ import add_import_command, import_
from app.cli.library import add_library_command, library
from app.cli.listing import list_conversations, show
from app.cli.models import add_models_command, models
from app.domain.chat import Effort
from app.paths import Paths

COMMANDS: dict[str, Callable[[Paths, argparse.Namespace], int]] = {
    "ask": ask,
    "list": list_conversations,
    "show": show,
    "doctor": doctor,
    "export": export,
    "import": import_,
    "library": library,
    "models": models,
    "backups": backups,
}


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add all of them to a parser's. common holds what each takes."""
    command = commands.add_parser("ask", parents=[common], help="ask a question and stream the answer")
    command.add_argument("question", metavar="QUESTION")
    command.add_argument("--model", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="a GGUF file")
    command.add_argument("--conversation", metavar="ID", help="go on in this conversation")
    command.add_argument(
        "--attach", type=Path, metavar="FILE", nargs="+", default=[], action="extend", help="send files along"
    )
    command.add_argument("--library", metavar="NAME", help="let the model search this library of documents")
    command.add_argument("--effort", choices=[effort.value for effort in Effort], help="how long to think")
    command.add_argument("--temperature", type=float, metavar="T", help="0 always takes the likeliest token")
    command.add_argument("--max-tokens", type=int, metavar="N", help="stop the answer after so many tokens")
    command.add_argument("--thinking-budget", type=int, metavar="N", help="answer after so many tokens of thought")
    command.add_argument("--context", type=int, metavar="TOKENS", help="size of the context")
    command.add_argument(
        "--when-full",
        choices=["stop", "leave-out", "larger"],
        default="stop",
        help="where the conversation no longer fits: leave out its oldest messages, or use a larger context",
    )
    command.add_argument("--show-reasoning", action="store_true", help="print the model's thoughts too")
    command.add_argument("--json", action="store_true", help="print one JSON object a line")

    command = commands.add_parser("list", parents=[common], help="list the conversations")
    command.add_argument("--json", action="store_true")

    command = commands.add_parser("show", parents=[common], help="print a conversation")
    command.add_argument("id", metavar="ID", help="its id, or the beginning of it")
    command.add_argument("--show-reasoning", action="store_true", help="print the model's thoughts too")
    command.add_argument("--json", action="store_true")

    command = commands.add_parser("doctor", parents=[common], help="say how this installation and its data are")
    command.add_argument(
        "--network", action="store_true", help="list every process and what it has open to the outside"
    )
    command.add_argument("--json", action="store_true")

    add_export_command(commands, common)
    add_import_command(commands, common)
    add_models_command(commands, common)
    add_backups_command(commands, common)
    add_library_command(commands, common)

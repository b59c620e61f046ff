"""Reads the command line and starts the window or a command."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from app import APP_NAME, __version__
from app.cli.ask import ask
from app.cli.backup import add_backups_command, backups
from app.cli.doctor import doctor
from app.cli.export import add_export_command, export
from app.cli.import_ import add_import_command, import_
from app.cli.library import add_library_command, library
from app.cli.listing import list_conversations, show
from app.cli.models import add_models_command, models
from app.cli.smoke import smoke_test
from app.core import Core, prepare
from app.domain.chat import Effort
from app.errors import AppError
from app.paths import Paths
from app.services.rescue import Rescuer
from app.settings import load_settings
from app.store.lock import InstanceLock

_COMMANDS: dict[str, Callable[[Paths, argparse.Namespace], int]] = {
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

_WITH_VALUE = ("--data-dir", "--model")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Gives the exit code: 0, 1 after an error, 2 for wrong usage, 130 after Ctrl+C."""
    # A frozen build starts the engine process from this same executable.
    multiprocessing.freeze_support()
    options = build_parser().parse_args(opening(sys.argv[1:] if arguments is None else arguments))
    if options.smoke_test:
        return smoke_test()
    paths = Paths(options.data_dir.expanduser().absolute()) if options.data_dir else Paths.default()
    try:
        return _COMMANDS.get(options.command, _window)(paths, options)
    except AppError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def opening(arguments: Sequence[str]) -> list[str]:
    """The arguments of ``inglenook FILE…``, as a double click gives them, with ``--open`` before the files.

    A command's name always is the command; a word that looks like no file is left to be refused as no command.
    """
    given = list(arguments)
    at = 0
    while at < len(given) and given[at].startswith("-") and given[at] != "--":
        if given[at] == "--open":
            return given
        at += 2 if given[at] in _WITH_VALUE else 1
    first = given[at] if at < len(given) else ""
    if first == "--":
        # A name that begins with a dash would be taken for an option.
        return [*given[:at], "--open", *(str(Path(name).absolute()) for name in given[at + 1 :])]
    if first and first not in _COMMANDS and (Path(first).suffix or Path(first).exists()):
        return [*given[:at], "--open", *given[at:]]
    return given


def _window(paths: Paths, options: argparse.Namespace) -> int:
    # Qt is loaded here and nowhere else: the other commands must start without a screen and in no time.
    from app.ui.handover import Handover, hand_over
    from app.ui.run import run

    files = [path.expanduser().absolute() for path in [*options.open, *([options.model] if options.model else [])]]
    lock = InstanceLock(paths.data)
    try:
        prepare(paths)
        free, address = lock.acquire(), lock.address
    except AppError:
        # The core will meet the same, and the window says it where a person looks who started this by a click.
        free, address = True, ""
    if not free:
        if hand_over(lock.address, Handover.of(files)):
            return 0
        return _fail(f"{APP_NAME} is already open with these conversations (process {lock.holder()}).")
    try:
        return run(
            lambda post: Core(paths, post, guarded=True),
            files,
            load_settings(paths.settings)[0].theme,
            Rescuer(paths),
            address,
        )
    finally:
        lock.release()


def _fail(sentence: str) -> int:
    print(f"inglenook: {sentence}", file=sys.stderr)
    return 1


class _Parser(argparse.ArgumentParser):
    """Says wrong usage in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"inglenook: {message}. See `{self.prog} --help`.\n")


def build_parser() -> argparse.ArgumentParser:
    """All commands and options. The manual page is made from it."""
    common = _Parser(add_help=False)
    # SUPPRESS, so that a value given before the command is not overwritten by the default after it.
    common.add_argument(
        "--data-dir", type=Path, metavar="DIR", default=argparse.SUPPRESS, help="where everything is kept"
    )
    parser = _Parser(prog="inglenook", description=f"{APP_NAME}: private chat with a model on this computer.")
    parser.add_argument("--version", action="version", version=f"{APP_NAME} {__version__}")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", default=None, help="where everything is kept")
    parser.add_argument("--model", type=Path, metavar="FILE", default=None, help="open the window with this model")
    parser.add_argument(
        "--open", type=Path, metavar="FILE", nargs="*", default=[], help="open a model, conversations or documents"
    )
    parser.add_argument("--smoke-test", action="store_true", help="try whether this installation is complete, and end")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands (none opens the window)", parser_class=_Parser
    )

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
    return parser

"""Reads the command line and starts the window or a command."""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from app import APP_NAME, __version__
from app.cli.commands import COMMAND_NAMES, load
from app.errors import AppError
from app.jobs import Post
from app.paths import Paths
from app.settings import load_settings
from app.store.folder import prepare
from app.store.lock import InstanceLock

if TYPE_CHECKING:
    from app.core import Core
    from app.services.rescue import Rescuer

_WITH_VALUE = ("--data-dir", "--model")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Gives the exit code: 0, 1 after an error, 2 for wrong usage, 130 after Ctrl+C."""
    # A frozen build starts the engine process from this same executable.
    multiprocessing.freeze_support()
    given = opening(sys.argv[1:] if arguments is None else arguments)
    options = build_parser(_needed(given)).parse_args(given)
    paths = Paths(options.data_dir.expanduser().absolute()) if options.data_dir else Paths.default()
    try:
        return _run(paths, options)
    except AppError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def opening(arguments: Sequence[str]) -> list[str]:
    """The arguments of ``inglenook FILE…``, as a double click gives them, with ``--open`` before the files.

    A command's name always is the command; a word that looks like no file is left to be refused as no command.
    """
    given = list(arguments)
    at = _first_word(given)
    if at is None:
        return given
    first = given[at]
    if first == "--":
        # A name that begins with a dash would be taken for an option.
        return [*given[:at], "--open", *(str(Path(name).absolute()) for name in given[at + 1 :])]
    if first not in COMMAND_NAMES and (Path(first).suffix or Path(first).exists()):
        return [*given[:at], "--open", *given[at:]]
    return given


def _first_word(given: Sequence[str]) -> int | None:
    """Where the first argument is that is neither an option nor the value of one: a command, a file or ``--``."""
    at = 0
    while at < len(given) and given[at] != "--open":
        if given[at] == "--" or not given[at].startswith("-"):
            return at
        at += 2 if given[at] in _WITH_VALUE else 1
    return None


def _needed(given: Sequence[str]) -> Sequence[str]:
    """The commands that these arguments can't be understood without. For the window that is none."""
    at = _first_word(given)
    if at is not None:
        # What is no command is refused with the names of all that are.
        return [given[at]] if given[at] in COMMAND_NAMES else COMMAND_NAMES
    return COMMAND_NAMES if "-h" in given or "--help" in given else ()


def _run(paths: Paths, options: argparse.Namespace) -> int:
    if options.smoke_test:
        from app.cli.smoke import smoke_test

        return smoke_test()
    return _window(paths, options) if options.command is None else load(options.command).run(paths, options)


def _window(paths: Paths, options: argparse.Namespace) -> int:
    # Nothing that is made until the window is filled is garbage; run() has the collector begin after that.
    gc.disable()
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
            lambda post: _core(paths, post),
            files,
            load_settings(paths.settings)[0].theme,
            lambda: _rescuer(paths),
            address,
        )
    finally:
        lock.release()


def _core(paths: Paths, post: Post) -> Core:
    """Made when the window is there already."""
    from app.core import Core

    return Core(paths, post, guarded=True)


def _rescuer(paths: Paths) -> Rescuer:
    from app.services.rescue import Rescuer

    return Rescuer(paths)


def _fail(sentence: str) -> int:
    print(f"inglenook: {sentence}", file=sys.stderr)
    return 1


class _Parser(argparse.ArgumentParser):
    """Says wrong usage in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"inglenook: {message}. See `{self.prog} --help`.\n")


def build_parser(names: Sequence[str] = COMMAND_NAMES) -> argparse.ArgumentParser:
    """The options and these commands. The manual page is made from it."""
    parser = _Parser(prog="inglenook", description=f"{APP_NAME}: private chat with a model on this computer.")
    parser.add_argument("--version", action="version", version=f"{APP_NAME} {__version__}")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", default=None, help="where everything is kept")
    parser.add_argument("--model", type=Path, metavar="FILE", default=None, help="open the window with this model")
    parser.add_argument(
        "--open", type=Path, metavar="FILE", nargs="*", default=[], help="open a model, conversations or documents"
    )
    parser.add_argument("--smoke-test", action="store_true", help="try whether this installation is complete, and end")
    parser.set_defaults(command=None)
    if not names:
        return parser
    common = _Parser(add_help=False)
    # SUPPRESS, so that a value given before the command is not overwritten by the default after it.
    common.add_argument(
        "--data-dir", type=Path, metavar="DIR", default=argparse.SUPPRESS, help="where everything is kept"
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands (none opens the window)", parser_class=_Parser
    )
    for name in names:
        load(name).add(commands, common)
    return parser

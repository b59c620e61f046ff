"""The commands: what each is called, and the module that says what it takes and runs it.

A module is loaded only when its command is asked for: between them they load all of the application but the window.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.paths import Paths

COMMAND_NAMES = ("ask", "list", "show", "doctor", "export", "import", "library", "models", "backups")


@dataclass(frozen=True, slots=True)
class Command:
    """How a command is added to a parser's, with what all commands take; and what runs it and gives the exit code."""

    add: Callable[[Any, argparse.ArgumentParser], None]
    run: Callable[[Paths, argparse.Namespace], int]


def load(name: str) -> Command:
    """The command of this name, one of COMMAND_NAMES."""
    # Imports that stand in the code are found by PyInstaller, names of modules would not be.
    match name:
        case "ask":
            from app.cli.ask import add_ask_command, ask

            return Command(add_ask_command, ask)
        case "list":
            from app.cli.listing import add_list_command, list_conversations

            return Command(add_list_command, list_conversations)
        case "show":
            from app.cli.listing import add_show_command, show

            return Command(add_show_command, show)
        case "doctor":
            from app.cli.doctor import add_doctor_command, doctor

            return Command(add_doctor_command, doctor)
        case "export":
            from app.cli.export import add_export_command, export

            return Command(add_export_command, export)
        case "import":
            from app.cli.import_ import add_import_command, import_

            return Command(add_import_command, import_)
        case "library":
            from app.cli.library import add_library_command, library

            return Command(add_library_command, library)
        case "models":
            from app.cli.models import add_models_command, models

            return Command(add_models_command, models)
        case "backups":
            from app.cli.backup import add_backups_command, backups

            return Command(add_backups_command, backups)
        case _:
            raise ValueError(name)

"""``inglenook import``: conversations out of Inglenook's own JSON or ChatGPT's export."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.cli.listing import opened_store
from app.cli.progress import show_progress
from app.paths import Paths
from app.services.transfer import import_conversations
from app.services.transfer_events import ImportReport


def add_import_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``import`` to the commands of the command line. common holds what all commands take."""
    command = commands.add_parser(
        "import",
        parents=[common],
        help="take conversations in",
        epilog="Conversations that are here already are left as they are. The exit code is 1 if nothing could be read.",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="JSON of Inglenook, or ChatGPT's export (JSON or zip)")
    command.add_argument("--json", action="store_true", help="print what became of the file as JSON")


def import_(paths: Paths, options: argparse.Namespace) -> int:
    """Take a file in and say what became of it. Exit code 1 if nothing in it could be read. Raises AppError."""
    with opened_store(paths) as store, show_progress("Importing") as progress:
        report = import_conversations(store, options.file.expanduser(), progress)
    if options.json:
        print(json.dumps(asdict(report), ensure_ascii=False, indent=1))
    else:
        _print(report)
    return 1 if report.unread and not report.imported and not report.known else 0


def _print(report: ImportReport) -> None:
    """The result on standard output, what could not be read on standard error."""
    imported, copies = len(report.imported), sum(item.is_copy for item in report.imported)
    print(f"{_conversations(imported)} imported.")
    if copies:
        print(f"{_conversations(copies)} of these came as a copy, because another version is here already.")
    if report.known:
        print(f"{_conversations(len(report.known))} not imported again: here already, and left unchanged.")
    trashed = [item.title for item in report.known if item.in_trash]
    if trashed:
        print(f"In the trash: {', '.join(trashed)}.")
    for item in report.unread:
        where = f"“{item.title}”: " if item.title else ""
        what = "incomplete" if item.partly else "not imported"
        print(f"inglenook: {what}: {where}{item.reason}.", file=sys.stderr)


def _conversations(count: int) -> str:
    return "1 conversation" if count == 1 else f"{count:,} conversations"

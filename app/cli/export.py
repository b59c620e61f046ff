"""``inglenook export``: conversations as files in a format of one's choice."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.cli.listing import opened_store
from app.cli.progress import show_progress
from app.errors import NotFoundError
from app.export.formats import Format, Writer
from app.export.transcript import Choices
from app.paths import Paths
from app.services.transfer import export_conversations
from app.services.transfer_events import ExportRequest

_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))


def add_export_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``export`` to the commands of the command line. common holds what all commands take."""
    command = commands.add_parser(
        "export",
        parents=[common],
        help="write conversations to files",
        epilog="JSON is always complete: all branches, reasoning and sources. The other formats are for reading.",
    )
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("ids", metavar="ID", nargs="*", default=[], help="an id, or the beginning of one")
    which.add_argument("--all", action="store_true", help="every conversation that is not in the trash")
    command.add_argument("--format", choices=[known.value for known in Format], required=True)
    command.add_argument(
        "--output",
        metavar="PATH",
        default=".",
        help="a file, or a folder for one file each, named after its title (by default the folder you are in)",
    )
    command.add_argument("--reasoning", action="store_true", help="with the model's thoughts and its tools' results")
    command.add_argument("--no-sources", action="store_true", help="without the sources of answers")
    command.add_argument("--branches", action="store_true", help="with all versions, not only those that are shown")
    command.add_argument("--force", action="store_true", help="replace files that are there already")


def export(paths: Paths, options: argparse.Namespace) -> int:
    """Write the files and print their names, one a line. Raises AppError."""
    form = Format(options.format)
    if form is Format.JSON and options.no_sources:
        print("inglenook: JSON is always complete, so the sources are in it too.", file=sys.stderr)
    with opened_store(paths) as store:
        if options.all:
            chosen = tuple(conversation.id for conversation in store.conversations())
            if not chosen:
                raise NotFoundError("There are no conversations yet.")
        else:
            chosen = tuple(store.find(prefix) for prefix in options.ids)
        request = ExportRequest(
            conversations=chosen,
            format=form,
            output=Path(options.output).expanduser(),
            choices=Choices(options.reasoning, not options.no_sources, options.branches),
            overwrite=options.force,
            into_folder=options.output.endswith(_SEPARATORS),
        )
        with show_progress("Exporting") as progress, _pdf_writer(form) as write_pdf:
            files = export_conversations(store, request, write_pdf, progress)
    for file in files:
        print(file)
    return 0


@contextmanager
def _pdf_writer(form: Format) -> Iterator[Writer]:
    """Give what writes a PDF, with Qt ready for it. Other formats need no Qt, and none is loaded."""
    if form is not Format.PDF:
        yield lambda _: b""
        return
    from app.ui.pdf_export import offscreen_application, to_pdf  # noqa: PLC0415

    with offscreen_application():
        yield to_pdf

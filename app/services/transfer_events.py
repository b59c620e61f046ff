"""What is to be taken out, how far that is, and what became of a file that was taken in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.chat import ConversationId
from app.export.formats import Format
from app.export.reading import Unread
from app.export.transcript import Choices

Progress = Callable[[int, int | None], None]
"""Is told how many conversations are done, and of how many, if known."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to take out. output is a file, or a folder for a file each, named after its title.

    It is a folder if there is one of that name, if into_folder says so, or if several conversations are written in any
    format but JSON, of which one file holds them all.
    """

    conversations: tuple[ConversationId, ...]
    format: Format
    output: Path
    choices: Choices = field(default_factory=Choices)
    overwrite: bool = False
    into_folder: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """A conversation that is now here. is_copy tells that another one has its id; problems say what was left out."""

    id: ConversationId
    title: str
    is_copy: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A conversation that was here already, in the trash perhaps."""

    id: ConversationId
    title: str
    in_trash: bool = False


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file."""

    imported: tuple[Imported, ...]
    known: tuple[Known, ...]
    unread: tuple[Unread, ...]

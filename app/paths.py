"""Where files live: one data folder, which --data-dir moves, and the resources that ship with the application."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from app import APP_NAME


@dataclass(frozen=True, slots=True)
class Paths:
    """Every place the application reads or writes. Made once, at the edge, and handed down."""

    data: Path

    @classmethod
    def default(cls) -> Paths:
        return cls(Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)))

    @property
    def database(self) -> Path:
        return self.data / "chat.db"

    @property
    def index(self) -> Path:
        """What is known of documents; may be deleted at any time."""
        return self.data / "index.db"

    @property
    def settings(self) -> Path:
        return self.data / "settings.json"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def states(self) -> Path:
        """Caches of conversations; may be deleted at any time."""
        return self.data / "states"

    @property
    def outgoing(self) -> Path:
        """Files that are dragged out of the window; emptied at every start and end."""
        return self.data / "outgoing"

    @property
    def models(self) -> Path:
        return self.data / "models"

    def create(self) -> None:
        """Make the data folder, readable by its owner alone. Raises OSError.

        One that was chosen needs a folder to be in: without, it was mistyped, or the disk it is on is not connected.
        """
        os.umask(0o077)
        self.data.mkdir(mode=0o700, parents=self == Paths.default(), exist_ok=True)
        for folder in (self.logs, self.models):
            folder.mkdir(mode=0o700, exist_ok=True)


def resource(name: str) -> Path:
    """A file that ships with the application: in the checkout, in a wheel (app/resources) or in a frozen build."""
    package = Path(__file__).resolve().parent
    frozen = getattr(sys, "_MEIPASS", None)
    roots = [Path(frozen)] if frozen else [package, package.parent]
    for root in roots:
        if (root / "resources" / name).exists():
            return root / "resources" / name
    raise FileNotFoundError(f"resource {name} is missing from the installation")

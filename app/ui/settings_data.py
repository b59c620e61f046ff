"""Where the data lies."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui.settings_section import Section
from app.ui.widgets.controls import button
from app.ui.widgets.text_view import TextView


class DataSection(Section):
    """The one folder with everything in it."""

    folder_requested = Signal()
    backups_requested = Signal()

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Your data"),
            self.tr("Conversations, settings and caches are in one folder on this computer, and nowhere else."),
            parent,
        )
        place = TextView(self)
        place.setProperty("tone", "notes")
        place.set_plain(str(folder))
        self.name(place, self.tr("Data folder"))
        show = button(self.tr("Show the folder"), "secondary", self)
        self.add(place)
        backups = button(self.tr("Backups…"), "secondary", self)
        self.add_row(show, backups)
        show.clicked.connect(self.folder_requested)
        backups.clicked.connect(self.backups_requested)

"""What conversations leave on disk so that they can go on at once."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from app.settings import Settings
from app.ui import words
from app.ui.settings_section import Section
from app.ui.widgets.controls import button, plain_label
from app.ui.widgets.number_field import NumberField

MOST = 1024
MB_PER_GB = 1000


class CachesSection(Section):
    """How much room they may take, how much they take, and their end."""

    room_chosen = Signal(int)  # MB, 0 for none
    clear_requested = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Caches on disk"),
            self.tr(
                "They let an old conversation go on at once. They hold what was said, like the database. "
                "With 0 nothing is kept."
            ),
            parent,
        )
        # Three decimals for what was written into the file by hand, in MB.
        self._room = NumberField(0, MOST, 1, 3, self)
        self._room.setSuffix(self.tr(" GB"))
        self._room.setSpecialValueText(self.tr("Keep nothing"))
        self._room.setValue(settings.states_mb / MB_PER_GB)
        self.name(self._room, self.tr("Room for caches"))
        self._clear = button(self.tr("Delete them now"), "secondary", self)
        self._size = plain_label("", "small", self)
        self.add_row(plain_label(self.tr("Up to"), "field", self), self._room, self._clear)
        self.add(self._size)
        self._room.valueChanged.connect(self._on_room_changed)
        self._clear.clicked.connect(self.clear_requested)

    def set_size(self, size: int) -> None:
        """Show how many bytes they take now."""
        self._clear.setEnabled(size > 0)
        taken = self.tr("They take {size} now. No conversation is lost with them.").format(size=words.file_size(size))
        self._size.setText(taken if size else self.tr("There are none now."))
        self._clear.setAccessibleDescription(self._size.text())

    @Slot(float)
    def _on_room_changed(self, gb: float) -> None:
        self.room_chosen.emit(round(gb * MB_PER_GB))

"""When the model's memory is given back."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.services.events import ModelPhase
from app.settings import Settings
from app.ui import settings_words
from app.ui.settings_section import Section
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.controls import button, plain_label

MINUTES = (0, 5, 15, 30, 60, 120)


class MemorySection(Section):
    """A time without use, and the choice not to wait for it."""

    unload_requested = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Memory"),
            self.tr("When the model is not used for a while, its memory goes back to the computer."),
            parent,
        )
        minutes = sorted({*MINUTES, settings.idle_minutes})
        self._idle = ChoiceField([(each, settings_words.idle_time(each)) for each in minutes], self)
        self._idle.set_value(settings.idle_minutes)
        self.name(self._idle, self.tr("Unload the model"))
        self._unload = button(self.tr("Unload now"), "secondary", self)
        self._state = plain_label("", "small", self)
        self.add_row(plain_label(self.tr("Unload"), "field", self), self._idle, self._unload)
        self.add(self._state)
        self._idle.chosen.connect(lambda value: self.changed.emit({"idle_minutes": value}))
        self._unload.clicked.connect(self.unload_requested)

    def set_state(self, phase: ModelPhase, busy: bool) -> None:
        """Show whether there is anything to unload; busy while an answer is written."""
        in_memory = phase in (ModelPhase.READY, ModelPhase.LOADING)
        self._unload.setEnabled(in_memory and not busy)
        self._state.setText(self._words(phase, in_memory, busy))
        self._unload.setAccessibleDescription(self._state.text())

    def _words(self, phase: ModelPhase, in_memory: bool, busy: bool) -> str:
        if busy:
            return self.tr("An answer is being written. The model can be unloaded after that.")
        if phase is ModelPhase.LOADING:
            return self.tr("The model is being loaded.")
        return self.tr("The model is in memory now.") if in_memory else self.tr("The model is not in memory now.")

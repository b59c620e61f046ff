"""How freely the model chooses its words."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from app.settings import Settings
from app.ui.settings_section import Section
from app.ui.widgets.number_field import NumberField
from app.ui.widgets.segmented import Segmented

MOST, STEP = 2.0, 0.1
USUAL = 1.0
MODELS, OWN = "model", "own"


class TemperatureSection(Section):
    """What the model recommends, or a number."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Temperature"),
            self.tr("How freely the model chooses its words. At 0 it always takes the likeliest one."),
            parent,
        )
        chosen = settings.temperature
        self._whose = Segmented([(MODELS, self.tr("As the model recommends")), (OWN, self.tr("Fixed"))], self)
        self._whose.set_value(MODELS if chosen is None else OWN)
        self.name(self._whose, self.tr("Temperature"))
        # Two decimals for what was written into the file by hand.
        self._value = NumberField(0.0, MOST, STEP, 2, self)
        self._value.setValue(USUAL if chosen is None else chosen)
        self._value.setEnabled(chosen is not None)
        self.name(self._value, self.tr("Fixed temperature"))
        self.add_row(self._whose, self._value)
        self._whose.chosen.connect(self._on_changed)
        self._value.valueChanged.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        own = self._whose.value == OWN
        self._value.setEnabled(own)
        self.changed.emit({"temperature": round(self._value.value(), 2) if own else None})

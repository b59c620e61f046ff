"""How long the model thinks."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QWidget

from app.domain.chat import Effort
from app.settings import Settings
from app.ui.settings_section import Section
from app.ui.widgets.controls import plain_label
from app.ui.widgets.number_field import NumberField
from app.ui.widgets.segmented import Segmented

LEAST, MOST, STEP = 64, 131072, 256
USUAL = 2048
"""A budget for those who have not chosen one yet: more than most questions need."""


class ThinkingSection(Section):
    """The effort that new conversations begin with, and a bound for every one."""

    effort_chosen = Signal(str)  # value of an Effort

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Thinking"),
            self.tr("How long the model thinks in new conversations, and a limit for all of them."),
            parent,
        )
        self._build_effort(settings.effort)
        self._build_budget(settings.thinking_budget)

    def _build_effort(self, effort: Effort) -> None:
        options = [
            (Effort.NONE.value, self.tr("None")),
            (Effort.LOW.value, self.tr("Low")),
            (Effort.MEDIUM.value, self.tr("Medium")),
            (Effort.HIGH.value, self.tr("High")),
        ]
        self._effort = Segmented(options, self)
        self._effort.set_value(effort.value)
        self.name(self._effort, self.tr("Thinking"))
        self.add_row(self._effort)
        self._effort.chosen.connect(self._on_effort_chosen)

    def _build_budget(self, budget: int | None) -> None:
        self._limited = QCheckBox(self.tr("Stop thinking after"), self)
        self._limited.setChecked(budget is not None)
        self._limited.setAccessibleDescription(self.tr("Ends the thoughts and has the model answer"))
        # What was written into the file by hand is shown as it is.
        least = LEAST if budget is None else min(LEAST, budget)
        self._budget = NumberField(least, MOST, STEP, 0, self)
        self._budget.setValue(USUAL if budget is None else budget)
        self._budget.setEnabled(budget is not None)
        self.name(self._budget, self.tr("Tokens to think at most"))
        self.add_row(self._limited, self._budget, plain_label(self.tr("tokens"), "field", self))
        self._limited.toggled.connect(self._on_budget_changed)
        self._budget.valueChanged.connect(self._on_budget_changed)

    @Slot(str)
    def _on_effort_chosen(self, value: str) -> None:
        self.changed.emit({"effort": Effort(value)})
        self.effort_chosen.emit(value)

    @Slot()
    def _on_budget_changed(self) -> None:
        limited = self._limited.isChecked()
        self._budget.setEnabled(limited)
        self.changed.emit({"thinking_budget": int(self._budget.value()) if limited else None})

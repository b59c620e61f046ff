"""Light or dark."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui.settings_section import Section
from app.ui.widgets.segmented import Segmented


class AppearanceSection(Section):
    """The colours of the window."""

    theme_chosen = Signal(str)  # "system", "light" or "dark"

    def __init__(self, choice: str, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Appearance"), self.tr("The colours of the window."), parent)
        options = [("system", self.tr("System")), ("light", self.tr("Light")), ("dark", self.tr("Dark"))]
        self._theme = Segmented(options, self)
        self._theme.set_value(choice)
        self.name(self._theme, self.tr("Theme"))
        self.add_row(self._theme)
        self._theme.chosen.connect(self.theme_chosen)

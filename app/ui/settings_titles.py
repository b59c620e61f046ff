"""Who gives conversations their titles."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QWidget

from app.settings import Settings
from app.ui.settings_section import Section


class TitlesSection(Section):
    """The model in idle time, or the first words of the user."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Titles"),
            self.tr("A title that you write yourself is always kept."),
            parent,
        )
        self._by_model = QCheckBox(self.tr("Let the model name conversations when it has nothing else to do"), self)
        self._by_model.setObjectName("titles_by_model")
        self._by_model.setChecked(settings.titles)
        self.add_row(self._by_model)
        self._by_model.toggled.connect(self._on_toggled)

    @Slot(bool)
    def _on_toggled(self, on: bool) -> None:
        self.changed.emit({"titles": on})

"""What fills the middle of the window."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QWidget

from app.ui.empty_state import EmptyState
from app.ui.first_run import FirstRun
from app.ui.theme import Theme
from app.ui.transcript import Transcript


class Pages(QStackedWidget):
    """Shows one of: nothing yet, the choice of a model, the greeting, a conversation."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._blank = QWidget(self)
        self.first_run = FirstRun(self)
        self.empty = EmptyState(self)
        self.transcript = Transcript(theme, self)
        for page in (self._blank, self.first_run, self.empty, self.transcript):
            self.addWidget(page)

    def show_first_run(self) -> None:
        self.setCurrentWidget(self.first_run)

    def show_empty(self) -> None:
        self.setCurrentWidget(self.empty)

    def show_transcript(self) -> None:
        self.setCurrentWidget(self.transcript)

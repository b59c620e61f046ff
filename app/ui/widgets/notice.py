"""A calm word about something that went wrong, within the page."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.ui.widgets.text_view import TextView


class Notice(QFrame):
    """What happened, and what to do about it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "notice")
        self._title = TextView(self)
        self._title.setProperty("tone", "noticetitle")
        self._remedy = TextView(self)
        self._remedy.setProperty("tone", "notes")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 2, 0, 2)
        layout.setSpacing(2)
        layout.addWidget(self._title)
        layout.addWidget(self._remedy)

    @property
    def text(self) -> str:
        return f"{self._title.toPlainText()} {self._remedy.toPlainText()}".strip()

    def set_failure(self, title: str, remedy: str) -> None:
        self._title.set_plain(title, 125)
        self._remedy.set_plain(remedy, 125)
        self._remedy.setVisible(bool(remedy))
        self.setAccessibleName(self.text)

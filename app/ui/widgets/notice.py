"""A calm word about something that went wrong, within the page, and what can be chosen now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from app.ui.widgets.controls import button
from app.ui.widgets.text_view import TextView


@dataclass(frozen=True, slots=True)
class Choice:
    """A button's words, and more about it for its tooltip."""

    key: str
    label: str
    description: str = ""


class Notice(QFrame):
    """What happened, what to do about it, and buttons that do it."""

    chosen = Signal(str)  # key of a choice

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "notice")
        # Made when there is something to say: most messages have a notice that never does.
        self._words: tuple[TextView, TextView] | None = None
        self._buttons: list[QPushButton] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 2, 0, 2)
        self._layout.setSpacing(2)
        self._choices = QVBoxLayout()
        self._choices.setSpacing(6)
        self._layout.addLayout(self._choices)

    @property
    def text(self) -> str:
        return " ".join(filter(None, (view.toPlainText() for view in self._words or ())))

    def set_failure(self, title: str, remedy: str) -> None:
        if self._words is None:
            self._words = self._add("noticetitle", 0), self._add("notes", 1)
        for view, words in zip(self._words, (title, remedy), strict=True):
            view.set_plain(words, 125)
        self._words[1].setVisible(bool(remedy))
        self.setAccessibleName(self.text)

    def _add(self, tone: str, place: int) -> TextView:
        view = TextView(self)
        view.setProperty("tone", tone)
        self._layout.insertWidget(place, view)
        return view

    def set_choices(self, choices: Sequence[Choice]) -> None:
        """Offer these, one below the other; none takes the buttons away."""
        for old in self._buttons:
            self._choices.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._buttons = [self._make(choice) for choice in choices]
        self._choices.setContentsMargins(0, 8 if choices else 0, 0, 2 if choices else 0)
        for each in self._buttons:
            self._choices.addWidget(each, 0, Qt.AlignmentFlag.AlignLeft)

    def _make(self, choice: Choice) -> QPushButton:
        result = button(choice.label, "secondary", self)
        result.setObjectName(f"choice_{choice.key}")
        result.setProperty("key", choice.key)
        result.setToolTip(choice.description)
        result.setAccessibleDescription(choice.description)
        result.clicked.connect(self._on_clicked)
        return result

    @Slot()
    def _on_clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.chosen.emit(str(sender.property("key")))

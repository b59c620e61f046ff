"""A word above the conversation: about a trouble as long as it lasts, or about an export and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.widgets.controls import button, flat_button, plain_label


class Cause(StrEnum):
    """What a banner can be about, the most pressing first."""

    STORAGE = "storage"
    DAMAGE = "damage"
    READ_ONLY = "read_only"
    BACKUP = "backup"
    REMAINING = "remaining"
    TRANSFER = "transfer"
    MODEL = "model"
    WAITING = "waiting"


_URGENCY = tuple(Cause)


@dataclass(frozen=True, slots=True)
class Note:
    """What happened, what follows from it, and what can be done: a button's words, or whether it can be put away.

    good: there is nothing to worry about.
    """

    title: str
    words: str
    action: str = ""
    closable: bool = False
    good: bool = False


class Banner(QFrame):
    """Shows the most pressing of the notes it holds, and is hidden while it holds none."""

    acted = Signal(str)  # value of the Cause whose button was pressed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notes: dict[Cause, Note] = {}
        self._build()
        self._act.clicked.connect(self._on_acted)
        self._hide.clicked.connect(self._on_hidden)

    def _build(self) -> None:
        self.setObjectName("banner")
        self.setProperty("tone", "banner")
        self._title = plain_label("", "bannertitle", self)
        self._words = plain_label("", "note", self)
        for label in (self._title, self._words):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._act = button("", "secondary", self)
        self._hide = flat_button(self.tr("Hide"), self.tr("Hide this notice"), self)
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(self._title)
        text.addWidget(self._words)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 9, 12, 9)
        layout.setSpacing(12)
        layout.addLayout(text, 1)
        layout.addWidget(self._act, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self._hide, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    @property
    def cause(self) -> Cause | None:
        """What is told now."""
        return next((cause for cause in _URGENCY if cause in self._notes), None)

    @property
    def text(self) -> str:
        return f"{self._title.text()} {self._words.text()}" if self.cause is not None else ""

    def put(self, cause: Cause, note: Note) -> None:
        """Tell this until it is removed."""
        self._notes[cause] = note
        self._refresh()

    def remove(self, cause: Cause) -> None:
        """The cause is gone."""
        self._notes.pop(cause, None)
        self._refresh()

    def _refresh(self) -> None:
        cause = self.cause
        if cause is not None:
            note = self._notes[cause]
            self._title.setText(note.title)
            self._words.setText(note.words)
            self._act.setText(note.action)
            self._act.setVisible(bool(note.action))
            self._hide.setVisible(note.closable)
            if self.property("good") is not note.good:
                self.setProperty("good", note.good)
                self.style().polish(self)
            self.setAccessibleName(self.text)
        self.setVisible(cause is not None)

    @Slot()
    def _on_acted(self) -> None:
        if self.cause is not None:
            self.acted.emit(self.cause.value)

    @Slot()
    def _on_hidden(self) -> None:
        if self.cause is not None:
            self.remove(self.cause)

"""The messages that wait for their turn, as rows above the composer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.widgets.controls import flat_button, plain_label
from app.ui.widgets.elided_label import ElidedLabel

MOST = 4
"""Rows that are shown; more would take the room of the conversation."""


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """One message: its id, its words in one line, and what it waits for."""

    key: str
    text: str
    waits_for: str
    can_send: bool


class WaitingMessages(QFrame):
    """Hidden while nothing waits."""

    taken_back = Signal(str)  # id of a message
    sent = Signal(str)  # id of a message

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: list[WaitingRow] = []
        self._rows: list[_Row] = []
        self._build()

    def _build(self) -> None:
        self.setObjectName("waiting")
        self.setAccessibleName(self.tr("Messages that wait"))
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 0, 10, 0)
        self._layout.setSpacing(2)
        self._more = plain_label("", "faint", self)
        self._layout.addWidget(self._more)
        self.hide()

    @property
    def texts(self) -> list[str]:
        """What the rows say."""
        return [row.text for row in self._rows]

    def show_rows(self, rows: Sequence[WaitingRow]) -> None:
        """Show what waits, the next one first."""
        if list(rows) == self._shown:
            # A button that is being pressed must not be made anew.
            return
        self._shown = list(rows)
        for old in self._rows:
            self._layout.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._rows = [_Row(row, self) for row in rows[:MOST]]
        for place, row in enumerate(self._rows):
            row.taken_back.connect(self.taken_back)
            row.sent.connect(self.sent)
            self._layout.insertWidget(place, row)
            row.show()
        hidden = len(rows) - len(self._rows)
        self._more.setText(self.tr("and {count} more").format(count=hidden))
        self._more.setVisible(hidden > 0)
        self.setVisible(bool(rows))


class _Row(QWidget):
    """One waiting message, and what can be done with it."""

    taken_back = Signal(str)
    sent = Signal(str)

    def __init__(self, row: WaitingRow, parent: QWidget) -> None:
        super().__init__(parent)
        self._key = row.key
        self.text = row.text
        label = plain_label(row.waits_for, "faint", self)
        words = ElidedLabel("note", self)
        words.setText(row.text)
        send = flat_button(self.tr("Send now"), self.tr("Send this message now"), self)
        send.setVisible(row.can_send)
        back = flat_button(self.tr("Take back"), self.tr("Take this message back into the box below"), self)
        back.setObjectName("take_back")
        send.clicked.connect(self._on_send_clicked)
        back.clicked.connect(self._on_back_clicked)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(label)
        layout.addWidget(words, 1)
        layout.addWidget(send)
        layout.addWidget(back)

    @Slot()
    def _on_send_clicked(self) -> None:
        self.sent.emit(self._key)

    @Slot()
    def _on_back_clicked(self) -> None:
        self.taken_back.emit(self._key)

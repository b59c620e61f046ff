"""The pale line under an answer: how it ended, how fast it was, Copy, and what else can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.domain.chat import Message, Role
from app.ui import words
from app.ui.message_actions import MessageActions
from app.ui.widgets.controls import plain_label
from app.ui.widgets.copy_button import CopyButton


class MetaLine(QWidget):
    """Secondary things about a finished answer."""

    copy_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._build()
        self._connect()

    def _build(self) -> None:
        self._ending = plain_label("", "ending", self)
        self._speed = plain_label("", "faint", self)
        self._copy = CopyButton(self.tr("Copy this answer"), self)
        self._actions = MessageActions(Role.ASSISTANT, self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._ending)
        layout.addWidget(self._speed)
        layout.addWidget(self._copy)
        layout.addWidget(self._actions)
        layout.addStretch(1)

    def _connect(self) -> None:
        self._copy.clicked.connect(self.copy_requested)

    @property
    def text(self) -> str:
        """What the line says, without its buttons."""
        return " ".join(label.text() for label in (self._ending, self._speed) if not label.isHidden())

    @property
    def message_actions(self) -> MessageActions:
        return self._actions

    def show_message(self, message: Message) -> None:
        """Tell about a message that has ended."""
        ending = words.ending(message)
        self._ending.setText(ending)
        self._ending.setVisible(bool(ending))
        statistics = message.statistics
        known = statistics is not None and statistics.generated_tokens > 0
        self._speed.setVisible(known)
        if statistics is not None and known:
            self._speed.setText(words.speed(statistics))
            self._speed.setToolTip(words.cost(statistics))
        self._copy.setVisible(bool(message.text))
        self._actions.show_message(message)

"""The pale line under an answer: how it ended, how fast it was, Copy, and what else can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app.domain.chat import Message, Role
from app.ui import document_words, words
from app.ui.document_words import Grounds
from app.ui.message_actions import MessageActions
from app.ui.widgets.controls import plain_label
from app.ui.widgets.copy_button import CopyButton
from app.ui.widgets.flow_layout import FlowLayout


class MetaLine(QWidget):
    """Secondary things about a finished answer."""

    copy_requested = Signal()
    copy_with_sources_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._build()
        self._connect()

    def _build(self) -> None:
        self._ending = plain_label("", "ending", self)
        self._grounds = plain_label("", "faint", self)
        self._grounds.setObjectName("grounds")
        self._grounds.hide()
        self._speed = plain_label("", "faint", self)
        self._copy = CopyButton(self.tr("Copy this answer as Markdown; a right click offers plain text"), self)
        self._copy.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._copy_all = CopyButton(
            self.tr("Copy this answer and the list of its sources"), self, self.tr("Copy with sources")
        )
        self._copy_all.hide()
        self._actions = MessageActions(Role.ASSISTANT, self)
        layout = FlowLayout(self, gap=12, row_gap=0)
        layout.addWidget(self._ending)
        layout.addWidget(self._grounds)
        layout.addWidget(self._speed)
        layout.addWidget(self._copy)
        layout.addWidget(self._copy_all)
        layout.addWidget(self._actions)

    def _connect(self) -> None:
        self._copy.clicked.connect(self.copy_requested)
        self._copy_all.clicked.connect(self.copy_with_sources_requested)

    def offer_copy(self, action: QAction) -> None:
        """Offer another way to copy, at a right click on Copy or with the menu key."""
        self._copy.addAction(action)

    @property
    def text(self) -> str:
        """What the line says, without its buttons."""
        return " ".join(label.text() for label in (self._ending, self._grounds, self._speed) if not label.isHidden())

    def set_grounds(self, grounds: Grounds | None) -> None:
        """Say what the answer rests on; None for one without documents."""
        self._grounds.setVisible(grounds is not None)
        self._copy_all.setVisible(grounds is not None)
        if grounds is not None:
            self._grounds.setText(document_words.drawn_from(grounds))

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

"""What can be done with a message, as a row of pale words under it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.domain.chat import Message, MessageId, Role, Status
from app.ui.version_switch import VersionSwitch
from app.ui.widgets.controls import flat_button
from app.ui.widgets.copy_button import CopyButton


class Action(StrEnum):
    """What a row can ask for."""

    COPY = "copy"
    EDIT = "edit"
    AGAIN = "again"
    CONTINUE = "continue"
    BRANCH = "branch"


_OFFERED = {
    Role.USER: (Action.COPY, Action.EDIT),
    # An answer's Copy stands before its other words; see MetaLine.
    Role.ASSISTANT: (Action.CONTINUE, Action.AGAIN, Action.BRANCH),
}
_RESUMABLE = (Status.STOPPED, Status.INTERRUPTED)


def _words(action: Action) -> tuple[str, str]:
    """What the button says, and what it does."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("MessageActions", text)

    match action:
        case Action.COPY:
            return tr("Copy"), tr("Copy this message")
        case Action.EDIT:
            return tr("Edit"), tr("Ask this in other words; the message as it is stays beside it")
        case Action.AGAIN:
            return tr("Try again"), tr("Answer once more, beside this answer")
        case Action.CONTINUE:
            return tr("Continue"), tr("Go on with this answer where it ends")
        case Action.BRANCH:
            return tr("Branch off"), tr("Begin a new conversation that holds everything up to here")


class MessageActions(QWidget):
    """A quiet row is seen only while it is pointed at or one of its buttons has the focus; it keeps its room.

    Its buttons are always there for the tab key and for screen readers.
    """

    requested = Signal(str)  # value of an Action
    version_chosen = Signal(str)  # message id

    def __init__(self, role: Role, parent: QWidget | None = None, *, quiet: bool = False) -> None:
        super().__init__(parent)
        self._quiet = quiet
        self._pointed_at = False
        self._read_only = False
        self._buttons: dict[Action, QPushButton] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for action in _OFFERED[role]:
            button = self._make(action)
            button.setObjectName(f"message_{action}")
            button.clicked.connect(partial(self.requested.emit, action.value))
            button.installEventFilter(self)
            self._buttons[action] = button
            layout.addWidget(button)
        self._versions = VersionSwitch(self)
        self._versions.chosen.connect(self.version_chosen)
        layout.addWidget(self._versions)
        self._refresh()

    @property
    def versions(self) -> VersionSwitch:
        return self._versions

    def button(self, action: Action) -> QPushButton:
        return self._buttons[action]

    def show_message(self, message: Message) -> None:
        """Offer what suits a message: only an answer that was broken off can go on."""
        if Action.CONTINUE in self._buttons:
            resumable = message.status in _RESUMABLE and bool(message.text.strip())
            self._buttons[Action.CONTINUE].setVisible(resumable and not self._read_only)

    def show_versions(self, shown: MessageId, versions: Sequence[MessageId]) -> None:
        if not self._read_only:
            self._versions.show_versions(shown, versions)

    def set_busy(self, busy: bool) -> None:
        """While an answer is being written, none can be asked for."""
        for action in (Action.EDIT, Action.AGAIN, Action.CONTINUE):
            if action in self._buttons:
                self._buttons[action].setEnabled(not busy)
        self._versions.setEnabled(not busy)

    def set_read_only(self) -> None:
        """Offer only what writes nothing."""
        self._read_only = True
        self._versions.setVisible(False)
        for action, button in self._buttons.items():
            button.setVisible(action is Action.COPY)

    def set_pointed_at(self, pointed_at: bool) -> None:
        """Show a quiet row, or have it disappear."""
        self._pointed_at = pointed_at
        self._refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._refresh()
        return super().eventFilter(watched, event)

    def _make(self, action: Action) -> QPushButton:
        label, description = _words(action)
        if action is Action.COPY:
            return CopyButton(description, self)
        return flat_button(label, description, self)

    def _refresh(self) -> None:
        quiet = self._quiet and not self._pointed_at and not any(each.hasFocus() for each in self._buttons.values())
        for button in self._buttons.values():
            if button.property("quiet") != quiet:
                button.setProperty("quiet", quiet)
                if button.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
                    button.style().polish(button)

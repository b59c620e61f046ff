"""What the user wrote, as a bubble at the right."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QEnterEvent, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.chat import Attachment, Message, Role
from app.ui.message_actions import Action, MessageActions
from app.ui.message_editor import MessageEditor
from app.ui.theme import LINE_HEIGHT
from app.ui.widgets.controls import flat_button, plain_label
from app.ui.widgets.file_chip import FileChip
from app.ui.widgets.flow_layout import FlowLayout
from app.ui.widgets.notice import Notice
from app.ui.widgets.text_view import TextView

WIDEST = 0.8
"""Part of the column that a bubble may take."""
PADDING = 14


class UserMessage(QWidget):
    """Plain text, exactly as it was sent. The bubble is as narrow as its words allow.

    Above the first message that the model sees stands that it does not see what comes before.
    """

    all_requested = Signal()  # the model shall see everything
    attachment_opened = Signal(object)  # Attachment
    edit_submitted = Signal(str)  # the text that is to be asked in its place

    def __init__(self, message: Message, first_in_sight: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor: MessageEditor | None = None
        self._build()
        self._build_mark(first_in_sight)
        self._view.set_plain(message.text, LINE_HEIGHT)
        files = [part for part in message.parts if isinstance(part, Attachment)]
        self._build_files(files)
        # What could not be rescued of a damaged file has no words left, or not all of them.
        there = bool(message.text or files) or message.failure is None
        self._bubble.setVisible(there)
        self._actions.setVisible(there)
        self._notice = Notice(self)
        self._notice.setVisible(message.failure is not None)
        if message.failure is not None:
            self._notice.set_failure(message.failure.title, message.failure.remedy)
        self._layout.addWidget(self._notice)

    def _build(self) -> None:
        self._bubble = QFrame(self)
        self._bubble.setProperty("tone", "bubble")
        self._view = TextView(self._bubble)
        self._view.setProperty("tone", "prose")
        self._view.setAccessibleName(self.tr("Your message"))
        self._inner = QVBoxLayout(self._bubble)
        self._inner.setContentsMargins(PADDING, 11, PADDING, 10)
        self._inner.setSpacing(8)
        self._inner.addWidget(self._view)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addWidget(self._bubble, 0, Qt.AlignmentFlag.AlignRight)
        self._actions = MessageActions(Role.USER, self, quiet=True)
        self._actions.requested.connect(self._on_action_requested)
        self._layout.addWidget(self._actions, 0, Qt.AlignmentFlag.AlignRight)

    def _build_files(self, files: Sequence[Attachment]) -> None:
        """The files that came with the message, above its words."""
        self._files = QWidget(self._bubble)
        self._files.setVisible(bool(files))
        row = FlowLayout(self._files)
        for file in files:
            chip = FileChip(file.name, self._files)
            chip.setToolTip(self.tr("Show this document"))
            chip.clicked.connect(partial(self.attachment_opened.emit, file))
            row.addWidget(chip)
        self._inner.insertWidget(0, self._files)

    def _build_mark(self, visible: bool) -> None:
        """The line between what is out of the model's sight and what it sees."""
        if not visible:
            return
        mark = QFrame(self)
        mark.setProperty("tone", "sightmark")
        words = plain_label(self.tr("The model no longer sees what is above"), "faint", mark)
        again = flat_button(self.tr("Show it all again"), self.tr("Let the model see the whole conversation"), mark)
        again.setObjectName("show_all")
        again.clicked.connect(self.all_requested)
        row = QHBoxLayout(mark)
        row.setContentsMargins(0, 6, 0, 0)
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(words)
        row.addWidget(again)
        row.addStretch(1)
        self._layout.insertWidget(0, mark)
        self._layout.insertSpacing(1, 18)

    @property
    def text(self) -> str:
        return self._view.toPlainText()

    @property
    def notice(self) -> str:
        """What is said about words that are lost; empty where none are."""
        return self._notice.text

    @property
    def message_actions(self) -> MessageActions:
        return self._actions

    @property
    def editor(self) -> MessageEditor | None:
        """Where the message is being written anew, if it is."""
        return self._editor

    def begin_edit(self) -> None:
        """Let the user write the message anew in its place."""
        if self._editor is not None:
            return
        self._editor = MessageEditor(self.text, self)
        self._editor.submitted.connect(self.edit_submitted)
        self._editor.cancelled.connect(self.end_edit)
        self._layout.insertWidget(self._layout.indexOf(self._bubble), self._editor)
        self._bubble.hide()
        self._actions.hide()
        self._editor.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def end_edit(self) -> None:
        """Show the message as it is again."""
        if self._editor is None:
            return
        self._layout.removeWidget(self._editor)
        self._editor.hide()
        self._editor.deleteLater()
        self._editor = None
        self._bubble.show()
        self._actions.show()
        self._actions.button(Action.EDIT).setFocus(Qt.FocusReason.OtherFocusReason)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._actions.set_pointed_at(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._actions.set_pointed_at(False)

    @Slot(str)
    def _on_action_requested(self, action: str) -> None:
        match action:
            case Action.COPY:
                QGuiApplication.clipboard().setText(self.text)
            case Action.EDIT:
                self.begin_edit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        limit = max(80, int(self.width() * WIDEST) - 2 * PADDING)
        width = self._view.ideal_width(limit)
        if not self._files.isHidden():
            width = max(width, min(limit, self._files.sizeHint().width()))
        if width != self._view.minimumWidth():
            self._view.setFixedWidth(width)

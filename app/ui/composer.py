"""Where a message is written: the text, how long the model may think, how full the context is, and Send or Stop."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.chat import Effort
from app.ui import words
from app.ui.attach_button import AttachButton, LibraryButton
from app.ui.attachment_bar import AttachmentBar
from app.ui.composer_edit import ComposerEdit
from app.ui.theme import Theme
from app.ui.widgets.controls import button, plain_label
from app.ui.widgets.meter import Meter
from app.ui.widgets.segmented import Segmented

GAP = 8


class Composer(QFrame):
    """Offers what is written; whoever sends it empties the composer once it is safely stored."""

    message_submitted = Signal(str)  # text
    stop_requested = Signal()
    text_changed = Signal()
    effort_chosen = Signal(str)  # value of an Effort
    files_pasted = Signal(list)  # of Path

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._running = False
        self._context_known = False
        self._build()
        self._build_row()
        self._connect()
        self._refresh()

    def _build(self) -> None:
        self.setProperty("tone", "composer")
        self._edit = ComposerEdit(self)
        self._edit.setPlaceholderText(self.tr("Write a message"))
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 11, 10, 9)
        self._layout.setSpacing(8)
        self._attachments = AttachmentBar(self)
        self._layout.addWidget(self._attachments)
        self._layout.addWidget(self._edit)

    def _build_row(self) -> None:
        efforts = [
            (Effort.NONE, self.tr("None")),
            (Effort.LOW, self.tr("Low")),
            (Effort.MEDIUM, self.tr("Medium")),
            (Effort.HIGH, self.tr("High")),
        ]
        self._effort = Segmented(efforts, self)
        self._effort.setObjectName("effort")
        self._effort.setAccessibleName("effort")
        self._effort.setToolTip(self.tr("How long the model thinks before it answers"))
        self._meter = Meter(74, 5, self)
        self._context = plain_label("", "note", self)
        self._send = button(self.tr("Send"), "primary", self)
        self._stop = button(self.tr("Stop"), "stop", self)
        self._name(self._send, "send", self.tr("Send the message (Enter)"))
        self._name(self._stop, "stop", self.tr("Stop the answer (Esc)"))
        self._stop.hide()
        self._attach = AttachButton(self._theme, self)
        self._library = LibraryButton(self._theme, self)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self._attach)
        row.addWidget(self._library)
        row.addWidget(self._effort)
        row.addWidget(self._meter)
        row.addWidget(self._context)
        row.addStretch(1)
        row.addWidget(self._send)
        row.addWidget(self._stop)
        self._layout.addLayout(row)
        self.set_context(0, 0)

    @staticmethod
    def _name(widget: QWidget, name: str, description: str) -> None:
        widget.setObjectName(name)
        widget.setAccessibleName(name)
        widget.setAccessibleDescription(description)
        widget.setToolTip(description)

    def _connect(self) -> None:
        self._edit.submitted.connect(self._on_submitted)
        self._edit.files_pasted.connect(self.files_pasted)
        self._edit.focus_changed.connect(self._on_focus_changed)
        self._edit.textChanged.connect(self._on_text_changed)
        self._send.clicked.connect(self._on_submitted)
        self._stop.clicked.connect(self.stop_requested)
        self._effort.chosen.connect(self.effort_chosen)

    @property
    def text(self) -> str:
        return self._edit.text

    @property
    def attachments(self) -> AttachmentBar:
        """The files that will be sent along."""
        return self._attachments

    @property
    def attach(self) -> AttachButton:
        return self._attach

    @property
    def library(self) -> LibraryButton:
        """Which library the conversation uses."""
        return self._library

    @property
    def effort(self) -> Effort:
        return Effort(self._effort.value)

    def set_text(self, text: str) -> None:
        self._edit.set_text(text)

    def clear(self) -> None:
        """Begin anew; what was written is stored elsewhere."""
        self._edit.set_text("")

    def set_read_only(self) -> None:
        """Nothing can be sent here."""
        self._edit.setReadOnly(True)
        self._edit.setPlaceholderText(self.tr("Your conversations can only be read now"))
        self._effort.setEnabled(False)
        self._refresh()

    def yield_undo(self) -> None:
        """See ComposerEdit.yield_undo()."""
        self._edit.yield_undo()

    def submit(self) -> None:
        """Do as Send does."""
        self._on_submitted()

    def set_effort(self, effort: Effort) -> None:
        self._effort.set_value(effort.value)

    def set_running(self, running: bool) -> None:
        """Show Stop while a turn runs, and beside it Send once there is something that can wait in line."""
        had_focus = self._send.hasFocus() or self._stop.hasFocus()
        self._running = running
        self._stop.setVisible(running)
        tip = self.tr("Send the message after this answer (Enter)") if running else self.tr("Send the message (Enter)")
        self._name(self._send, "send", tip)
        self._refresh()
        if had_focus:
            (self._stop if running else self._edit).setFocus(Qt.FocusReason.OtherFocusReason)

    def set_context(self, used: int, size: int) -> None:
        """Show how full the context is; a size of 0 hides it, because nobody knows."""
        known = self._context_known = size > 0
        if known:
            self._meter.set_fraction(used / size)
            self._context.setText(words.context(used, size))
            tip = self.tr("Context: {used} of {size} tokens that the model can have in sight").format(
                used=words.number(used), size=words.number(size)
            )
            self._meter.setToolTip(tip)
            self._context.setToolTip(tip)
        self._make_room()

    def take_focus(self) -> None:
        """Let the user write at once, if there is a model to write to."""
        if self.isHidden():
            return
        self._edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The whole box is the place to write in, not only its first line."""
        self.take_focus()
        super().mousePressEvent(event)

    @Slot()
    def _on_submitted(self) -> None:
        if self._can_send():
            self.message_submitted.emit(self._edit.text.strip())

    @Slot(bool)
    def _on_focus_changed(self, focused: bool) -> None:
        self.setProperty("focused", focused)
        self.style().polish(self)

    @Slot()
    def _on_text_changed(self) -> None:
        self.text_changed.emit()
        self._refresh()

    def _make_room(self) -> None:
        """Tell of the context only as far as there is room beside what can be pressed."""
        buttons = (self._attach, self._library, self._effort, self._send, self._stop)
        taken = sum(each.sizeHint().width() + GAP for each in buttons if not each.isHidden())
        room = self.contentsRect().width() - taken - 2 * GAP
        numbers = self._meter.sizeHint().width() + GAP + self._context.sizeHint().width()
        self._meter.setVisible(self._context_known and room >= self._meter.sizeHint().width())
        self._context.setVisible(self._context_known and room >= numbers)

    def _can_send(self) -> bool:
        return bool(self._edit.text.strip()) and not self._edit.isReadOnly()

    def _refresh(self) -> None:
        can_send = self._can_send()
        self._send.setEnabled(can_send)
        self._send.setVisible(can_send or not self._running)
        self._make_room()

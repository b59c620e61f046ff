"""The files that will be sent with the next message, above the text that is written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.domain.documents import FileStatus
from app.services.document_events import AttachmentId, PendingAttachment
from app.ui import document_words
from app.ui.widgets.controls import flat_button
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.file_chip import FileChip
from app.ui.widgets.flow_layout import FlowLayout


class AttachmentBar(QWidget):
    """Chips, and below them what a message waits for that was sent too early."""

    removed = Signal(str)  # id of an attachment
    opened = Signal(str)  # id of an attachment
    sent_without = Signal()  # send the message without the files that are not ready
    held_back = Signal()  # don't send the message after all

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chips: dict[AttachmentId, FileChip] = {}
        self.setObjectName("attachments")
        self.setAccessibleName(self.tr("Files to send along"))
        self._box = QWidget(self)
        self._flow = FlowLayout(self._box)
        self._wait = QWidget(self)
        self._words = ElidedLabel("note", self._wait)
        self._words.setObjectName("waits_for")
        self._without = flat_button(self.tr("Send without them"), self.tr("Send the message now"), self._wait)
        self._without.setObjectName("send_without")
        back = flat_button(self.tr("Don’t send yet"), self.tr("Go on writing"), self._wait)
        back.setObjectName("hold_back")
        row = QHBoxLayout(self._wait)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._words)
        row.addWidget(self._without)
        row.addWidget(back)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._box)
        layout.addWidget(self._wait)
        self._without.clicked.connect(self.sent_without)
        back.clicked.connect(self.held_back)
        self._wait.hide()
        self.hide()

    @property
    def chips(self) -> tuple[FileChip, ...]:
        return tuple(self._chips.values())

    @property
    def waits_for(self) -> str:
        """What is said of a message that waits; empty if none does."""
        return self._words.text() if not self._wait.isHidden() else ""

    def show_files(self, files: Sequence[PendingAttachment]) -> None:
        """Show these; a chip that is there already keeps the focus."""
        for gone in [key for key in self._chips if key not in {file.id for file in files}]:
            chip = self._chips.pop(gone)
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        for file in files:
            chip = self._chips.get(file.id) or self._add(file)
            busy = file.status in (FileStatus.WAITING, FileStatus.READING)
            chip.set_detail(document_words.attachment(file), trouble=not file.ready and not busy, busy=busy)
            chip.setToolTip(document_words.attachment_tip(file))
        self._box.setVisible(bool(self._chips))
        self._refresh()

    def say_waiting(self, words: str, can_skip: bool = False) -> None:
        """Say what the message waits for; an empty text takes that away."""
        self._words.setText(words)
        self._without.setVisible(can_skip)
        self._wait.setVisible(bool(words))
        self._refresh()

    def _add(self, file: PendingAttachment) -> FileChip:
        chip = FileChip(file.name, self._box, removable=True)
        chip.clicked.connect(partial(self.opened.emit, file.id))
        chip.removed.connect(partial(self.removed.emit, file.id))
        self._chips[file.id] = chip
        self._flow.addWidget(chip)
        chip.show()
        return chip

    def _refresh(self) -> None:
        self.setVisible(bool(self._chips) or not self._wait.isHidden())
        self._box.updateGeometry()
        self.updateGeometry()

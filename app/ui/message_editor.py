"""A question of the user, written anew in its place."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.ui.composer_edit import ComposerEdit
from app.ui.widgets.controls import button
from app.ui.widgets.escape_frame import EscapeFrame


class MessageEditor(EscapeFrame):
    """Enter sends, Esc cancels."""

    submitted = Signal(str)  # text
    cancelled = Signal()

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "composer")
        self._edit = ComposerEdit(self)
        self._edit.setObjectName("message_editor")
        self._edit.setAccessibleName(self.tr("Edit your message"))
        self._edit.setAccessibleDescription(self.tr("Enter sends it, Shift+Enter breaks the line, Esc cancels."))
        self._edit.set_text(text)
        self._cancel = button(self.tr("Cancel"), "secondary", self)
        self._send = button(self.tr("Send"), "primary", self)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._cancel)
        row.addWidget(self._send)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 11, 10, 9)
        layout.addWidget(self._edit)
        layout.addLayout(row)
        self._edit.submitted.connect(self._on_submitted)
        self._edit.textChanged.connect(self._on_text_changed)
        self._send.clicked.connect(self._on_submitted)
        self._cancel.clicked.connect(self.cancelled)
        self.escaped.connect(self.cancelled)
        self.setFocusProxy(self._edit)

    @Slot()
    def _on_submitted(self) -> None:
        if self._edit.text.strip():
            self.submitted.emit(self._edit.text.strip())

    @Slot()
    def _on_text_changed(self) -> None:
        self._send.setEnabled(bool(self._edit.text.strip()))

"""What the user wrote, as a bubble at the right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.chat import Message
from app.ui.theme import LINE_HEIGHT
from app.ui.widgets.text_view import TextView

WIDEST = 0.8
"""Part of the column that a bubble may take."""
PADDING = 14


class UserMessage(QWidget):
    """Plain text, exactly as it was sent. The bubble is as narrow as its words allow."""

    def __init__(self, message: Message, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._build()
        self._view.set_plain(message.text, LINE_HEIGHT)

    def _build(self) -> None:
        self._bubble = QFrame(self)
        self._bubble.setProperty("tone", "bubble")
        self._view = TextView(self._bubble)
        self._view.setProperty("tone", "prose")
        self._view.setAccessibleName(self.tr("Your message"))
        inner = QVBoxLayout(self._bubble)
        inner.setContentsMargins(PADDING, 11, PADDING, 10)
        inner.addWidget(self._view)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addStretch(1)
        layout.addWidget(self._bubble, 0, Qt.AlignmentFlag.AlignRight)

    @property
    def text(self) -> str:
        return self._view.toPlainText()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        limit = max(80, int(self.width() * WIDEST) - 2 * PADDING)
        width = self._view.ideal_width(limit)
        if width != self._view.minimumWidth():
            self._view.setFixedWidth(width)

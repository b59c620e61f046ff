"""A field of one line that leaves the window its shortcuts."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit


class LineField(QLineEdit):
    """On X11 Qt's own takes some for itself, as in Emacs: Ctrl+E goes to the end, Ctrl+K deletes up to it."""

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            pressed = QKeySequence(event.keyCombination())
            undo = event.matches(QKeySequence.StandardKey.Undo)
            if not undo and any(pressed in action.shortcuts() for action in self.window().actions()):
                event.ignore()
                return False
        return super().event(event)

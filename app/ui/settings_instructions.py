"""What every conversation begins with."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.settings import Settings
from app.ui.settings_section import Section

PAUSE = 800
"""Milliseconds without a key after which what was typed is taken."""
HEIGHT = 104


class InstructionsSection(Section):
    """A text that is taken when typing pauses; flush() takes it at once."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        title = self.tr("Instructions")
        super().__init__(
            title,
            self.tr("Given to the model in every conversation: how it should write, what it should know."),
            parent,
        )
        self._taken = settings.instructions
        self._edit = QPlainTextEdit(settings.instructions, self)
        self._edit.setProperty("tone", "write")
        self._edit.setPlaceholderText(self.tr("For example: Answer in short sentences, in British English."))
        self._edit.setTabChangesFocus(True)
        self._edit.setFixedHeight(HEIGHT)
        self.name(self._edit, title)
        self.add(self._edit)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self.flush)
        self._edit.textChanged.connect(self._timer.start)

    @Slot()
    def flush(self) -> None:
        """Take what was typed."""
        self._timer.stop()
        text = self._edit.toPlainText()
        if text != self._taken:
            self._taken = text
            self.changed.emit({"instructions": text})

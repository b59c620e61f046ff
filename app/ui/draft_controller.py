"""Keeps what is typed and not yet sent, for each conversation and for a new one."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot

from app.ui.chat_controller import ChatController
from app.ui.panels import Panels
from app.ui.ports import CorePort

DELAY = 400
"""Milliseconds after which a change is saved, also while more is typed: a kill takes no more than a second's words."""


class DraftController(QObject):
    """Saves soon after every change, and when the conversation or the window is left."""

    def __init__(self, core: CorePort, panels: Panels, chat: ChatController, parent: QObject) -> None:
        super().__init__(parent)
        self._core = core
        self._chat = chat
        self._composer = panels.composer
        self._place = chat.current
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(DELAY)
        self._soon.timeout.connect(self.save)
        self._composer.text_changed.connect(self._on_text_changed)
        chat.changed.connect(self._on_changed)

    def start(self) -> None:
        """Show what was typed in the conversation on the page before. What was typed since the start stays."""
        self._place = self._chat.current
        typed = self._composer.text
        self._load()
        if typed.strip():
            self._composer.set_text("\n".join(filter(None, (self._composer.text, typed))))

    @Slot()
    def save(self) -> bool:
        """Keep what is typed now; False if that is not possible."""
        self._soon.stop()
        text = self._composer.text
        # Compared with what is stored: a backup that was restored has other drafts.
        return text == self._core.notes.draft(self._place) or self._core.notes.save_draft(self._place, text)

    @Slot()
    def _on_text_changed(self) -> None:
        if not self._composer.text:
            # It was sent: at the next start it must not look as if it were still to be.
            self.save()
        elif not self._soon.isActive():
            self._soon.start()

    @Slot()
    def _on_changed(self) -> None:
        # At once: a word that is typed from now on belongs to what is shown.
        if self._chat.current != self._place:
            kept = self.save()
            self._place = self._chat.current
            if kept:
                self._load()
            else:
                self._soon.start()

    def _load(self) -> None:
        saved = self._core.notes.draft(self._place)
        if saved != self._composer.text:
            self._composer.set_text(saved)
        self._soon.stop()

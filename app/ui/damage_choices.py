"""The ways on from a damaged file, each a button with what it means."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from app.store.backups import Backup, Contents
from app.ui import safety_words
from app.ui.widgets.controls import button, plain_label


class DamageChoices(QFrame):
    """The one that keeps the most comes first."""

    repair_chosen = Signal()
    backup_chosen = Signal()
    new_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 4, 0, 0)
        self._layout.setSpacing(4)
        self._repair, _ = self._add(
            "repair",
            "primary",
            self.tr("Repair"),
            self.tr("Takes out all that can be read, and fills the gaps from the newest good backup. Keeps the most."),
        )
        self._back, self._back_words = self._add(
            "go_back", "secondary", self.tr("Go back to a backup"), self.tr("Looking for a good backup…")
        )
        self._new, _ = self._add(
            "begin_anew", "secondary", self.tr("Begin anew…"), self.tr("Starts with no conversations.")
        )
        self._back.setEnabled(False)
        self._repair.setDefault(True)
        self._repair.clicked.connect(self.repair_chosen)
        self._back.clicked.connect(self.backup_chosen)
        self._new.clicked.connect(self.new_chosen)

    def set_backup(self, backup: Backup | None, contents: Contents | None) -> None:
        """Offer the newest good backup, if there is one."""
        self._back.setEnabled(backup is not None)
        found = self.tr("There is no good backup.")
        if backup is not None:
            found = self.tr("The newest good one is of {moment}.").format(
                moment=safety_words.date_and_time(backup.made_at)
            )
            if contents is not None:
                found = self.tr("The newest good one is of {moment}: {contents}. What came later is not in it.").format(
                    moment=safety_words.date_and_time(backup.made_at), contents=safety_words.contents(contents)
                )
        self._back_words.setText(found)
        self._back.setAccessibleDescription(found)

    def _add(self, name: str, tone: str, label: str, meaning: str) -> tuple[QPushButton, QLabel]:
        choice = button(label, tone, self)
        choice.setObjectName(name)
        choice.setAccessibleDescription(meaning)
        note = plain_label(meaning, "note", self)
        note.setWordWrap(True)
        self._layout.addWidget(choice, 0, Qt.AlignmentFlag.AlignLeft)
        self._layout.addWidget(note)
        self._layout.addSpacing(8)
        return choice, note

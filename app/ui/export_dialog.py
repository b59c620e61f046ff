"""Asks in which format conversations are to be exported, and with what."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.export.formats import Format
from app.export.transcript import Choices
from app.ui import transfer_words
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.controls import button, plain_label

WIDTH = 440
_FORMATS = tuple(Format)


class ExportDialog(QDialog):
    """The place is asked for next, by whoever opened this."""

    chosen = Signal(object, object)  # Format, Choices

    def __init__(self, count: int, choices: Choices, form: Format, parent: QWidget | None = None) -> None:
        """count says how many conversations; the others are what to begin with."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(transfer_words.export_title(count))
        self.setFixedWidth(WIDTH)
        self._build(count, choices)
        self._format.set_value(_FORMATS.index(form))
        self._format.chosen.connect(self._refresh)
        self._refresh()

    def _build(self, count: int, choices: Choices) -> None:
        self._format = ChoiceField([(at, transfer_words.format_name(each)) for at, each in enumerate(_FORMATS)], self)
        self._format.setObjectName("export_format")
        self._format.setAccessibleName(self.tr("Format"))
        self._note = plain_label("", "note", self)
        self._note.setWordWrap(True)
        self._reasoning = self._box("export_reasoning", self.tr("Thoughts, and what the model looked up"))
        self._sources = self._box("export_sources", self.tr("Sources of the answers"))
        self._branches = self._box("export_branches", self.tr("All versions of messages, not only those shown"))
        self._reasoning.setChecked(choices.reasoning)
        self._sources.setChecked(choices.sources)
        self._branches.setChecked(choices.branches)
        cancel = button(self.tr("Cancel"), "secondary", self)
        cancel.clicked.connect(self.reject)
        go_on = button(self.tr("Choose the place…"), "primary", self)
        go_on.setObjectName("choose_place")
        go_on.setDefault(True)
        go_on.clicked.connect(self._on_agreed)
        row = QHBoxLayout()
        row.setContentsMargins(0, 10, 0, 0)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(go_on)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(8)
        layout.addWidget(plain_label(transfer_words.export_title(count), "noticetitle", self))
        for widget in (self._format, self._note, self._reasoning, self._sources, self._branches):
            layout.addWidget(widget)
        layout.addLayout(row)

    def _box(self, name: str, text: str) -> QCheckBox:
        box = QCheckBox(text, self)
        box.setObjectName(name)
        return box

    @property
    def _chosen_format(self) -> Format:
        return _FORMATS[self._format.value]

    @Slot()
    def _refresh(self) -> None:
        form = self._chosen_format
        self._note.setText(transfer_words.format_note(form))
        for box in (self._reasoning, self._sources, self._branches):
            box.setEnabled(form is not Format.JSON)

    @Slot()
    def _on_agreed(self) -> None:
        choices = Choices(self._reasoning.isChecked(), self._sources.isChecked(), self._branches.isChecked())
        form = self._chosen_format
        self.accept()
        self.chosen.emit(form, choices)

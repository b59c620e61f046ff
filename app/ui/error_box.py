"""A calm dialog about something that went wrong."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.errors import AppError
from app.ui.widgets.controls import button
from app.ui.widgets.fold_button import FoldButton
from app.ui.widgets.text_view import TextView

WIDTH = 460


class ErrorBox(QDialog):
    """What happened, what to do about it, and, folded, what only a report needs."""

    def __init__(self, error: AppError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._error = error
        self._build()
        self._build_details()
        self._connect()

    def _build(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Something went wrong"))
        self.setMinimumWidth(WIDTH)
        self._title = self._words(self._error.title, "noticetitle")
        self._remedy = self._words(self._error.remedy, "notes")
        self._remedy.setVisible(bool(self._error.remedy))
        self._close = button(self.tr("Close"), "primary", self)
        self._close.setDefault(True)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(22, 20, 22, 18)
        self._layout.setSpacing(8)
        self._layout.addWidget(self._title)
        self._layout.addWidget(self._remedy)

    def _build_details(self) -> None:
        self._fold = FoldButton(self)
        palette = self.palette()
        self._fold.set_colours(
            palette.dark().color().name(), palette.placeholderText().color().name(), palette.accent().color().name()
        )
        self._fold.set_words(self.tr("Details"), self.tr(" · for a report"))
        self._details = QPlainTextEdit(self._error.details, self)
        self._details.setReadOnly(True)
        self._details.setProperty("tone", "details")
        self._details.setAccessibleName(self.tr("Details"))
        self._details.setMinimumHeight(140)
        self._details.hide()
        self._fold.setVisible(bool(self._error.details))
        self._layout.addWidget(self._fold)
        self._layout.addWidget(self._details, 1)
        row = QHBoxLayout()
        row.setContentsMargins(0, 8, 0, 0)
        row.addStretch(1)
        row.addWidget(self._close)
        self._layout.addLayout(row)

    def _connect(self) -> None:
        self._close.clicked.connect(self.accept)
        self._fold.toggled.connect(self._on_fold_toggled)

    def _words(self, text: str, tone: str) -> TextView:
        view = TextView(self)
        view.setProperty("tone", tone)
        view.set_plain(text, 125)
        return view

    @Slot(bool)
    def _on_fold_toggled(self, checked: bool) -> None:
        self._details.setVisible(checked)
        self.adjustSize()


def show_error(error: AppError, parent: QWidget | None) -> ErrorBox:
    """Show an error without stopping anything."""
    box = ErrorBox(error, parent)
    box.open()
    return box

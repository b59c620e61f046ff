"""A framed piece of code with its language and a button that copies it."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.ui.code_view import CodeView
from app.ui.theme import Theme
from app.ui.widgets.controls import plain_label
from app.ui.widgets.copy_button import CopyButton

LONGEST_LANGUAGE = 24


class CodeBlock(QFrame):
    """Code within an answer. What it copies is the code alone."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._build()
        self._connect()

    def _build(self) -> None:
        self.setProperty("tone", "codeblock")
        self._language: QLabel = plain_label("", "faint", self)
        self._copy = CopyButton(self.tr("Copy this code"), self)
        header = QHBoxLayout()
        header.setContentsMargins(12, 5, 6, 0)
        header.addWidget(self._language)
        header.addStretch(1)
        header.addWidget(self._copy)
        self._view = CodeView(self._theme, self)
        body = QHBoxLayout()
        body.setContentsMargins(12, 2, 12, 10)
        body.addWidget(self._view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(header)
        layout.addLayout(body)

    def _connect(self) -> None:
        self._copy.clicked.connect(self._on_copy_clicked)

    @property
    def view(self) -> CodeView:
        return self._view

    def set_code(self, language: str, code: str) -> None:
        """Show code in a language, which may be unknown or empty."""
        name = "".join(char for char in language if char.isprintable()).split(" ")[0][:LONGEST_LANGUAGE]
        self._language.setText(name or self.tr("code"))
        self._view.set_code(name, code)

    @Slot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._view.code)

"""Code as it is: unwrapped lines that scroll sideways, in colours."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontMetricsF, QResizeEvent, QTextOption, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.ui.highlight import highlight
from app.ui.theme import Theme, mono_font
from app.ui.widgets.text_view import TextView

CODE_LINE_HEIGHT = 118
TAB = 4
"""Characters."""


class CodeView(TextView):
    """The text of a code block."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._language = ""
        self._code = ""
        self.setFont(mono_font())
        self.setTabStopDistance(TAB * QFontMetricsF(mono_font()).horizontalAdvance(" "))
        self.setProperty("tone", "code")
        self.setAccessibleName(self.tr("Code"))
        self.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.horizontalScrollBar().rangeChanged.connect(self._on_range_changed)
        theme.changed.connect(self._on_theme_changed)

    @property
    def code(self) -> str:
        return self._code

    def set_code(self, language: str, code: str) -> None:
        """Show code; when it continues what is shown, only the rest is added."""
        code = code.rstrip("\n")
        if (language, code) == (self._language, self._code):
            return
        if self._code and code.startswith(self._code):
            self.append_plain(code[len(self._code) :])
        else:
            self.set_plain(code, CODE_LINE_HEIGHT)
        self._language, self._code = language, code
        self._colour()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Sideways is for the code, up and down for the page."""
        sideways = abs(event.angleDelta().x()) > abs(event.angleDelta().y())
        if sideways and self.horizontalScrollBar().maximum() > 0:
            self.horizontalScrollBar().event(event)
        else:
            super().wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @Slot()
    def _on_theme_changed(self) -> None:
        self._colour()

    @Slot()
    def _on_range_changed(self) -> None:
        self._fit()

    def _colour(self) -> None:
        highlight(self.document(), self._language, self._theme.palette)

    def _fit(self) -> None:
        bar = self.horizontalScrollBar()
        extra = bar.sizeHint().height() if bar.maximum() > 0 else 0
        height = math.ceil(self.document().size().height()) + extra
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)

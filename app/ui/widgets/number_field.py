"""A field for a number."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QWidget


class NumberField(QDoubleSpinBox):
    """Shows no more decimals than the number has, and changes with what is typed once that is finished."""

    def __init__(
        self, least: float, most: float, step: float, decimals: int = 0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setDecimals(decimals)
        self.setRange(least, most)
        self.setSingleStep(step)
        self.setGroupSeparatorShown(True)
        self.setKeyboardTracking(False)
        # The style sheet's padding does not reach the text of a spin box.
        self.lineEdit().setTextMargins(4, 0, 0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def textFromValue(self, value: float) -> str:
        text, locale = super().textFromValue(value), self.locale()
        if locale.decimalPoint() not in text:
            return text
        return text.rstrip(locale.zeroDigit()).removesuffix(locale.decimalPoint())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Let the page scroll: passing over a field must not change it."""
        event.ignore()

"""Labels and buttons as the application makes them; the style sheet knows them by their tone."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QLabel, QPushButton, QToolButton, QWidget


def plain_label(text: str, tone: str, parent: QWidget | None = None) -> QLabel:
    """A label that shows text as it is, never as markup."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setProperty("tone", tone)
    return label


class PushButton(QPushButton):
    """Enter clicks it, and not the space bar alone: in a window, unlike in a dialog, Qt leaves Enter to others."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


def button(text: str, tone: str, parent: QWidget | None = None) -> QPushButton:
    """A button with words. Tones: primary, secondary, flat."""
    result = PushButton(text, parent)
    _dress(result, tone)
    return result


def flat_button(text: str, description: str, parent: QWidget | None = None) -> QPushButton:
    """A button that looks like pale text until it is pointed at."""
    result = PushButton(text, parent)
    make_flat(result, description)
    return result


def make_flat(button: QPushButton, description: str) -> None:
    """Give a button the looks of flat_button()."""
    _dress(button, "flat")
    button.setToolTip(description)
    button.setAccessibleName(description)


def _dress(button: QPushButton, tone: str) -> None:
    button.setProperty("tone", tone)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAutoDefault(False)


def order_tabs(widgets: Iterable[QWidget]) -> None:
    """Have the tab key go through these in this order. What is made late would come last of all otherwise."""
    for first, second in pairwise(widgets):
        QWidget.setTabOrder(first, second)


def lead_tab_to_checked(group: QButtonGroup) -> None:
    """Have the tab key come to the choice that is taken. Qt does so only after one of the group has had the focus."""
    for each in group.buttons():
        tab, policy = Qt.FocusPolicy.TabFocus, each.focusPolicy()
        each.setFocusPolicy(policy | tab if each.isChecked() else policy & ~tab)


def icon_button(description: str, parent: QWidget | None = None) -> QToolButton:
    """A button that is an icon; its description is its tooltip and what screen readers say."""
    result = QToolButton(parent)
    result.setProperty("tone", "icon")
    result.setIconSize(QSize(16, 16))
    result.setCursor(Qt.CursorShape.PointingHandCursor)
    result.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    result.setToolTip(description)
    result.setAccessibleName(description)
    return result

"""How much the model can have in sight, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QGridLayout, QRadioButton, QWidget

from app.domain.models import ContextPrice, Fit
from app.ui import settings_words
from app.ui.settings_section import Section
from app.ui.widgets.controls import lead_tab_to_checked, plain_label


class ContextSection(Section):
    """One line for each context, with its price in memory."""

    context_chosen = Signal(int)  # tokens

    def __init__(self, prices: Sequence[ContextPrice], chosen: int, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Context"),
            self.tr(
                "How much of a conversation the model can have in sight, and the memory that it takes then. After a "
                "change the model is loaded anew with the next message. Where memory lacks, it is given less."
            ),
            parent,
        )
        self._choices = QButtonGroup(self)
        self._list = QWidget(self)
        self._rows = QGridLayout(self._list)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setHorizontalSpacing(18)
        self._rows.setVerticalSpacing(5)
        self._rows.setColumnStretch(3, 1)
        # No model is given more than it was trained for.
        current = min(chosen, max(price.context_size for price in prices))
        for price in _with(current, prices):
            self._add(price, current)
        self.name(self._list, self.tr("Context"))
        self.add(self._list)
        self._wait = plain_label(
            self.tr("An answer is being written. The context can be changed after that."), "small", self
        )
        self._wait.hide()
        self.add(self._wait)
        self._choices.buttonToggled.connect(self._on_toggled)
        lead_tab_to_checked(self._choices)

    def set_busy(self, busy: bool) -> None:
        """While an answer is written, the model can't be loaded anew."""
        self._list.setEnabled(not busy)
        self._wait.setVisible(busy)

    def _add(self, price: ContextPrice, current: int) -> None:
        words = (settings_words.tokens(price.context_size), settings_words.price(price), settings_words.fit(price))
        row = self._rows.rowCount()
        radio = QRadioButton(words[0], self._list)
        radio.setCursor(Qt.CursorShape.PointingHandCursor)
        radio.setAccessibleName(", ".join(filter(None, words)))
        radio.setChecked(price.context_size == current)
        self._choices.addButton(radio, price.context_size)
        self._rows.addWidget(radio, row, 0)
        self._rows.addWidget(plain_label(words[1], "field", self._list), row, 1, Qt.AlignmentFlag.AlignRight)
        tone = "field" if price.fit is Fit.FITS else "warn"
        self._rows.addWidget(plain_label(words[2], tone, self._list), row, 2)

    @Slot(QAbstractButton, bool)
    def _on_toggled(self, button: QAbstractButton, checked: bool) -> None:
        lead_tab_to_checked(self._choices)
        if checked:
            self.context_chosen.emit(self._choices.id(button))


def _with(context_size: int, prices: Sequence[ContextPrice]) -> list[ContextPrice]:
    """The prices, and a line for a context that was written into the file by hand."""
    if any(price.context_size == context_size for price in prices):
        return list(prices)
    return sorted([*prices, ContextPrice(context_size)], key=lambda price: price.context_size)

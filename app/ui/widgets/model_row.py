"""A model in a list, with what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.ui.model_rows import Act, Row, Weight
from app.ui.widgets.controls import button, plain_label
from app.ui.widgets.meter import Meter


class ModelRow(QFrame):
    """Name and badge, a line or two below, a bar while something runs, and buttons."""

    acted = Signal(str, str)  # value of a Do, key of the row

    def __init__(self, key: str, stacked: bool = False, parent: QWidget | None = None) -> None:
        """stacked: its buttons stand below the words, not beside them."""
        super().__init__(parent)
        self._key = key
        self._stacked = stacked
        self._acts: tuple[Act, ...] = ()
        self._buttons: list[QPushButton] = []
        self._build()

    def _build(self) -> None:
        self.setProperty("tone", "card")
        self.setObjectName(f"model_{self._key}")
        self._title = plain_label("", "sectiontitle", self)
        self._badge = plain_label("", "badge", self)
        self._detail = plain_label("", "note", self)
        self._warning = plain_label("", "warn", self)
        for label in (self._title, self._detail, self._warning):
            label.setWordWrap(True)
        # A title that wraps at once would take half the row from the badge.
        self._title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._title.setWordWrap(False)
        self._meter = Meter(260, 4, self)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._badge)
        head.addStretch(1)
        self._quiet = QHBoxLayout()
        self._quiet.setContentsMargins(0, 2, 0, 0)
        self._quiet.setSpacing(4)
        text = QVBoxLayout()
        text.setSpacing(4)
        text.addLayout(head)
        for widget in (self._detail, self._warning):
            text.addWidget(widget)
        text.addWidget(self._meter, 0, Qt.AlignmentFlag.AlignLeft)
        text.addLayout(self._quiet)
        self._loud = QHBoxLayout()
        self._loud.setSpacing(8)
        below = QBoxLayout.Direction.TopToBottom if self._stacked else QBoxLayout.Direction.LeftToRight
        layout = QBoxLayout(below, self)
        layout.setContentsMargins(14, 11, 12, 11)
        layout.setSpacing(10 if self._stacked else 14)
        layout.addLayout(text, 1)
        layout.addLayout(self._loud)

    @property
    def key(self) -> str:
        return self._key

    @property
    def text(self) -> str:
        """Everything that is said."""
        labels: Sequence[QLabel] = (self._title, self._badge, self._detail, self._warning)
        return " ".join(label.text() for label in labels if label.text())

    @property
    def buttons(self) -> Sequence[QPushButton]:
        return self._buttons

    def show_row(self, row: Row) -> None:
        """Say what this says. Buttons that stay the same keep the focus."""
        self._title.setText(row.title)
        self._badge.setText(row.badge)
        self._badge.setVisible(bool(row.badge))
        if self._badge.property("warns") is not row.warns:
            self._badge.setProperty("warns", row.warns)
            self._badge.style().polish(self._badge)
        for label, text in ((self._detail, row.detail), (self._warning, row.warning)):
            label.setText(text)
            label.setVisible(bool(text))
        self._meter.setVisible(row.fraction is not None)
        self._meter.set_fraction(row.fraction or 0.0)
        self.setAccessibleName(self.text)
        if row.acts != self._acts:
            self._show_acts(row.acts)

    def take_focus(self) -> bool:
        """Lead the keyboard to the first button. Whether there is one that can be pressed."""
        for each in self._buttons:
            if each.isEnabled():
                each.setFocus(Qt.FocusReason.OtherFocusReason)
                return True
        return False

    def _show_acts(self, acts: tuple[Act, ...]) -> None:
        focused = any(each.hasFocus() for each in self._buttons)
        old, self._acts = self._buttons, acts
        self._buttons = [self._make(act) for act in acts]
        for act, made in zip(acts, self._buttons, strict=True):
            quiet = act.weight is Weight.FLAT and not self._stacked
            (self._quiet if quiet else self._loud).addWidget(made)
            made.show()
        for row in (self._quiet, self._loud) if self._stacked else (self._quiet,):
            _push_left(row)
        self._quiet.setContentsMargins(-7, 2 if self._quiet.count() > 1 else 0, 0, 0)
        if focused:
            self.take_focus()
        for each in old:
            each.hide()
            each.deleteLater()

    def _make(self, act: Act) -> QPushButton:
        made = button(act.label, act.weight, self)
        made.setObjectName(f"{act.do}_{self._key}")
        made.setProperty("do", act.do.value)
        made.setAccessibleDescription(self._title.text())
        made.setEnabled(act.enabled)
        made.clicked.connect(self._on_clicked)
        return made

    @Slot()
    def _on_clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.acted.emit(str(sender.property("do")), self._key)


class ModelRows(QWidget):
    """Rows below each other; a row that stays is kept, and with it the focus."""

    acted = Signal(str, str)  # value of a Do, key of the row

    def __init__(self, parent: QWidget | None = None, stacked: bool = False) -> None:
        super().__init__(parent)
        self._stacked = stacked
        self._rows: dict[str, ModelRow] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)

    @property
    def rows(self) -> Sequence[ModelRow]:
        return list(self._rows.values())

    @property
    def buttons(self) -> list[QPushButton]:
        """All buttons, from the top."""
        return [each for row in self._rows.values() for each in row.buttons]

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these in the place of those before."""
        wanted = [row.key for row in rows]
        for key in [key for key in self._rows if key not in wanted]:
            gone = self._rows.pop(key)
            gone.hide()
            gone.deleteLater()
        for row in rows:
            if row.key not in self._rows:
                made = self._rows[row.key] = ModelRow(row.key, self._stacked, self)
                made.acted.connect(self.acted)
            self._rows[row.key].show_row(row)
        self._rows = {key: self._rows[key] for key in wanted}
        for i, widget in enumerate(self._rows.values()):
            if self._layout.indexOf(widget) != i:
                self._layout.insertWidget(i, widget)
        self.setVisible(bool(rows))
        for widget in self._rows.values():
            # A layout shows what it is given only later, and what is not shown takes no focus.
            widget.show()

    def take_focus(self) -> bool:
        """Lead the keyboard to the first button that can be pressed, if there is one."""
        return any(row.take_focus() for row in self._rows.values())


def _push_left(row: QHBoxLayout) -> None:
    """Keep what is in a row at its left, also after more was added."""
    for i in reversed(range(row.count())):
        item = row.itemAt(i)
        if item is not None and item.spacerItem() is not None:
            row.takeAt(i)
    row.addStretch(1)

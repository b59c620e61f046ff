"""A word about what was just done, with the chance to undo it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app.ui.widgets.controls import button, plain_label

SECONDS = 8
LONGEST = 48


class Snackbar(QFrame):
    """Floats over the bottom of its parent for some seconds."""

    undone = Signal(object)  # key of what was done
    offering_changed = Signal(bool)  # it can be undone now

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._key: object = None
        self._over = parent
        self._build()
        self._connect(parent)

    def _build(self) -> None:
        self.setProperty("tone", "snackbar")
        self._words = plain_label("", "snack", self)
        self._undo = button(self.tr("Undo"), "snack", self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 6, 8, 6)
        layout.setSpacing(14)
        layout.addWidget(self._words)
        layout.addWidget(self._undo)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SECONDS * 1000)
        self.hide()

    def _connect(self, parent: QWidget) -> None:
        self._undo.clicked.connect(self._on_undo_clicked)
        self._timer.timeout.connect(self._on_timed_out)
        parent.installEventFilter(self)

    @property
    def text(self) -> str:
        return self._words.text()

    def offer_undo(self, key: object, what: str) -> None:
        """Say what was done; undone tells the key if the user wants it back."""
        self._key = key
        self._words.setText(what)
        self._undo.setAccessibleName(self.tr("Undo: {what}").format(what=what))
        self.show()
        self._place()
        self.raise_()
        self._timer.start()
        self.offering_changed.emit(True)

    @Slot()
    def undo(self) -> None:
        """Do as the button does, while there is something to undo."""
        if self._timer.isActive():
            self._on_undo_clicked()

    def withdraw(self) -> None:
        """Offer it no longer."""
        self._timer.stop()
        self._on_timed_out()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    @Slot()
    def _on_undo_clicked(self) -> None:
        self.withdraw()
        self.undone.emit(self._key)

    @Slot()
    def _on_timed_out(self) -> None:
        self.hide()
        self.offering_changed.emit(False)

    def _place(self) -> None:
        self.adjustSize()
        self.move((self._over.width() - self.width()) // 2, self._over.height() - self.height() - 12)

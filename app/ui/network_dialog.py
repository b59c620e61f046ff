"""The page that shows what the processes of the application have open to the outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app import APP_NAME
from app.services.connections import ProcessReport, processes
from app.ui import network_words
from app.ui.widgets.controls import button, plain_label
from app.ui.widgets.model_row import ModelRow, ModelRows

WIDTH, HEIGHT = 620, 480
ROOM = 40
"""Pixels of the window that stay in sight around the dialog."""
LOOK = 2000
"""Milliseconds between two looks."""


class NetworkDialog(QDialog):
    """Asks the system anew for as long as it is open."""

    def __init__(self, parent: QWidget | None = None, look: Callable[[], Sequence[ProcessReport]] = processes) -> None:
        super().__init__(parent)
        self._look = look
        self.setObjectName("network_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Nothing leaves this computer"))
        self._build()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        self.refresh()
        around = self.parentWidget()
        if around is not None:
            self.resize(min(WIDTH, around.width() - ROOM), min(HEIGHT, around.height() - ROOM))

    def _build(self) -> None:
        promise = self.tr(
            "What you write, and what the model answers, stays in one folder on this computer. "
            "{name} uses the network for one thing only: to fetch a model when you ask for it. "
            "These are its processes, as the system sees them now."
        ).format(name=APP_NAME)
        self._summary = plain_label("", "noticetitle", self)
        self._rows = ModelRows(self)
        how = plain_label(network_words.verify(), "note", self)
        how.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        page = QWidget()
        page.setProperty("tone", "page")
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(10)
        note = plain_label(promise, "note", self)
        heading = plain_label(self.tr("How to see for yourself"), "sectiontitle", self)
        for label in (self._summary, note, how):
            label.setWordWrap(True)
        for widget in (self._summary, note, self._rows, heading, how):
            column.addWidget(widget)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        close = button(self.tr("Close"), "primary", self)
        close.clicked.connect(self.reject)
        foot = QFrame(self)
        foot.setProperty("tone", "foot")
        row = QHBoxLayout(foot)
        row.setContentsMargins(24, 12, 24, 14)
        row.addStretch(1)
        row.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(foot)

    @property
    def rows(self) -> Sequence[ModelRow]:
        return self._rows.rows

    @property
    def summary(self) -> str:
        return self._summary.text()

    @Slot()
    def refresh(self) -> None:
        """Ask the system once more."""
        reports = self._look()
        self._rows.show_rows([network_words.row(report) for report in reports])
        self._summary.setText(network_words.summary(reports))

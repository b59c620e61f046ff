"""The models: those that are here, those that can be downloaded, the one for documents, and the offline lock."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app import APP_NAME
from app.ui.model_rows import Row
from app.ui.settings_section import Section
from app.ui.widgets.controls import button, order_tabs, plain_label
from app.ui.widgets.model_row import ModelRow, ModelRows

WIDTH, HEIGHT = 680, 720
ROOM = 40
"""Pixels of the window that stay in sight around the dialog."""


class ManagerDialog(QDialog):
    """Stays open while models come; the window behind it can be used."""

    acted = Signal(str, str)  # value of a Do, key of the row
    add_requested = Signal()
    offline_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("manager_dialog")
        self.setWindowTitle(self.tr("Models"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._build_sections()
        self._build()
        self._connect()
        around = self.parentWidget()
        if around is not None:
            self.resize(min(WIDTH, around.width() - ROOM), min(HEIGHT, around.height() - ROOM))

    def _build_sections(self) -> None:
        self._here, self._to_get, self._documents = ModelRows(self), ModelRows(self), ModelRows(self)
        self._nothing = plain_label(self.tr("None yet."), "note", self)
        self._source = plain_label("", "note", self)
        self._source.setWordWrap(True)
        self._lock = QCheckBox(self.tr("Offline lock"), self)
        self._lock.setObjectName("offline_lock")
        here = Section(self.tr("On this computer"), self.tr("One of them answers. Each can be used without a network."))
        here.add(self._nothing)
        here.add(self._here)
        to_get = Section(self.tr("Available to download"), self.tr("Fetched once, checked, and kept on this computer."))
        to_get.add(self._to_get)
        to_get.add(self._source)
        documents = Section(
            self.tr("For your documents"),
            self.tr("A second, small model can find passages by their meaning, not by their words alone."),
        )
        documents.add(self._documents)
        lock = Section(
            self.tr("Network"),
            self.tr(
                "A download is the only thing for which {name} uses the network. With the lock on, it can’t: "
                "what runs is paused, and nothing can be fetched until you switch it off here."
            ).format(name=APP_NAME),
        )
        lock.add(self._lock)
        lock.name(self._lock, self.tr("Offline lock"))
        lock.setProperty("last", True)
        self._sections = (here, to_get, documents, lock)

    def _build(self) -> None:
        page = QWidget()
        page.setProperty("tone", "page")
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 4, 24, 4)
        column.setSpacing(0)
        for section in self._sections:
            column.addWidget(section)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._add = button(self.tr("Add a file…"), "secondary", self)
        self._add.setObjectName("add_model")
        self._close = button(self.tr("Close"), "primary", self)
        foot = QFrame(self)
        foot.setProperty("tone", "foot")
        row = QHBoxLayout(foot)
        row.setContentsMargins(24, 12, 24, 14)
        row.addWidget(self._add)
        row.addStretch(1)
        row.addWidget(self._close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(foot)

    def _connect(self) -> None:
        for rows in (self._here, self._to_get, self._documents):
            rows.acted.connect(self.acted)
        self._add.clicked.connect(self.add_requested)
        self._close.clicked.connect(self.reject)
        self._lock.clicked.connect(self.offline_chosen)

    @property
    def here(self) -> Sequence[ModelRow]:
        return self._here.rows

    @property
    def to_get(self) -> Sequence[ModelRow]:
        return self._to_get.rows

    @property
    def documents(self) -> Sequence[ModelRow]:
        return self._documents.rows

    @property
    def lock(self) -> QCheckBox:
        return self._lock

    def show_models(self, here: Sequence[Row], to_get: Sequence[Row], documents: Sequence[Row]) -> None:
        """Show these rows in their sections."""
        self._nothing.setVisible(not here)
        self._here.show_rows(here)
        self._to_get.show_rows(to_get)
        self._sections[1].setVisible(bool(to_get))
        self._documents.show_rows(documents)
        self._sections[2].setVisible(bool(documents))
        rows = (self._here, self._to_get, self._documents)
        order_tabs([*(each for part in rows for each in part.buttons), self._lock, self._add, self._close])

    def show_network(self, source: str, offline: bool) -> None:
        """Show whether the lock is on, and where models come from if that was changed."""
        self._source.setText(source)
        self._source.setVisible(bool(source))
        self._lock.setChecked(offline)

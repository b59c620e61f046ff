"""The search field, what narrows a search down, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from app.domain.search import SearchHit, SearchQuery
from app.ui.search_results import SearchResults
from app.ui.theme import Theme
from app.ui.widgets.controls import plain_label
from app.ui.widgets.line_field import LineField


class SearchPanel(QFrame):
    """While something is looked for, it takes the place of the list below it."""

    query_changed = Signal(object)  # SearchQuery
    active_changed = Signal(bool)  # something is looked for
    hit_chosen = Signal(object)  # SearchHit

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._active = False
        self._field = LineField(self)
        self._field.setObjectName("search")
        self._field.setAccessibleName(self.tr("Search everything"))
        self._field.setPlaceholderText(self.tr("Search everything"))
        self._field.setToolTip(self.tr("Search titles and messages (Ctrl+K)"))
        self._field.setClearButtonEnabled(True)
        for clear in self._field.findChildren(QToolButton):
            clear.setToolTip(self.tr("Clear (Esc)"))
            clear.setAccessibleName(self.tr("Clear (Esc)"))
        self._filters = QWidget(self)
        self._reasoning = QCheckBox(self.tr("Thoughts too"), self)
        self._reasoning.setToolTip(self.tr("Look into what the model thought before it answered"))
        self._documents = QCheckBox(self.tr("With files"), self)
        self._documents.setToolTip(self.tr("Only conversations with documents"))
        self._when = QComboBox(self)
        self._when.setAccessibleName(self.tr("When it was written"))
        for label, days in (
            (self.tr("Any time"), 0),
            (self.tr("Last 7 days"), 7),
            (self.tr("Last 30 days"), 30),
            (self.tr("Last 12 months"), 365),
        ):
            self._when.addItem(label, days)
        self._note = plain_label("", "faint", self)
        self._note.setWordWrap(True)
        self._results = SearchResults(theme, self)
        self._build()
        self._connect()

    def _build(self) -> None:
        boxes = QHBoxLayout()
        boxes.setContentsMargins(0, 0, 0, 0)
        boxes.setSpacing(2)
        boxes.addWidget(self._reasoning)
        boxes.addWidget(self._documents)
        boxes.addStretch(1)
        filters = QVBoxLayout(self._filters)
        filters.setContentsMargins(0, 0, 0, 0)
        filters.setSpacing(4)
        filters.addLayout(boxes)
        filters.addWidget(self._when)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._field)
        layout.addWidget(self._filters)
        layout.addWidget(self._note)
        layout.addWidget(self._results, 1)
        for widget in (self._filters, self._note, self._results):
            widget.hide()

    def _connect(self) -> None:
        self._field.textChanged.connect(self._on_changed)
        self._reasoning.toggled.connect(self._on_changed)
        self._documents.toggled.connect(self._on_changed)
        self._when.currentIndexChanged.connect(self._on_changed)
        self._field.returnPressed.connect(self._on_return_pressed)
        self._results.chosen.connect(self.hit_chosen)
        self._field.installEventFilter(self)

    @property
    def field(self) -> QLineEdit:
        return self._field

    @property
    def results(self) -> SearchResults:
        return self._results

    @property
    def note(self) -> str:
        """What is said about the results."""
        return self._note.text()

    @property
    def query(self) -> SearchQuery:
        days = int(self._when.currentData())
        first = date.today() - timedelta(days=days) if days else None
        return SearchQuery(
            self._field.text(), self._reasoning.isChecked(), first, with_documents=self._documents.isChecked()
        )

    def take_focus(self) -> None:
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._field.selectAll()

    def show_hits(self, hits: Sequence[SearchHit], today: date) -> None:
        self._results.show_hits(hits, today)
        self._note.setVisible(not hits)
        self._note.setText("" if hits else self.tr("Nothing found"))

    def show_failure(self, words: str) -> None:
        self._results.show_hits((), date.today())
        self._note.setText(words)
        self._note.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and self._active:
            if event.type() == QEvent.Type.ShortcutOverride:
                # Before the window's own Esc, which stops an answer.
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._field.clear()
                return True
        down = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Down
        if down and event.type() == QEvent.Type.KeyPress and self._active:
            self._results.take_focus()
            return True
        return super().eventFilter(watched, event)

    @Slot()
    def _on_changed(self) -> None:
        active = bool(self.query.words)
        if active != self._active:
            self._active = active
            self._filters.setVisible(active)
            self._results.setVisible(active)
            self._note.hide()
            self.active_changed.emit(active)
        self.query_changed.emit(self.query)

    @Slot()
    def _on_return_pressed(self) -> None:
        self._results.choose_first()

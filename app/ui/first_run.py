"""What is shown while there is no model that works: what this is, and how to get one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app import APP_NAME
from app.domain.chat import Failure
from app.domain.models import ModelFile
from app.ui import words
from app.ui.model_rows import Row
from app.ui.widgets.controls import button, order_tabs, plain_label
from app.ui.widgets.model_row import ModelRow, ModelRows
from app.ui.widgets.notice import Notice

WIDTH = 620


class FirstRun(QFrame):
    """Offers the model that suits this computer, one that lies near, a file of one's own, and the trial model."""

    acted = Signal(str, str)  # value of a Do, key of the row
    open_requested = Signal()
    trial_requested = Signal()
    others_requested = Signal()
    unlock_requested = Signal()
    file_dropped = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.setProperty("tone", "page")
        self._build_words()
        self._build_choices()
        self._build()
        self._connect()

    def _build_words(self) -> None:
        self._title = plain_label(self.tr("Welcome to {name}").format(name=APP_NAME), "greeting", self)
        self._what = plain_label(
            self.tr(
                "A private place to talk with a language model that runs on this computer. "
                "Nothing you write leaves it: no account, no connection, no one listening."
            ),
            "lead",
            self,
        )
        self._what.setWordWrap(True)
        self._notice = Notice(self)
        self._notice.hide()
        self._fetching = plain_label("", "note", self)
        self._fetching.setWordWrap(True)
        self._unlock = button(self.tr("Switch the offline lock off"), "flat", self)
        self._unlock.hide()

    def _build_choices(self) -> None:
        self._rows = ModelRows(self, stacked=True)
        self._open = button(self.tr("Open a model file…"), "secondary", self)
        self._open_words = plain_label(
            self.tr("If you have one already. You can also drop it here: a file that ends in .gguf."), "note", self
        )
        self._trial = button(self.tr("Start with the trial model"), "secondary", self)
        self._trial_words = plain_label("", "note", self)
        for label in (self._open_words, self._trial_words):
            label.setWordWrap(True)
        self._others = button(self.tr("Other models…"), "flat", self)
        self.set_trial(None)

    def _build(self) -> None:
        column = QWidget()
        column.setMaximumWidth(WIDTH)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addStretch(2)
        layout.addWidget(self._title)
        layout.addWidget(self._what)
        layout.addSpacing(6)
        layout.addWidget(self._notice)
        layout.addSpacing(4)
        layout.addWidget(self._rows)
        layout.addWidget(self._fetching)
        quiet = QHBoxLayout()
        quiet.setContentsMargins(-7, 0, 0, 0)
        quiet.addWidget(self._unlock)
        quiet.addWidget(self._others)
        quiet.addStretch(1)
        layout.addLayout(quiet)
        layout.addSpacing(10)
        layout.addLayout(self._build_ways())
        layout.addStretch(3)
        page = QWidget()
        page.setProperty("tone", "page")
        centre = QHBoxLayout(page)
        centre.setContentsMargins(0, 0, 0, 0)
        centre.addStretch(1)
        centre.addWidget(column, 1000)
        centre.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)

    def _build_ways(self) -> QHBoxLayout:
        """The other two ways, side by side."""
        ways = QHBoxLayout()
        ways.setSpacing(24)
        for choice, explanation in ((self._open, self._open_words), (self._trial, self._trial_words)):
            way = QVBoxLayout()
            way.setSpacing(6)
            way.addWidget(choice, 0, Qt.AlignmentFlag.AlignLeft)
            way.addWidget(explanation)
            way.addStretch(1)
            ways.addLayout(way, 1)
        return ways

    def _connect(self) -> None:
        self._rows.acted.connect(self.acted)
        self._open.clicked.connect(self.open_requested)
        self._trial.clicked.connect(self.trial_requested)
        self._others.clicked.connect(self.others_requested)
        self._unlock.clicked.connect(self.unlock_requested)

    @property
    def rows(self) -> Sequence[ModelRow]:
        """The models that are offered."""
        return self._rows.rows

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Offer these models."""
        self._rows.show_rows(rows)
        order_tabs([*self._rows.buttons, self._unlock, self._others, self._open, self._trial])

    def show_network(self, source: str, offline: bool, fetching: bool) -> None:
        """Say what a download means; source is where from, if that is not what everybody gets."""
        if fetching:
            said = self.tr("You need not wait here: the download goes on while you try the trial model.")
        elif offline:
            said = self.tr("The offline lock is on, so no model can be fetched.")
        else:
            said = self.tr(
                "The download is the only time that {name} uses the network, in a process of its own. "
                "It can be paused, and goes on another day. {source}"
            ).format(name=APP_NAME, source=source)
        self._fetching.setText(said.strip())
        self._fetching.setVisible(not fetching or not self._trial.isHidden())
        self._unlock.setVisible(offline)

    @property
    def notice(self) -> Notice:
        return self._notice

    def take_focus(self) -> None:
        """Lead the keyboard to the first thing that can be done."""
        if not self._rows.take_focus():
            self._open.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_trial(self, trial: ModelFile | None) -> None:
        """Offer the trial model, or don't when it isn't installed."""
        self._trial.setVisible(trial is not None)
        self._trial_words.setVisible(trial is not None)
        if trial is not None:
            self._trial_words.setText(
                self.tr(
                    "It is tiny (135 million parameters, {size}) and only for trying the application: "
                    "its answers are often wrong."
                ).format(size=words.file_size(trial.size))
            )

    def set_failure(self, failure: Failure | None) -> None:
        """Say why the chosen model can't be used."""
        self._notice.setVisible(failure is not None)
        self._title.setText(
            self.tr("That model can't be used")
            if failure is not None
            else self.tr("Welcome to {name}").format(name=APP_NAME)
        )
        self._what.setVisible(failure is None)
        if failure is not None:
            self._notice.set_failure(failure.title, failure.remedy)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._model_in(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = self._model_in(event)
        if path is not None:
            event.acceptProposedAction()
            self.file_dropped.emit(path)

    @staticmethod
    def _model_in(event: QDropEvent) -> Path | None:
        for url in event.mimeData().urls():
            if url.isLocalFile() and url.toLocalFile().lower().endswith(".gguf"):
                return Path(url.toLocalFile())
        return None

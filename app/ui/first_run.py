"""What is shown while there is no model that works: what this is, and how to get one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app import APP_NAME
from app.domain.chat import Failure
from app.domain.models import ModelFile
from app.ui import words
from app.ui.widgets.controls import button, plain_label
from app.ui.widgets.notice import Notice

WIDTH = 520


class FirstRun(QFrame):
    """Offers to open a model file, by dialog or by dropping it here, and the trial model where it is installed."""

    open_requested = Signal()
    trial_requested = Signal()
    file_dropped = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._build_words()
        self._build_choices()
        self._build()
        self._connect()

    def _build_words(self) -> None:
        self.setAcceptDrops(True)
        self.setProperty("tone", "page")
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

    def _build_choices(self) -> None:
        self._open = button(self.tr("Open a GGUF file…"), "primary", self)
        self._open_words = plain_label(
            self.tr("Best: gpt-oss-20b, about 12 GB. You can also drop the file here."), "note", self
        )
        self._open_words.setWordWrap(True)
        self._trial = button(self.tr("Start with the trial model"), "secondary", self)
        self._trial_words = plain_label("", "note", self)
        self._trial_words.setWordWrap(True)
        self.set_trial(None)

    def _build(self) -> None:
        column = QWidget(self)
        column.setMaximumWidth(WIDTH)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addStretch(2)
        layout.addWidget(self._title)
        layout.addWidget(self._what)
        layout.addSpacing(12)
        layout.addWidget(self._notice)
        layout.addSpacing(8)
        for choice, explanation in ((self._open, self._open_words), (self._trial, self._trial_words)):
            layout.addWidget(choice, 0, Qt.AlignmentFlag.AlignLeft)
            layout.addWidget(explanation)
            layout.addSpacing(10)
        layout.addStretch(3)
        centre = QHBoxLayout(self)
        centre.setContentsMargins(0, 0, 0, 0)
        centre.addStretch(1)
        centre.addWidget(column, 1000)
        centre.addStretch(1)

    def _connect(self) -> None:
        self._open.clicked.connect(self.open_requested)
        self._trial.clicked.connect(self.trial_requested)

    @property
    def notice(self) -> Notice:
        return self._notice

    def take_focus(self) -> None:
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

"""The line above the conversation: what it is called, and which model answers."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QWidget

from app.services.events import ModelPhase, ModelState
from app.ui import words
from app.ui.icons import line_icon
from app.ui.theme import Theme
from app.ui.widgets.controls import button, icon_button
from app.ui.widgets.elided_label import ElidedLabel

HEIGHT = 44


class Header(QFrame):
    """Says, and opens the menu of the model."""

    sidebar_toggled = Signal()
    open_requested = Signal()
    trial_requested = Signal()
    load_requested = Signal()
    unload_requested = Signal()
    models_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._build()
        self._build_menu()
        self._connect()

    def _build(self) -> None:
        self.setProperty("tone", "header")
        self.setFixedHeight(HEIGHT)
        self._sidebar = icon_button(self.tr("Show or hide the conversations (Ctrl+B)"), self)
        self._title = ElidedLabel("title", self)
        self._model = button("", "flat", self)
        self._model.setObjectName("model")
        self._model.setAccessibleName("model")
        self._model.setToolTip(self.tr("The model that answers, and how it stands"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 16, 0)
        layout.setSpacing(8)
        layout.addWidget(self._sidebar)
        layout.addWidget(self._title, 1)
        layout.addWidget(self._model)

    def _build_menu(self) -> None:
        self._menu = QMenu(self)
        self._open = QAction(self.tr("Open a model file…"), self._menu)
        self._trial = QAction(self.tr("Use the trial model"), self._menu)
        self._load = QAction(self.tr("Load"), self._menu)
        self._unload = QAction(self.tr("Unload"), self._menu)
        self._unload.setToolTip(self.tr("Give the model's memory back to the computer"))
        self._menu.addActions([self._open, self._trial])
        self._models = self._menu.addAction(self.tr("Models…"))
        self._menu.addSeparator()
        self._menu.addActions([self._load, self._unload])
        self._model.setMenu(self._menu)

    def _connect(self) -> None:
        self._sidebar.clicked.connect(self.sidebar_toggled)
        self._open.triggered.connect(self.open_requested)
        self._trial.triggered.connect(self.trial_requested)
        self._load.triggered.connect(self.load_requested)
        self._unload.triggered.connect(self.unload_requested)
        self._models.triggered.connect(self.models_requested)
        self._theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @property
    def menu(self) -> QMenu:
        return self._menu

    def set_title(self, title: str) -> None:
        self._title.setText(title)

    def set_model(self, state: ModelState, trial_there: bool) -> None:
        """Show a model's state, and offer what can be done with it."""
        label = words.model_label(state)
        self._model.setText(label)
        self._model.setAccessibleDescription(label)
        self._trial.setVisible(trial_there)
        self._load.setVisible(state.phase in (ModelPhase.UNLOADED, ModelPhase.FAILED) and state.file is not None)
        self._unload.setVisible(state.phase in (ModelPhase.READY, ModelPhase.LOADING))

    @Slot()
    def _on_theme_changed(self) -> None:
        self._sidebar.setIcon(line_icon("sidebar", self._theme.palette.mute))

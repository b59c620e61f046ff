"""The settings: shown in groups, applied as they are changed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.errors import AppError
from app.ui.error_box import show_error
from app.ui.ports import CorePort
from app.ui.settings_appearance import AppearanceSection
from app.ui.settings_caches import CachesSection
from app.ui.settings_context import ContextSection
from app.ui.settings_data import DataSection
from app.ui.settings_hub import HubSection
from app.ui.settings_instructions import InstructionsSection
from app.ui.settings_memory import MemorySection
from app.ui.settings_section import Section
from app.ui.settings_temperature import TemperatureSection
from app.ui.settings_thinking import ThinkingSection
from app.ui.settings_titles import TitlesSection
from app.ui.theme import Theme
from app.ui.widgets.controls import button

WIDTH, HEIGHT = 620, 700
ROOM = 40
"""Pixels of the window that stay in sight around the dialog."""
LOOK = 1000
"""Milliseconds between two looks at what changes by itself: the engine's process writes caches, idle time unloads."""


class SettingsDialog(QDialog):
    """Made anew each time it is opened, because prices depend on the memory that is free then."""

    effort_chosen = Signal(str)  # value of an Effort
    backups_requested = Signal()

    def __init__(
        self,
        core: CorePort,
        theme: Theme,
        parent: QWidget | None = None,
        open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl,
    ) -> None:
        super().__init__(parent)
        self._core = core
        self._theme = theme
        self._open_url = open_url
        self._closing = False
        self._build_sections()
        self._build()
        self._connect_sections()
        self._connect()
        self._look()

    def _build_sections(self) -> None:
        settings = self._core.settings
        self._instructions = InstructionsSection(settings, self)
        self._thinking = ThinkingSection(settings, self)
        self._temperature = TemperatureSection(settings, self)
        self._context = ContextSection(self._core.models.context_prices(), settings.context_size, self)
        self._titles = TitlesSection(settings, self)
        self._memory = MemorySection(settings, self)
        self._caches = CachesSection(settings, self)
        self._hub = HubSection(settings, self)
        self._appearance = AppearanceSection(settings.theme, self)
        self._data = DataSection(self._core.paths.data, self)
        self._sections: tuple[Section, ...] = (
            self._instructions,
            self._thinking,
            self._temperature,
            self._context,
            self._titles,
            self._memory,
            self._caches,
            self._hub,
            self._appearance,
            self._data,
        )

    def _build(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Settings"))
        page = QWidget()
        page.setProperty("tone", "page")
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 4, 24, 4)
        column.setSpacing(0)
        for section in self._sections:
            column.addWidget(section)
        column.addStretch(1)
        self._sections[-1].setProperty("last", True)
        scroll = QScrollArea(self)
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._close = button(self.tr("Close"), "primary", self)
        foot = QFrame(self)
        foot.setProperty("tone", "foot")
        row = QHBoxLayout(foot)
        row.setContentsMargins(24, 12, 24, 14)
        row.addStretch(1)
        row.addWidget(self._close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(foot)
        around = self.parentWidget()
        if around is not None:
            self.resize(min(WIDTH, around.width() - ROOM), min(HEIGHT, around.height() - ROOM))

    def _connect_sections(self) -> None:
        for section in self._sections:
            section.changed.connect(self._on_changed)
        self._thinking.effort_chosen.connect(self.effort_chosen)
        self._context.context_chosen.connect(self._on_context_chosen)
        self._memory.unload_requested.connect(self._on_unload_requested)
        self._caches.room_chosen.connect(self._on_room_chosen)
        self._caches.clear_requested.connect(self._on_clear_requested)
        self._appearance.theme_chosen.connect(self._on_theme_chosen)
        self._data.folder_requested.connect(self._on_folder_requested)
        self._data.backups_requested.connect(self._on_backups_requested)

    def _connect(self) -> None:
        self._close.clicked.connect(self.accept)
        application = QCoreApplication.instance()
        if application is not None:
            # It may end while the dialog is open.
            application.aboutToQuit.connect(self._instructions.flush)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(LOOK)

    def done(self, result: int) -> None:
        """Take what is still being typed, then close."""
        self._closing = True
        field = self.focusWidget()
        if field is not None:
            field.clearFocus()
        self._instructions.flush()
        super().done(result)

    @Slot()
    def _look(self) -> None:
        """Show what changes by itself."""
        busy = self._core.chat.running is not None
        self._context.set_busy(busy)
        self._memory.set_state(self._core.models.state.phase, busy)
        self._caches.set_size(self._core.states_size)

    @Slot(object)
    def _on_changed(self, changes: dict[str, object]) -> None:
        self._try(lambda: self._core.update_settings(**changes))

    @Slot(int)
    def _on_context_chosen(self, tokens: int) -> None:
        self._try(lambda: self._core.models.use_context(tokens))

    @Slot()
    def _on_unload_requested(self) -> None:
        self._try(self._core.models.unload)

    @Slot(int)
    def _on_room_chosen(self, megabytes: int) -> None:
        self._try(lambda: self._core.keep_states(megabytes))

    @Slot()
    def _on_clear_requested(self) -> None:
        self._try(self._core.clear_states)

    @Slot(str)
    def _on_theme_chosen(self, choice: str) -> None:
        self._theme.choose(choice)
        self._try(lambda: self._core.update_settings(theme=choice))

    @Slot()
    def _on_backups_requested(self) -> None:
        # One dialog at a time: that one changes what this one shows.
        self.accept()
        self.backups_requested.emit()

    @Slot()
    def _on_folder_requested(self) -> None:
        folder = self._core.paths.data
        if not self._open_url(QUrl.fromLocalFile(str(folder))):
            show_error(
                AppError(
                    self.tr("The folder could not be shown."),
                    self.tr("Open {folder} with a file manager.").format(folder=folder),
                ),
                self,
            )

    def _try(self, action: Callable[[], None]) -> None:
        """Do what was chosen, and say what went wrong: over this dialog, or over the window when this one closes."""
        try:
            action()
        except AppError as error:
            show_error(error, self.parentWidget() if self._closing else self)
        self._look()

"""The left side: the conversations, a new one, and what is always true at the foot."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from app import APP_NAME
from app.ui.conversation_list import ConversationList
from app.ui.icons import line_icon
from app.ui.search_panel import SearchPanel
from app.ui.theme import Theme
from app.ui.widgets.controls import button, icon_button, plain_label
from app.ui.widgets.offline_mark import OfflineMark


class Sidebar(QFrame):
    """Lays out the list between the name of the application and the settings."""

    new_requested = Signal()
    theme_chosen = Signal(str)  # "system", "light" or "dark"
    trash_requested = Signal()
    backups_requested = Signal()
    about_requested = Signal()
    libraries_requested = Signal()
    models_requested = Signal()
    network_requested = Signal()
    import_requested = Signal()
    export_all_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._build_top()
        self._build_foot()
        self._build()
        self._connect()

    def _build_top(self) -> None:
        self._name = plain_label(APP_NAME, "brand", self)
        self._new = icon_button(self.tr("New conversation (Ctrl+N)"), self)
        self._new.setProperty("tone", "framed")
        self._new.setObjectName("new_conversation")
        self._new.setAccessibleName("new_conversation")
        self._new.setAccessibleDescription(self.tr("New conversation (Ctrl+N)"))
        self._search = SearchPanel(self._theme, self)
        self._conversations = ConversationList(self._theme, self)

    def _build_foot(self) -> None:
        self._offline = OfflineMark(self)
        self._settings = button(self.tr("Settings"), "flat", self)
        self._settings.setAccessibleName(self.tr("Settings"))
        self._settings.setToolTip(self.tr("All settings, the theme, the trash, and the backups"))
        self._menu = QMenu(self)
        self._themes = QActionGroup(self)
        heading = self._menu.addMenu(self.tr("Theme"))
        names = (("system", self.tr("As the system")), ("light", self.tr("Light")), ("dark", self.tr("Dark")))
        for key, label in names:
            action = QAction(label, self._themes)
            action.setCheckable(True)
            action.setData(key)
            heading.addAction(action)
        self._models = self._menu.addAction(self.tr("Models…"))
        self._libraries = self._menu.addAction(self.tr("Libraries…"))
        self._libraries.setVisible(False)
        self._menu.addSeparator()
        self._import = self._menu.addAction(self.tr("Import conversations…"))
        self._export_all = self._menu.addAction(self.tr("Export all conversations…"))
        self._menu.addSeparator()
        self._trash = self._menu.addAction(self.tr("Trash…"))
        self._backups = self._menu.addAction(self.tr("Backups…"))
        self._menu.addSeparator()
        self._help = self._menu.addMenu(self.tr("Help"))
        self._network = self._help.addAction(self.tr("Nothing leaves this computer…"))
        self._about = self._help.addAction(self.tr("About {name}").format(name=APP_NAME))
        self._settings.setMenu(self._menu)

    def _build(self) -> None:
        self.setProperty("tone", "sidebar")
        top = QHBoxLayout()
        top.setContentsMargins(8, 0, 0, 0)
        top.addWidget(self._name)
        top.addStretch(1)
        top.addWidget(self._new)
        foot = QFrame(self)
        foot.setProperty("tone", "foot")
        row = QHBoxLayout(foot)
        row.setContentsMargins(8, 8, 0, 0)
        row.addWidget(self._offline)
        row.addStretch(1)
        row.addWidget(self._settings)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self._search)
        layout.addWidget(self._conversations, 1)
        layout.addWidget(foot)

    def _connect(self) -> None:
        self._new.clicked.connect(self.new_requested)
        self._search.active_changed.connect(self._conversations.setHidden)
        self._themes.triggered.connect(self._on_theme_triggered)
        self._trash.triggered.connect(self.trash_requested)
        self._backups.triggered.connect(self.backups_requested)
        self._about.triggered.connect(self.about_requested)
        self._import.triggered.connect(self.import_requested)
        self._export_all.triggered.connect(self.export_all_requested)
        self._libraries.triggered.connect(self.libraries_requested)
        self._models.triggered.connect(self.models_requested)
        self._network.triggered.connect(self.network_requested)
        self._theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @property
    def conversations(self) -> ConversationList:
        return self._conversations

    def offer_libraries(self) -> None:
        """There is an index in which libraries can be kept."""
        self._libraries.setVisible(True)

    def show_downloading(self, downloading: bool) -> None:
        """Say at the foot whether the network is used now."""
        self._offline.set_downloading(downloading)

    @property
    def search(self) -> SearchPanel:
        return self._search

    @property
    def menu(self) -> QMenu:
        return self._menu

    def offer_settings(self, action: QAction) -> None:
        """Put what opens the settings at the top of the menu."""
        self._menu.insertAction(self._menu.actions()[0], action)

    @Slot(QAction)
    def _on_theme_triggered(self, action: QAction) -> None:
        self.theme_chosen.emit(action.data())

    @Slot()
    def _on_theme_changed(self) -> None:
        self._new.setIcon(line_icon("plus", self._theme.palette.mute))
        for action in self._themes.actions():
            action.setChecked(action.data() == self._theme.choice)

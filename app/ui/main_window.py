"""The window: builds the panels, lays them out and connects them."""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QSplitter, QVBoxLayout, QWidget

from app import APP_NAME
from app.domain.chat import Effort
from app.errors import AppError
from app.ui.actions import Act, build_actions
from app.ui.banner import Banner
from app.ui.composer import Composer
from app.ui.composer_edit import local_files
from app.ui.document_panel import LEAST_WIDTH, DocumentPanel
from app.ui.download_strip import DownloadStrip
from app.ui.drop_overlay import DropOverlay
from app.ui.find_bar import FindBar
from app.ui.header import Header
from app.ui.links import LinkOpener
from app.ui.pages import Pages
from app.ui.panels import Panels
from app.ui.ports import CorePort
from app.ui.sidebar import Sidebar
from app.ui.snackbar import Snackbar
from app.ui.status_line import StatusLine
from app.ui.theme import Theme
from app.ui.transcript import COLUMN, MARGIN
from app.ui.waiting_messages import WaitingMessages

NARROW = 860
"""Window width below which the conversations make room for the one that is read."""
DOCUMENT_NARROW = 1000
"""Window width below which a document takes the place of the conversation instead of standing beside it."""
LEAST_MAIN = 460
SIDEBAR_LEAST = 200
SIDEBAR_MOST = 420

if TYPE_CHECKING:
    from app.ui.presenter import Presenter

_log = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """Can be shown before there is a core; attach() fills it.

    What is not seen in the empty window is imported where it is used, so that the window need not wait for it.
    """

    painted = Signal()  # the window is on screen

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._core: CorePort | None = None
        self._presenter: Presenter | None = None
        self._sidebar_wanted = True
        self._narrow = False
        self._was_painted = False
        self._submitted_early = False
        self._build_panels()
        self._build_layout()
        self._connect()

    def _build_panels(self) -> None:
        self.setWindowTitle(APP_NAME)
        self.setMinimumSize(720, 480)
        self.resize(1180, 780)
        self._main = QWidget(self)
        self._main.setProperty("tone", "main")
        pages = Pages(self._theme)
        self.panels = Panels(
            sidebar=Sidebar(self._theme),
            header=Header(self._theme),
            banner=Banner(),
            pages=pages,
            composer=Composer(self._theme),
            status=StatusLine(),
            snackbar=Snackbar(pages),
            waiting=WaitingMessages(),
            document=DocumentPanel(self._theme),
            find_bar=FindBar(self._main),
            downloads=DownloadStrip(),
        )
        self.setAcceptDrops(True)
        self.actions_by_name: dict[Act, QAction] = build_actions(self)
        self.panels.sidebar.offer_settings(self.actions_by_name[Act.SETTINGS])
        self._links = LinkOpener(self)

    def _build_layout(self) -> None:
        bottom = QWidget(self._main)
        bottom.setMaximumWidth(COLUMN + 2 * MARGIN)
        column = QVBoxLayout(bottom)
        column.setContentsMargins(MARGIN, 0, MARGIN, 10)
        column.setSpacing(8)
        column.addWidget(self.panels.waiting)
        column.addWidget(self.panels.composer)
        column.addWidget(self.panels.status)
        centre = QHBoxLayout()
        # The scroll bar of the page above takes room at the right; both columns share one axis.
        centre.setContentsMargins(0, 0, 10, 0)
        centre.addStretch(1)
        centre.addWidget(bottom, 1000)
        centre.addStretch(1)
        main = QVBoxLayout(self._main)
        main.setContentsMargins(0, 0, 0, 0)
        main.setSpacing(0)
        main.addWidget(self.panels.header)
        main.addWidget(self.panels.downloads)
        main.addWidget(self.panels.banner)
        main.addWidget(self.panels.find_bar)
        main.addWidget(self.panels.pages, 1)
        main.addLayout(centre)
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self.panels.sidebar.setMinimumWidth(SIDEBAR_LEAST)
        self.panels.sidebar.setMaximumWidth(SIDEBAR_MOST)
        self._splitter.addWidget(self.panels.sidebar)
        self._splitter.addWidget(self._main)
        self._splitter.addWidget(self.panels.document)
        self.panels.document.hide()
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([248, 932, 0])
        self.setCentralWidget(self._splitter)
        self._overlay = DropOverlay(self._theme, self)

    def _connect(self) -> None:
        act = self.actions_by_name
        act[Act.TOGGLE_SIDEBAR].triggered.connect(self._on_sidebar_toggled)
        act[Act.FOCUS_COMPOSER].triggered.connect(self._on_focus_composer)
        act[Act.SEARCH].triggered.connect(self._on_search_requested)
        act[Act.RENAME].triggered.connect(self._on_rename_requested)
        act[Act.SETTINGS].triggered.connect(self._on_settings_requested)
        act[Act.QUIT].triggered.connect(self.close)
        act[Act.UNDO_TRASH].triggered.connect(self.panels.snackbar.undo)
        self.panels.snackbar.offering_changed.connect(act[Act.UNDO_TRASH].setEnabled)
        self.panels.header.sidebar_toggled.connect(self._on_sidebar_toggled)
        self.panels.sidebar.about_requested.connect(self._on_about_requested)
        self.panels.sidebar.network_requested.connect(self._on_network_requested)
        self.panels.pages.transcript.link_activated.connect(self._links.ask)
        self.panels.composer.message_submitted.connect(self._on_submitted)

    def attach(self, core: CorePort, initial_model: Path | None = None) -> None:
        """Show what a core holds, and let it be used."""
        from app.ui.presenter import Presenter

        self._core = core
        self._restore_layout(core)
        presenter = Presenter(core, self.panels, self._theme, self)
        self._presenter = presenter
        act = self.actions_by_name
        act[Act.NEW].triggered.connect(presenter.chat.begin)
        act[Act.STOP].triggered.connect(presenter.chat.stop)
        act[Act.OPEN_MODEL].triggered.connect(presenter.models.ask_for_file)
        act[Act.ANSWER_NOW].triggered.connect(presenter.chat.submit_or_answer_now)
        act[Act.EXPORT].triggered.connect(presenter.transfer.export_current)
        act[Act.FIND].triggered.connect(presenter.search.find_here)
        presenter.busy_changed.connect(act[Act.STOP].setEnabled)
        presenter.busy_changed.connect(act[Act.ANSWER_NOW].setEnabled)
        act[Act.ATTACH].triggered.connect(presenter.documents.ask_for_files)
        presenter.documents.viewer.visibility_changed.connect(self._show_document)
        presenter.notifier.message.clicked.connect(self.come_forward)
        typed = self.panels.composer.text
        presenter.start(initial_model)
        # With a draft from before above it, it is more than what was to be sent.
        if self._submitted_early and self.panels.composer.text == typed:
            self.panels.composer.submit()

    def come_forward(self) -> None:
        """Be seen: somebody started the application once more, or clicked on its message."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def open_files(self, paths: Sequence[Path]) -> None:
        """Open files that the application was started with. Only after attach()."""
        if paths and self._presenter is not None:
            self._presenter.open_files(list(paths))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        if narrow != self._narrow:
            self._narrow = narrow
            self._show_sidebar(self._sidebar_wanted and not narrow)
        self._arrange_document()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Say what would happen to the files that are carried over the window, if anything."""
        files = local_files(event.mimeData())
        presenter = self._presenter
        if event.source() is not None:
            # A conversation that is on its way out is no document for another one.
            return
        if files and presenter is not None and presenter.takes(files):
            event.acceptProposedAction()
            self._overlay.show_for(files)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._overlay.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._overlay.hide()
        if self._presenter is not None:
            event.acceptProposedAction()
            self._presenter.take_files(local_files(event.mimeData()))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._presenter is not None:
            self._presenter.drafts.save()
        if self._core is not None:
            self._keep_layout()
        super().closeEvent(event)

    @Slot()
    def _on_sidebar_toggled(self) -> None:
        visible = self.panels.sidebar.isHidden()
        if not self._narrow:
            self._sidebar_wanted = visible
        self._show_sidebar(visible)

    @Slot()
    def _on_submitted(self) -> None:
        # Whoever types faster than all of the application is loaded is not made to press Enter again.
        self._submitted_early = self._core is None

    @Slot()
    def _on_search_requested(self) -> None:
        self._show_sidebar(True)
        self.panels.sidebar.search.take_focus()

    @Slot()
    def _on_rename_requested(self) -> None:
        self._show_sidebar(True)
        self.panels.sidebar.conversations.rename_selected()

    @Slot()
    def _on_about_requested(self) -> None:
        from app.ui.about_box import AboutBox

        info = self._core.models.state.info if self._core is not None else None
        AboutBox(self, info.variant if info is not None else "").open()

    @Slot()
    def _on_network_requested(self) -> None:
        from app.ui.network_dialog import NetworkDialog

        NetworkDialog(self).open()

    @Slot()
    def _on_settings_requested(self) -> None:
        if self._core is not None:
            from app.ui.settings_dialog import SettingsDialog

            dialog = SettingsDialog(self._core, self._theme, self)
            dialog.effort_chosen.connect(self._on_default_effort_chosen)
            dialog.backups_requested.connect(self.panels.sidebar.backups_requested)
            dialog.open()

    @Slot(str)
    def _on_default_effort_chosen(self, value: str) -> None:
        # A conversation that has not begun will begin with it.
        if self._presenter is not None and self._presenter.chat.current is None:
            self.panels.composer.set_effort(Effort(value))

    def _on_focus_composer(self) -> None:
        if self._main.isHidden() and self._presenter is not None:
            self._presenter.documents.viewer.close()
        self.panels.composer.take_focus()

    @Slot(bool)
    def _show_document(self, visible: bool) -> None:
        """Show or hide the document at the right; in a narrow window it takes the place of the conversation."""
        panel = self.panels.document
        if visible is not panel.isHidden():
            return
        if not visible and self._core is not None:
            self._keep({"document_width": panel.width()} if self._beside else {})
        panel.setVisible(visible)
        self._arrange_document()
        if visible and self._beside and self._core is not None:
            sidebar = self._splitter.sizes()[0]
            width = min(max(LEAST_WIDTH, self._core.settings.document_width), self.width() - sidebar - LEAST_MAIN)
            self._splitter.setSizes([sidebar, self.width() - sidebar - width, width])
        elif not visible:
            self.panels.composer.take_focus()

    @property
    def _beside(self) -> bool:
        """Whether there is room for a document beside the conversation."""
        return self.width() >= DOCUMENT_NARROW

    def _arrange_document(self) -> None:
        self._main.setVisible(self.panels.document.isHidden() or self._beside)

    def _show_sidebar(self, visible: bool) -> None:
        self.panels.sidebar.setVisible(visible)
        self.panels.status.show_offline(not visible)

    def _restore_layout(self, core: CorePort) -> None:
        if core.settings.window_geometry:
            self.restoreGeometry(QByteArray(base64.b64decode(core.settings.window_geometry)))
        width = min(SIDEBAR_MOST, max(SIDEBAR_LEAST, core.settings.sidebar_width))
        self._splitter.setSizes([width, max(1, self.width() - width), 0])

    def _keep_layout(self) -> None:
        changes: dict[str, object] = {"window_geometry": base64.b64encode(self.saveGeometry().data()).decode()}
        if not self.panels.sidebar.isHidden():
            changes["sidebar_width"] = self.panels.sidebar.width()
        if not self.panels.document.isHidden() and self._beside:
            changes["document_width"] = self.panels.document.width()
        self._keep(changes)

    def _keep(self, changes: dict[str, object]) -> None:
        if self._core is None or not changes:
            return
        try:
            self._core.update_settings(**changes)
        except AppError as error:
            _log.warning("The window's place could not be saved: %s", error)

"""Starts the window and sees to its end."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QLocale, QMessageLogContext, QObject, QtMsgType, Slot, qInstallMessageHandler
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from app import APP_ID, APP_NAME, __version__
from app.errors import AppError
from app.paths import resource
from app.ui.bridge import Bridge
from app.ui.error_box import show_error
from app.ui.interrupts import Interrupts
from app.ui.main_window import MainWindow
from app.ui.ports import CorePort, Post
from app.ui.screen import require_screen
from app.ui.theme import Theme, load_fonts

_log = logging.getLogger(__name__)
_qt_log = logging.getLogger("qt")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def run(build_core: Callable[[Post], CorePort], initial_model: Path | None = None, theme: str = "system") -> int:
    """Show the window, build the core behind it, and give the exit code once the window is closed.

    build_core gets the function that brings closures to the main thread. theme is what the window begins with, before
    the core's settings are there. Raises AppError where there is no screen.
    """
    require_screen()
    application = make_application(theme)
    session = _Session(application, build_core, initial_model)
    previous = sys.excepthook
    sys.excepthook = session.report
    try:
        session.window.show()
        code = application.exec()
        session.end()
    finally:
        sys.excepthook = previous
        qInstallMessageHandler(None)
    return code or session.code


def make_application(theme: str = "system") -> QApplication:
    """The application object with its names, fonts and colours."""
    qInstallMessageHandler(_on_qt_message)
    application = QApplication(sys.argv[:1])
    application.setApplicationName(APP_NAME)
    application.setApplicationDisplayName(APP_NAME)
    application.setOrganizationName(APP_NAME)
    application.setApplicationVersion(__version__)
    application.setDesktopFileName(APP_ID)
    application.setWindowIcon(QIcon(str(resource("icons/inglenook.svg"))))
    set_locale()
    load_fonts()
    application.setProperty("theme", Theme(application))
    theme_of(application).choose(theme)
    return application


def set_locale() -> None:
    """Write numbers and dates as the system does; where it has no language, as most readers of English do."""
    if QLocale.system().language() is QLocale.Language.C:
        QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))


def theme_of(application: QApplication) -> Theme:
    """The theme that belongs to an application."""
    theme = application.property("theme")
    assert isinstance(theme, Theme)
    return theme


class _Session(QObject):
    """From the first paint of the window to its end."""

    def __init__(
        self, application: QApplication, build_core: Callable[[Post], CorePort], initial_model: Path | None
    ) -> None:
        super().__init__(application)
        self._build_core = build_core
        self._initial_model = initial_model
        self._core: CorePort | None = None
        self._bridge = Bridge(self)
        self._reporting = False
        self.code = 0
        self.window = MainWindow(theme_of(application))
        self.window.painted.connect(self._on_painted)
        self._interrupts = Interrupts(self.window.close, self)

    @Slot()
    def _on_painted(self) -> None:
        """The window is there; now for what may take time."""
        try:
            self._core = self._build_core(self._bridge.post)
        except AppError as error:
            _log.error("The core could not be built: %s %s", error, error.details)
            self.code = 1
            show_error(error, self.window).finished.connect(self.window.close)
            return
        self.window.attach(self._core, self._initial_model)

    def end(self) -> None:
        """Close what runs behind the window, which is gone by now."""
        self.window.hide()
        if self._core is not None:
            self._core.close()
        self._bridge.close()

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log a mistake of ours and own up to it, once at a time."""
        _log.critical("An unexpected error", exc_info=(kind, error, trace))
        if self._reporting or issubclass(kind, KeyboardInterrupt):
            return
        self._reporting = True
        details = "".join(traceback.format_exception(kind, error, trace))
        what = AppError(
            self.tr("{name} made a mistake.").format(name=APP_NAME),
            self.tr("Your conversations are saved. If this happens again, close the window and open it anew."),
            details,
        )
        show_error(error if isinstance(error, AppError) else what, self.window).finished.connect(self._on_reported)

    @Slot()
    def _on_reported(self) -> None:
        self._reporting = False


def _on_qt_message(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    _qt_log.log(_LEVELS.get(kind, logging.WARNING), "%s", message)

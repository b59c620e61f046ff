"""Starts the window and sees to its end."""

from __future__ import annotations

import gc
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QLocale, QMessageLogContext, QObject, QTimer, QtMsgType, Slot, qInstallMessageHandler
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from app import APP_ID, APP_NAME, __version__
from app.errors import AppError
from app.jobs import Lane
from app.paths import resource
from app.store.errors import DamagedDatabaseError
from app.ui.bridge import Bridge
from app.ui.error_box import show_error
from app.ui.handover import Handover, Reception
from app.ui.interrupts import Interrupts
from app.ui.main_window import MainWindow
from app.ui.ports import CorePort, Post, RescuerPort
from app.ui.screen import ensure_utf8, require_screen
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


def run(
    build_core: Callable[[Post], CorePort],
    files: Sequence[Path] = (),
    theme: str = "system",
    rescuer: Callable[[], RescuerPort] | None = None,
    address: str = "",
) -> int:
    """Show the window, build the core behind it, and give the exit code once the window is closed.

    files are opened in it: a model, conversations, documents. build_core gets the function that brings closures to the
    main thread. theme is what the window begins with, before the core's settings are there. rescuer makes what helps
    where the core can't be built because its database is damaged; under address second starts are listened for. Raises
    AppError where there is no screen.
    """
    require_screen()
    application = make_application(theme)
    session = _Session(application, build_core, files, rescuer)
    if address:
        session.listen(address)
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
    ensure_utf8()
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
        self,
        application: QApplication,
        build_core: Callable[[Post], CorePort],
        files: Sequence[Path],
        rescuer: Callable[[], RescuerPort] | None,
    ) -> None:
        super().__init__(application)
        self._build_core = build_core
        self._waiting = list(files)
        self._rescuer = rescuer
        self._rescuing: Lane | None = None
        self._reception: Reception | None = None
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
        QTimer.singleShot(0, self._on_filled)
        try:
            self._core = self._build_core(self._bridge.post)
        except DamagedDatabaseError as error:
            _log.error("The database is damaged: %s %s", error, error.details)
            self._offer_rescue(error)
            return
        except AppError as error:
            _log.error("The core could not be built: %s %s", error, error.details)
            self._explain(error)
            return
        self.code = 0
        # The model goes first: the window would begin to load the one it used last.
        model = next((path for path in self._waiting if path.suffix.lower() == ".gguf"), None)
        self.window.attach(self._core, model)
        self.window.open_files([path for path in self._waiting if path != model])
        self._waiting = []

    @Slot()
    def _on_filled(self) -> None:
        """Begin to collect garbage, where that was put off; what is here by now stays, and is not looked through."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def _explain(self, error: AppError) -> None:
        self.code = 1
        show_error(error, self.window).finished.connect(self.window.close)

    def _offer_rescue(self, error: DamagedDatabaseError) -> None:
        if self._rescuer is None:
            self._explain(error)
            return
        self.code = 1
        from app.ui.damage_dialog import DamageDialog

        self._rescuing = self._rescuing or Lane("rescue")
        dialog = DamageDialog(self._rescuer(), error, self._rescuing.submit, self._bridge.post, self.window)
        dialog.rejected.connect(self.window.close)
        dialog.solved.connect(self._on_painted)
        dialog.open()

    def listen(self, address: str) -> None:
        """Let second starts reach the window."""
        self._reception = Reception(address, self)
        self._reception.handed_over.connect(self._on_handed_over)

    @Slot(object)
    def _on_handed_over(self, what: Handover) -> None:
        if what.activation:
            # Qt takes it from here when it asks Wayland for the front.
            os.environ["XDG_ACTIVATION_TOKEN"] = what.activation
        self.window.come_forward()
        files = [Path(path) for path in what.paths]
        if self._core is None:
            self._waiting += files
        else:
            self.window.open_files(files)

    def end(self) -> None:
        """Close what runs behind the window, which is gone by now."""
        self.window.hide()
        if self._reception is not None:
            self._reception.close()
        if self._rescuing is not None:
            self._rescuing.close()
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

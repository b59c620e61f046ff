"""A message of the desktop's own, where the desktop shows any."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSystemTrayIcon

_PLACED_AFTER = 500
"""Milliseconds."""


class DesktopMessage(QObject):
    """Shows a message until the application is looked at. Desktops without a tray (GNOME) get none.

    The icon that messages need is in the tray only as long: an application with a window wants no other place.
    """

    clicked = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._icon: QSystemTrayIcon | None = None

    def show(self, text: str) -> None:
        """Say it, under the application's name."""
        if not (QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages()):
            return
        if self._icon is None:
            self._icon = QSystemTrayIcon(QGuiApplication.windowIcon(), self)
            self._icon.messageClicked.connect(self.clicked)
            self._icon.activated.connect(lambda _: self.clicked.emit())
            _application().applicationStateChanged.connect(self._on_state)
        icon, name = self._icon, QGuiApplication.applicationDisplayName()
        icon.show()
        # A message points at the icon, which takes its place in the tray when the desktop gets to it. If the window is
        # looked at before that, the icon is hidden, and nothing is shown.
        QTimer.singleShot(_PLACED_AFTER, self, lambda: icon.showMessage(name, text, QGuiApplication.windowIcon()))

    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive and self._icon is not None:
            self._icon.hide()


def _application() -> QGuiApplication:
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication)
    return application

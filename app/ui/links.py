"""What may happen to a link in an answer: nothing, unless it leads to the web or to mail and the user agrees."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from app.ui.link_dialog import LinkDialog

SCHEMES = frozenset({"http", "https", "mailto"})


def may_open(url: QUrl) -> bool:
    """Whether a link may be handed to the system: never a file, a share, a script or an application."""
    if not url.isValid() or url.scheme().lower() not in SCHEMES:
        return False
    return bool(url.path()) if url.scheme().lower() == "mailto" else bool(url.host())


class LinkOpener(QObject):
    """Asks before it opens anything."""

    def __init__(self, window: QWidget, open_url: Callable[[QUrl], object] = QDesktopServices.openUrl) -> None:
        super().__init__(window)
        self._window = window
        self._open_url = open_url

    @Slot(QUrl)
    def ask(self, url: QUrl) -> None:
        """Show where a link leads, if it may lead there at all."""
        if not may_open(url):
            return
        dialog = LinkDialog(url, self._window)
        dialog.agreed.connect(self._on_agreed)
        dialog.open()

    @Slot(QUrl)
    def _on_agreed(self, url: QUrl) -> None:
        self._open_url(url)

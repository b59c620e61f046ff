"""Shows where a link really leads before anything is opened."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.widgets.controls import button, plain_label
from app.ui.widgets.text_view import TextView

WIDTH = 480
LONG = 200


class LinkDialog(QDialog):
    """The whole address in plain text, what is odd about it, and the choice."""

    agreed = Signal(QUrl)

    def __init__(self, url: QUrl, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._url = url
        self._build()
        self._build_buttons()
        self._connect()

    def _build(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Open a link"))
        self.setMinimumWidth(WIDTH)
        mail = self._url.scheme().lower() == "mailto"
        title = self.tr("Write to this address?") if mail else self.tr("Open this page in your browser?")
        where = self._url.path() if mail else self._url.host(QUrl.ComponentFormattingOption.FullyEncoded)
        heading = plain_label(title, "noticetitle", self)
        place = plain_label(where, "linkhost", self)
        place.setWordWrap(True)
        self._address = TextView(self)
        self._address.setProperty("tone", "notes")
        self._address.set_plain(self._url.toString(QUrl.ComponentFormattingOption.FullyEncoded), 125)
        self._address.setAccessibleName(self.tr("Address"))
        note = plain_label("\n".join([*self.warnings(), self.leaving()]), "note", self)
        note.setWordWrap(True)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(22, 20, 22, 18)
        self._layout.setSpacing(8)
        for widget in (heading, place, self._address, note):
            self._layout.addWidget(widget)

    def _build_buttons(self) -> None:
        self._copy = button(self.tr("Copy address"), "flat", self)
        self._cancel = button(self.tr("Cancel"), "secondary", self)
        self._open = button(self.tr("Open"), "primary", self)
        self._cancel.setDefault(True)
        row = QHBoxLayout()
        row.setContentsMargins(0, 10, 0, 0)
        row.addWidget(self._copy)
        row.addStretch(1)
        row.addWidget(self._cancel)
        row.addWidget(self._open)
        self._layout.addLayout(row)

    def _connect(self) -> None:
        self._copy.clicked.connect(self._on_copy_clicked)
        self._cancel.clicked.connect(self.reject)
        self._open.clicked.connect(self._on_open_clicked)

    def leaving(self) -> str:
        return self.tr("The model wrote this link. Opening it leaves this application, which stays offline itself.")

    def warnings(self) -> list[str]:
        """What a careful reader would notice about the address."""
        found = []
        if "xn--" in self._url.host(QUrl.ComponentFormattingOption.FullyEncoded):
            found.append(self.tr("The name uses letters that can look like others."))
        if self._url.userInfo():
            found.append(self.tr("The address begins with a user name; what counts is the name above."))
        if self._url.hasQuery() or len(self._url.toString()) > LONG:
            found.append(self.tr("The address carries data with it: read it before you send it."))
        return found

    @Slot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._url.toString(QUrl.ComponentFormattingOption.FullyEncoded))

    @Slot()
    def _on_open_clicked(self) -> None:
        self.agreed.emit(self._url)
        self.accept()

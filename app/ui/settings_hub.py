"""Where models are fetched from, and what opens that door."""

from __future__ import annotations

from PySide6.QtCore import QUrl, Slot
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from app.hub.endpoint import may_carry_a_token
from app.settings import Settings
from app.ui.settings_section import Section
from app.ui.widgets.controls import plain_label


class HubSection(Section):
    """The address of a hub and the token for it. A token never goes along to another address."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Getting models"),
            self.tr(
                "The hub that models are fetched from when you ask for one. If it wants a token, that is sent to this "
                "address only, and kept where no other user of this computer can read it."
            ),
            parent,
        )
        self._usual = Settings().hub_endpoint
        self._endpoint = settings.hub_endpoint
        self._token = settings.hub_token
        self._address = QLineEdit(self._endpoint, self)
        self._address.setPlaceholderText(self._usual)
        self._secret = QLineEdit(self._token, self)
        self._secret.setEchoMode(QLineEdit.EchoMode.Password)
        self._secret.setPlaceholderText(self.tr("None"))
        self.name(self._address, self.tr("Address of the hub"))
        self.name(self._secret, self.tr("Token for the hub"))
        self._remark = plain_label("", "warn", self)
        self._remark.setWordWrap(True)
        self._remark.hide()
        self._lay_out()
        self._address.editingFinished.connect(self._on_address_given)
        self._secret.editingFinished.connect(self._on_token_given)
        self._warn_of_the_open()

    def _lay_out(self) -> None:
        fields = QWidget(self)
        grid = QGridLayout(fields)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(8)
        for row, (label, field) in enumerate(((self.tr("Address"), self._address), (self.tr("Token"), self._secret))):
            grid.addWidget(plain_label(label, "field", fields), row, 0)
            grid.addWidget(field, row, 1)
        self.add(fields)
        self.add(self._remark)

    @Slot()
    def _on_address_given(self) -> None:
        text = self._address.text().strip().rstrip("/") or self._usual
        if text == self._endpoint:
            self._address.setText(text)
            self._warn_of_the_open()
            return
        if not _is_address(text):
            self._say(self.tr("This is no address of a hub, so the former one stays in use. One begins with https://."))
            return
        self._address.setText(text)
        had_token, elsewhere = bool(self._token), _place(text) != _place(self._endpoint)
        self._endpoint = text
        if not (had_token and elsewhere):
            self.changed.emit({"hub_endpoint": text})
            self._warn_of_the_open()
            return
        self._token = ""
        self._secret.clear()
        self.changed.emit({"hub_endpoint": text, "hub_token": ""})
        self._say(self.tr("The token was for the former address, so it was removed."))

    @Slot()
    def _on_token_given(self) -> None:
        text = self._secret.text().strip()
        if text != self._token:
            self._token = text
            self.changed.emit({"hub_token": text})
        self._warn_of_the_open()

    def _warn_of_the_open(self) -> None:
        url = QUrl(self._endpoint)
        in_the_open = bool(self._token) and not may_carry_a_token(url.scheme(), url.host())
        self._say(self.tr("Without https everybody on the way could read the token, so it is not sent.") * in_the_open)

    def _say(self, text: str) -> None:
        self._remark.setText(text)
        self._remark.setVisible(bool(text))


def _is_address(text: str) -> bool:
    url = QUrl(text, QUrl.ParsingMode.StrictMode)
    return url.isValid() and url.scheme() in ("http", "https") and bool(url.host())


def _place(address: str) -> tuple[str, str, int]:
    """The server that an address names: whoever has it gets the token."""
    url = QUrl(address)
    return url.scheme(), url.host(), url.port({"https": 443}.get(url.scheme(), 80))

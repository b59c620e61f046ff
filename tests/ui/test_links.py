"""Links: only to the web or to mail, and only after a question."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.ui.link_dialog import LinkDialog
from app.ui.links import LinkOpener, may_open
from app.ui.theme import Theme
from tests.ui import hands


@pytest.mark.parametrize("address", ["https://example.org/a?b=c", "http://example.org", "mailto:a@example.org"])
def test_the_web_and_mail_may_be_opened(address: str) -> None:
    assert may_open(QUrl(address))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "file://host/share/x",
        "//host/share",
        "\\\\host\\share",
        "data:text/html,x",
        "vscode://file/etc/passwd",
        "ms-settings:",
        "smb://host/x",
        "https:",
        "https:///etc/passwd",
        "mailto:",
        "relative/path",
        "#anchor",
        "",
    ],
)
def test_nothing_else_may(address: str) -> None:
    assert not may_open(QUrl(address))


class Asked:
    """A window, and what was opened from it."""

    def __init__(self, window: QWidget) -> None:
        self.opened: list[QUrl] = []
        self.window = window
        self.opener = LinkOpener(window, self.opened.append)

    def dialog(self) -> LinkDialog | None:
        found = self.window.findChild(LinkDialog)
        return found if isinstance(found, LinkDialog) else None


@pytest.fixture
def asked(theme: Theme, qtbot: QtBot) -> Asked:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return Asked(window)


def click(dialog: LinkDialog, text: str, qtbot: QtBot) -> None:
    button = next(each for each in dialog.findChildren(QPushButton) if each.text() == text)
    hands.click(button)


def test_a_link_is_opened_only_when_the_user_agrees(asked: Asked, qtbot: QtBot) -> None:
    url = QUrl("https://example.org/a?token=1")
    asked.opener.ask(url)
    dialog = asked.dialog()
    assert dialog is not None
    assert asked.opened == []
    click(dialog, "Open", qtbot)
    assert asked.opened == [url]


def test_cancel_opens_nothing(asked: Asked, qtbot: QtBot) -> None:
    asked.opener.ask(QUrl("https://example.org"))
    dialog = asked.dialog()
    assert dialog is not None
    click(dialog, "Cancel", qtbot)
    assert asked.opened == []


def test_a_script_does_not_even_get_a_question(asked: Asked) -> None:
    asked.opener.ask(QUrl("javascript:alert(1)"))
    assert asked.dialog() is None


@pytest.mark.parametrize(
    ("address", "warning"),
    [
        ("https://exämple.org/", "can look like others"),
        ("https://bank.example@evil.example/", "what counts is the name above"),
        ("https://example.org/?q=secret", "carries data"),
    ],
)
def test_what_is_odd_about_an_address_is_said(
    asked: Asked, qtbot: QtBot, address: str, warning: str, says: Callable[[LinkDialog], str]
) -> None:
    asked.opener.ask(QUrl(address))
    dialog = asked.dialog()
    assert dialog is not None
    assert warning in says(dialog)


@pytest.fixture
def says() -> Callable[[LinkDialog], str]:
    def words(dialog: LinkDialog) -> str:
        labels = dialog.findChildren(QLabel)
        assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)
        return "\n".join(label.text() for label in labels)

    return words

"""The real widgets on the real core, for tests of what goes through both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QPlainTextEdit, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from app.core import Core
from app.engine.base import Engine
from app.paths import Paths
from app.services.events import ModelPhase, TurnEnded
from app.ui.answer_message import AnswerMessage
from app.ui.bridge import Bridge
from app.ui.main_window import MainWindow
from app.ui.theme import Theme
from tests.ui.hands import press, write


class RealWindow:
    """A window on a core of its own, and hands to use it."""

    def __init__(self, theme: Theme, qtbot: QtBot, data: Path, engine: Engine | None = None) -> None:
        self._qtbot = qtbot
        self.bridge = Bridge()
        self.window = MainWindow(theme)
        self.window.resize(1100, 700)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.core = Core(Paths(data), self.bridge.post, engine)
        self.core.override_settings(temperature=0.0)
        self.window.attach(self.core)
        self.ended: list[TurnEnded] = []
        self.core.chat.subscribe(lambda event: self.ended.append(event) if isinstance(event, TurnEnded) else None)

    def use(self, model: Path) -> None:
        self.core.models.choose(model)
        self.wait(lambda: self.core.models.state.phase is ModelPhase.READY)

    def named(self, name: str) -> QWidget:
        found = self.window.findChild(QWidget, name)
        assert isinstance(found, QWidget), name
        return found

    def send(self, text: str) -> None:
        write(self.named("composer"), text)
        press(self.named("composer"), Qt.Key.Key_Return)

    def ask(self, text: str) -> AnswerMessage:
        self.ended.clear()
        self.send(text)
        self.wait(lambda: bool(self.ended))
        return self.answers()[-1]

    def answers(self) -> list[AnswerMessage]:
        return [each for each in self.window.findChildren(AnswerMessage) if each.isVisible()]

    def visible_text(self) -> str:
        """Everything that can be read on the window now."""
        texts: list[str] = []
        for widget in self.window.findChildren(QWidget):
            if isinstance(widget, QLabel | QAbstractButton):
                texts.append(widget.text())
            elif isinstance(widget, QTextEdit | QPlainTextEdit):
                texts.append(widget.toPlainText())
        return "\n".join(texts)

    def wait(self, condition: Callable[[], bool]) -> None:
        self._qtbot.waitUntil(condition, timeout=30_000)

    def close(self) -> None:
        self.window.close()
        self.core.close()
        self.bridge.close()
        self.window.deleteLater()


Start = Callable[[], RealWindow]
"""See the fixture of this name."""

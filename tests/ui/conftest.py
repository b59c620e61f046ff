"""Widgets in their theme, a window on a fake core, and a picture of what failed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.engine.scripted import Script, ScriptedEngine
from app.ui.main_window import MainWindow
from app.ui.run import set_locale
from app.ui.theme import Theme, load_fonts
from tests.models import TINY
from tests.ui.fakes import FakeCore
from tests.ui.real_window import RealWindow, Start

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

HERE = Path(__file__).parent
Opener = Callable[[FakeCore], MainWindow]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every Qt warning fails a test, but for those that the offscreen platform gives for any window."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support", extend=True))


@pytest.fixture(scope="session")
def session_theme(qapp: QApplication) -> Theme:
    set_locale()
    load_fonts()
    return Theme(qapp)


@pytest.fixture
def theme(session_theme: Theme) -> Theme:
    """The theme, light."""
    if session_theme.choice != "light":
        session_theme.choose("light")
    return session_theme


@pytest.fixture
def open_window(theme: Theme, qtbot: QtBot) -> Iterator[Opener]:
    """Shows a window on a core; closed again at the end."""
    windows: list[MainWindow] = []
    cores: list[FakeCore] = []

    def opener(core: FakeCore) -> MainWindow:
        window = MainWindow(theme)
        window.resize(1100, 700)
        windows.append(window)
        window.show()
        qtbot.waitExposed(window)
        core.settings = replace(core.settings, theme="light")
        window.attach(core)
        cores.append(core)
        return window

    yield opener
    for core in cores:
        if core.chat.running is not None:
            core.chat.stop()
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture
def start(theme: Theme, qtbot: QtBot, tmp_path: Path) -> Iterator[Start]:
    """Starts the real window on the data folder of the test, with a slow engine; the one before is closed."""
    opened: list[RealWindow] = []

    def start() -> RealWindow:
        end()
        opened.append(RealWindow(theme, qtbot, tmp_path / "data", ScriptedEngine(script=Script(token_seconds=0.2))))
        opened[0].use(TINY)
        return opened[0]

    def end() -> None:
        while opened:
            window = opened.pop()
            window.core.chat.stop()
            window.wait(lambda: window.core.chat.running is None)  # noqa: B023 - waited for in this turn of the loop
            qtbot.wait(1)
            window.close()

    yield start
    end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed and QApplication.instance() is not None:
        folder = Path(tempfile.gettempdir()) / "inglenook-failed-tests"
        folder.mkdir(exist_ok=True)
        for number, window in enumerate(each for each in QApplication.topLevelWidgets() if each.isVisible()):
            window.grab().save(str(folder / f"{item.name}-{number}.png"))
    return report

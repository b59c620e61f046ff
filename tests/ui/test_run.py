"""From the first paint to the end: threads, errors, signals."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMessageLogContext, QtMsgType
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from app.errors import AppError
from app.ui.bridge import Bridge
from app.ui.error_box import ErrorBox
from app.ui.run import _on_qt_message
from app.ui.theme import Theme
from app.ui.widgets.fold_button import FoldButton
from tests.ui import hands

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from app.ui.run import run
from app.errors import AppError
from tests.ui.fakes import FakeCore
core = FakeCore()
def build(post):
    {body}
code = run(build)
print("code", code, "closed", core.closed)
"""


def test_closures_run_on_the_thread_of_the_bridge_in_their_order(qtbot: QtBot) -> None:
    bridge = Bridge()
    seen: list[tuple[int, int]] = []

    def work() -> None:
        for number in range(500):
            bridge.post(lambda number=number: seen.append((number, threading.get_ident())))  # type: ignore[misc]

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert seen == []
    qtbot.waitUntil(lambda: len(seen) == 500)
    assert seen == [(number, threading.get_ident()) for number in range(500)]


def test_a_closed_bridge_drops_what_comes(qtbot: QtBot) -> None:
    bridge = Bridge()
    seen: list[int] = []
    bridge.post(lambda: seen.append(1))
    bridge.close()
    bridge.post(lambda: seen.append(2))
    qtbot.wait(20)
    assert seen == []


def test_words_of_qt_reach_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "qt"):
        _on_qt_message(QtMsgType.QtWarningMsg, QMessageLogContext(), "100 % odd")
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("qt", "WARNING", "100 % odd")
    ]


def test_an_error_says_what_to_do_and_folds_its_details(theme: Theme, qtbot: QtBot) -> None:
    box = ErrorBox(AppError("It <b>broke</b>.", "Mend it.", "Traceback: x"))
    qtbot.addWidget(box)
    box.show()
    details = box.findChild(QPlainTextEdit)
    fold = box.findChild(FoldButton)
    assert isinstance(details, QPlainTextEdit)
    assert isinstance(fold, FoldButton)
    seen = [details.isVisible()]
    hands.click(fold)
    seen.append(details.isVisible())
    assert seen == [False, True]
    assert details.toPlainText() == "Traceback: x"


def program(body: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_window_and_then_the_core(number: signal.Signals) -> None:
    running = program('print("built", flush=True); return core')
    assert running.stdout is not None
    assert running.stdout.readline() == "built\n"
    running.send_signal(number)
    out, errors = running.communicate(timeout=20)
    assert out == "code 0 closed True\n"
    assert "Traceback" not in errors


def test_closing_the_window_closes_the_core() -> None:
    running = program(
        "from PySide6.QtCore import QTimer; from PySide6.QtWidgets import QApplication; "
        "QTimer.singleShot(50, QApplication.closeAllWindows); return core"
    )
    out, _ = running.communicate(timeout=20)
    assert out == "code 0 closed True\n"


def test_a_core_that_cannot_be_built_is_explained_and_ends_with_an_error() -> None:
    running = program(
        "from PySide6.QtCore import QTimer; from PySide6.QtWidgets import QApplication; "
        "QTimer.singleShot(100, lambda: print(QApplication.activeModalWidget().accept())); "
        'raise AppError("The database is locked.", "Close the other window.")'
    )
    out, errors = running.communicate(timeout=20)
    assert out == "None\ncode 1 closed False\n"
    assert "The database is locked." in errors


def test_a_mistake_of_ours_is_owned_up_to_and_the_window_lives_on() -> None:
    running = program(
        "from PySide6.QtCore import QTimer; from PySide6.QtWidgets import QApplication; "
        "QTimer.singleShot(50, lambda: 1 / 0); "
        "QTimer.singleShot(150, lambda: print(QApplication.activeModalWidget().windowTitle())); "
        "QTimer.singleShot(200, QApplication.closeAllWindows); return core"
    )
    out, errors = running.communicate(timeout=20)
    assert out == "Something went wrong\ncode 0 closed True\n"
    assert "ZeroDivisionError" in errors

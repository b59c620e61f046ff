"""Files that the application was started with, long answers that end unseen, and the page about the network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.domain.chat import Status
from app.export.lossless import FORMAT
from app.services.connections import Confinement, OpenSocket, ProcessReport
from app.services.connections import Role as ProcessRole
from app.services.events import ModelPhase, ModelState, TurnEnded, TurnStarted
from app.ui.answer_notifier import AnswerNotifier
from app.ui.confirm_dialog import ConfirmDialog
from app.ui.network_dialog import NetworkDialog
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fakes import NOWHERE, READY, FakeCore, question
from tests.ui.fakes import answer as answer_of


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps({"format": FORMAT, "version": 1, "conversations": []}))
    return path


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "lease.txt"
    path.write_text("Three months.")
    return path


def test_each_file_goes_where_it_belongs(open_window: Opener, export: Path, document: Path) -> None:
    core = FakeCore()
    window = open_window(core)
    model = Path("/models/other.gguf")
    window.open_files([document, export, model])
    assert core.models.calls[-1] == ("choose", model)
    assert [each.name for each in core.documents.pending()] == ["lease.txt"]
    assert core.transfer.files == [], "nobody chose to import it"
    (dialog,) = window.findChildren(ConfirmDialog)
    assert dialog.windowTitle() == "Import the conversations in conversations.json?"
    agree = dialog.findChild(QPushButton, "agree")
    assert agree is not None
    hands.click(agree)
    assert core.transfer.files == [export]


def test_a_json_file_without_conversations_is_a_document(open_window: Opener, tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text('{"a": 1}')
    core = FakeCore()
    open_window(core).open_files([path])
    assert [each.name for each in core.documents.pending()] == ["table.json"]


def test_a_document_waits_until_there_is_a_model_and_says_so(open_window: Opener, document: Path) -> None:
    core = FakeCore(state=ModelState(ModelPhase.NONE))
    window = open_window(core)
    window.open_files([document])
    assert [each.name for each in core.documents.pending()] == ["lease.txt"]
    assert window.panels.banner.text == "lease.txt will go with your first message. Choose a model first."
    core.models.become(READY)
    assert not window.panels.banner.isVisible()
    assert window.panels.composer.isVisible()


@pytest.mark.parametrize(
    ("seconds", "status", "told"),
    [
        (21.0, Status.COMPLETE, True),
        (21.0, Status.FAILED, True),
        (21.0, Status.STOPPED, False),
        (19.0, Status.COMPLETE, False),
    ],
)
def test_a_long_answer_that_ends_unseen_is_told(
    qtbot: QtBot, seconds: float, status: Status, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    now, alerts, said = [100.0], list[QWidget](), list[str]()
    notifier = AnswerNotifier(window, alerts.append, lambda: now[0])
    monkeypatch.setattr(notifier.message, "show", said.append)
    answer = replace(answer_of("Done."), status=status)
    notifier.handle(TurnStarted(NOWHERE, question("Why?"), answer))
    now[0] += seconds
    notifier.handle(TurnEnded(answer))
    assert alerts == ([window] if told else [])
    assert ["ready" in text for text in said] == ([status is Status.COMPLETE] if told else [])


def test_nobody_who_looks_at_the_window_is_alerted(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    now, alerts = [0.0], list[QWidget]()
    notifier = AnswerNotifier(window, alerts.append, lambda: now[0])
    answer = answer_of("Done.")
    notifier.handle(TurnStarted(NOWHERE, question("Why?"), answer))
    now[0] = 1000.0
    notifier.handle(TurnEnded(answer))
    assert alerts == []


LOCAL = OpenSocket("unix", "stream", "/run/x", "", "")
ABROAD = OpenSocket("inet", "stream", "10.0.0.2:5000", "203.0.113.7:443", "established")


def report(role: ProcessRole, *sockets: OpenSocket, pid: int = 1) -> ProcessReport:
    return ProcessReport(pid, role, role.value, Confinement.NONE, sockets)


def dialog_of(qtbot: QtBot, look: Callable[[], tuple[ProcessReport, ...]]) -> NetworkDialog:
    dialog = NetworkDialog(None, look)
    qtbot.addWidget(dialog)
    return dialog


def test_every_process_is_listed_with_what_it_may_do_and_has_open(qtbot: QtBot) -> None:
    dialog = dialog_of(
        qtbot, lambda: (report(ProcessRole.MAIN, LOCAL, pid=7), report(ProcessRole.DOWNLOAD, ABROAD, pid=8))
    )
    window, download = dialog.rows
    assert "The window · process 7 reaches nothing" in window.text
    assert "Open now: 1 within this computer" in window.text
    assert "The download · process 8 reaches another computer" in download.text
    assert "Open now: 203.0.113.7:443" in download.text
    assert dialog.summary == "Only the download that you started reaches another computer."


def test_a_connection_that_nobody_asked_for_is_owned_up_to(qtbot: QtBot) -> None:
    reports = [(report(ProcessRole.ENGINE),)]
    dialog = dialog_of(qtbot, lambda: reports[0])
    assert dialog.summary == "None of these processes reaches another computer now."
    reports[0] = (report(ProcessRole.ENGINE, ABROAD),)
    qtbot.waitUntil(lambda: dialog.summary.startswith("1 of these processes reach"))


def test_the_page_shows_the_processes_that_really_run(open_window: Opener) -> None:
    window = open_window(FakeCore())
    window.panels.sidebar.network_requested.emit()
    dialog = window.findChild(NetworkDialog)
    assert dialog is not None
    assert "The window" in dialog.rows[0].text
    assert "another computer" in dialog.summary
    dialog.close()

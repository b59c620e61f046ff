"""A second start reaches the first over a local socket, whatever lies in its way."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket
from pytestqt.qtbot import QtBot

from app.ui import handover
from app.ui.handover import Handover, Reception, hand_over

APP = Path(__file__).parents[2] / "app"


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return f"inglenook-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def reception(address: str, qtbot: QtBot) -> Iterator[Reception]:
    reception = Reception(address)
    yield reception
    reception.close()


def hand_over_from_elsewhere(address: str, what: Handover) -> tuple[threading.Thread, list[bool]]:
    taken: list[bool] = []
    thread = threading.Thread(target=lambda: taken.append(hand_over(address, what)))
    thread.start()
    return thread, taken


def test_what_a_second_start_was_given_arrives(reception: Reception, address: str, qtbot: QtBot) -> None:
    what = Handover("/models/with space and é.gguf", "token")
    with qtbot.waitSignal(reception.handed_over) as told:
        thread, taken = hand_over_from_elsewhere(address, what)
    assert told.args == [what]
    qtbot.waitUntil(lambda: not thread.is_alive())
    assert taken == [True]


def test_what_a_killed_process_left_is_no_obstacle(address: str, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "run" / address).write_text("left over")
    reception = Reception(address)
    with qtbot.waitSignal(reception.handed_over):
        thread, _ = hand_over_from_elsewhere(address, Handover())
    qtbot.waitUntil(lambda: not thread.is_alive())
    reception.close()


def test_where_nobody_listens_nothing_is_handed_over(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "CONNECT_SECONDS", 0.1)
    assert not hand_over(address, Handover())


def test_words_that_make_no_sense_are_not_taken(
    reception: Reception, address: str, tmp_path: Path, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    socket = QLocalSocket()
    socket.connectToServer(str(tmp_path / "run" / address))
    socket.write(b'["no"]\n')
    qtbot.waitUntil(lambda: socket.state() is QLocalSocket.LocalSocketState.UnconnectedState)
    assert "could not be read" in caplog.text


def test_a_relative_path_is_handed_over_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Handover.of(Path("a.gguf")).path == str(tmp_path / "a.gguf")


def test_only_local_sockets_of_qt_network_are_used() -> None:
    imports = [
        (path.name, line)
        for path in APP.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"import.*QtNetwork|from PySide6.QtNetwork", line)
    ]
    assert imports == [("handover.py", "from PySide6.QtNetwork import QLocalServer, QLocalSocket")]

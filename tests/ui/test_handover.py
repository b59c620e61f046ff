"""A second start reaches the first over a local socket, whatever lies in its way."""

from __future__ import annotations

import re
import subprocess
import sys
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


SECOND_START = """
import sys
from app.ui.handover import Handover, hand_over
print(hand_over(sys.argv[1], Handover((sys.argv[2],), "token")))
"""


def second_start(address: str, path: str) -> subprocess.Popen[str]:
    """A process of its own: one that waits for an answer gives no other thread a turn."""
    return subprocess.Popen(
        [sys.executable, "-c", SECOND_START, address, path], cwd=APP.parent, stdout=subprocess.PIPE, text=True
    )


def test_what_a_second_start_was_given_arrives(reception: Reception, address: str, qtbot: QtBot) -> None:
    with qtbot.waitSignal(reception.handed_over, timeout=20_000) as told:
        second = second_start(address, "/models/with space and é.gguf")
    assert told.args == [Handover(("/models/with space and é.gguf",), "token")]
    assert second.communicate(timeout=20)[0] == "True\n"


def test_what_a_killed_process_left_is_no_obstacle(address: str, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "run" / address).write_text("left over")
    reception = Reception(address)
    with qtbot.waitSignal(reception.handed_over, timeout=20_000):
        second = second_start(address, "")
    assert second.communicate(timeout=20)[0] == "True\n"
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
    assert Handover.of([Path("a.gguf")]).paths == (str(tmp_path / "a.gguf"),)


def test_only_local_sockets_of_qt_network_are_used() -> None:
    imports = [
        (path.name, line)
        for path in APP.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"import.*QtNetwork|from PySide6.QtNetwork", line)
    ]
    assert imports == [("handover.py", "from PySide6.QtNetwork import QLocalServer, QLocalSocket")]

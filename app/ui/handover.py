"""One window: a second start hands what it was given to the first, over a local socket, and ends.

The only use of QtNetwork. A local socket is a Unix socket or a named pipe: nothing of it can leave the computer.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

CONNECT_SECONDS = 5.0
"""The first window takes the lock some time before it listens."""
ANSWER_SECONDS = 5.0
LONGEST = 1 << 16
_TAKEN = b"taken\n"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Handover:
    """What a second start was given: absolute paths of files to open, and its leave to come to the front.

    activation is the token that the desktop gives to a program that the user starts (freedesktop.org's
    xdg-activation): without it Wayland lets no window push itself forward.
    """

    paths: tuple[str, ...] = ()
    activation: str = ""

    @classmethod
    def of(cls, paths: Iterable[Path]) -> Handover:
        given = tuple(str(path.expanduser().absolute()) for path in paths)
        return cls(given, os.environ.get("XDG_ACTIVATION_TOKEN", ""))


def hand_over(address: str, what: Handover) -> bool:
    """Give it to whoever listens under this address. False if nobody took it in time."""
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        socket = QLocalSocket()
        socket.connectToServer(_place(address))
        if socket.waitForConnected(1000):
            break
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    socket.write(json.dumps(asdict(what)).encode() + b"\n")
    socket.flush()
    deadline = time.monotonic() + ANSWER_SECONDS
    while not socket.canReadLine():
        left = round(1000 * (deadline - time.monotonic()))
        if left <= 0 or not socket.waitForReadyRead(left):
            return False
    return bytes(socket.readLine().data()) == _TAKEN


class Reception(QObject):
    """Listens for second starts, in the process that holds the lock of the data folder."""

    handed_over = Signal(object)  # Handover

    def __init__(self, address: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connected)
        # Who holds the lock is alone: what lies there was left by a process that was killed.
        QLocalServer.removeServer(_place(address))
        if not self._server.listen(_place(address)):
            _log.warning("No second start can reach this window: %s", self._server.errorString())

    def close(self) -> None:
        self._server.close()

    @Slot()
    def _on_connected(self) -> None:
        while self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            socket.readyRead.connect(self._on_ready)
            socket.disconnected.connect(socket.deleteLater)
            self._read(socket)

    @Slot()
    def _on_ready(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > LONGEST:
                socket.abort()
            return
        try:
            raw = json.loads(bytes(socket.readLine().data()))
            what = Handover(tuple(map(str, raw["paths"])), str(raw["activation"]))
        except (ValueError, TypeError, KeyError):
            _log.warning("What a second start handed over could not be read")
            socket.abort()
            return
        socket.write(_TAKEN)
        socket.flush()
        self.handed_over.emit(what)


def _place(address: str) -> str:
    """Where the socket is: in the user's own run-time folder where the system has one, which nobody else can enter."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return str(Path(folder) / address) if folder and Path(folder).is_dir() else address

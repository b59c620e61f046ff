"""Reading processes that misbehave, named to the reader in place of the real one."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from app.documents import pdf_twin, sandbox, worker
from app.documents.limits import MIB, Limits
from app.domain.documents import DocumentKind


def dies(connection: Connection, likely: DocumentKind) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def stalls(connection: Connection, likely: DocumentKind) -> None:
    """Announce a long answer and send only its beginning."""
    connection.recv_bytes()
    os.write(connection.fileno(), b"\x00\x00\xff\xff" + b"x" * 100)
    time.sleep(600)


def talks_too_much(connection: Connection, likely: DocumentKind) -> None:
    connection.recv_bytes()
    os.write(connection.fileno(), b"\x7f\xff\xff\xff" + b"x" * 60_000)
    time.sleep(600)


def talks_nonsense(connection: Connection, likely: DocumentKind) -> None:
    connection.recv_bytes()
    connection.send_bytes(b"nonsense")


def eats(connection: Connection, likely: DocumentKind) -> None:
    connection.recv_bytes()
    kept = []
    while True:
        kept.append(b"x" * (16 * MIB))
        time.sleep(0.01)


def reads_alone(connection: Connection, likely: DocumentKind) -> None:
    """The real one without a twin."""
    pdf_twin.start_twin = lambda source, limits: source
    worker.serve(connection, likely)


def tries_everything(results: Connection) -> None:
    """Close this process, then try to get out of it; send what worked."""
    open_file = os.open("/etc/hostname", os.O_RDONLY)
    attempts: dict[str, Callable[[], object]] = {
        "open": lambda: os.open("/etc/passwd", os.O_RDONLY),
        "write": lambda: os.open("evil", os.O_WRONLY | os.O_CREAT),
        "list": lambda: list(Path("/").iterdir()),
        "stat": lambda: Path("/etc/passwd").stat(),
        "open again": lambda: os.open(f"/proc/self/fd/{open_file}", os.O_RDONLY),
        "environment": lambda: Path("/proc/self/environ").read_bytes(),
        "tcp": lambda: socket.create_connection(("127.0.0.1", 9), 1),
        "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "unix": lambda: socket.socket(socket.AF_UNIX),
        "pair": socket.socketpair,
        "fork": os.fork,
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "kill": lambda: os.kill(os.getppid(), 0),
        "remove": lambda: Path("evil").unlink(),
        "memory file": lambda: os.memfd_create("x"),
        "trace": lambda: _refused_is_error(ctypes.CDLL(None, use_errno=True).ptrace(0, 0, 0, 0)),
        "more memory": lambda: bytearray(500 * MIB),
        "module": lambda: __import__("wave"),
    }
    unguarded = sandbox.close(Limits(), 0)
    worked = []
    for name, attempt in attempts.items():
        try:
            attempt()
            worked.append(name)
        except (OSError, MemoryError, ImportError, LookupError):
            continue
    results.send((unguarded, worked, os.read(open_file, 1) != b""))


def _refused_is_error(result: int) -> None:
    if result < 0:
        raise OSError

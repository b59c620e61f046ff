"""Drawing processes that behave as a taken-over one might; by name, because a spawned process imports them."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection

from app.documents.page_wire import ANSWER, PAGE


def _ready(connection: Connection) -> None:
    """Take all that comes before the first question, and the question."""
    connection.recv_bytes()
    from multiprocessing.reduction import recv_handle

    os.close(recv_handle(connection))
    connection.recv_bytes()


def announces_more_than_it_sends(connection: Connection) -> None:
    _ready(connection)
    connection.send_bytes(ANSWER.pack(PAGE, 100, 100) + b"\x00" * 10)
    time.sleep(60)


def sends_a_page_of_another_width(connection: Connection) -> None:
    _ready(connection)
    connection.send_bytes(ANSWER.pack(PAGE, 3000, 1) + b"\x00" * 9000)
    time.sleep(60)


def sends_far_too_much(connection: Connection) -> None:
    _ready(connection)
    connection.send_bytes(b"\x00" * 60_000_000)
    time.sleep(60)


def sends_half_a_message(connection: Connection) -> None:
    _ready(connection)
    os.write(connection.fileno(), b"\x00\x00\x10\x00abc")
    time.sleep(60)


def says_nothing(connection: Connection) -> None:
    _ready(connection)
    time.sleep(60)


def dies(connection: Connection) -> None:
    _ready(connection)
    os.abort()

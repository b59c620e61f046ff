"""How long until the window is on the screen, beside an empty Qt window."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.report import Row
from tests.screen import Screen

_ROUNDS = 5
_LIMIT = 1.5
_BARE = (
    "from PySide6.QtWidgets import QApplication, QWidget\n"
    "app = QApplication([]); window = QWidget(); window.setWindowTitle('Inglenook'); window.resize(800, 600)\n"
    "window.show(); app.exec()\n"
)


def rows(program: Sequence[str] = (sys.executable, "-m", "app"), name: str = "window visible after") -> list[Row]:
    """program is what starts the application."""
    with Screen() as screen, tempfile.TemporaryDirectory() as folder:
        bare: list[float] = []
        ours: list[float] = []
        for i in range(_ROUNDS + 1):
            # The first round only warms the page cache.
            first = seconds_to_window(screen, [sys.executable, "-c", _BARE])
            second = seconds_to_window(screen, [*program, "--data-dir", str(Path(folder) / str(i))])
            if i:
                bare.append(first)
                ours.append(second)
    value = statistics.median(ours)
    row = Row(name, value, "s", statistics.median(bare), "an empty Qt window", f"at most {_LIMIT} s")
    return [row.judged(value <= _LIMIT)]


def seconds_to_window(screen: Screen, command: Sequence[str]) -> float:
    """From the start of a command until its window is on the screen."""
    started = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **screen.environment}, stderr=subprocess.DEVNULL)
    try:
        screen.wait_for_window("Inglenook", process.pid)
        return time.monotonic() - started
    finally:
        process.terminate()
        process.wait()

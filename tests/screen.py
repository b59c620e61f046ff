"""A screen of its own (Xvfb with a window manager) to run the real window on, and hands to use it with (xdotool)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType


class Screen:
    """Context manager around an X server that nobody looks at."""

    def __init__(self, width: int = 1280, height: int = 800) -> None:
        self._size = f"{width}x{height}x24"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.display = ""

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to appear here."""
        return {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def __enter__(self) -> Screen:
        read, write = os.pipe()
        server = subprocess.Popen(
            # Without -noreset the server begins anew when its last client goes, to the loss of whoever connects then.
            ["Xvfb", "-displayfd", str(write), "-screen", "0", self._size, "-nolisten", "tcp", "-noreset"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as pipe:
            # Xvfb writes the number of the display once it is ready, and an empty line never.
            self.display = f":{int(pipe.readline())}"
        self._processes.append(server)
        manager = subprocess.Popen(
            ["openbox"],
            env={**os.environ, "DISPLAY": self.display},
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self._processes.append(manager)
        while not self.xdotool("get_num_desktops"):
            # The window manager has not begun: a window that is opened now may be overlooked.
            if manager.poll() is not None:
                raise AssertionError("the window manager ended at once")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait()

    def xdotool(self, *arguments: str) -> str:
        """Run xdotool; what it prints. An empty text if it finds nothing."""
        result = subprocess.run(
            ["xdotool", *arguments], env={**os.environ, **self.environment}, capture_output=True, text=True, check=False
        )
        return result.stdout.strip()

    def wait_for_window(self, name: str, pid: int, seconds: float = 30) -> str:
        """The id of the visible window of this title and process."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.xdotool("search", "--onlyvisible", "--pid", str(pid), "--name", name)
            if found:
                return found.splitlines()[0]
            time.sleep(0.01)
        raise AssertionError(f"no window “{name}” appeared within {seconds} s")

    def screenshot(self, target: Path) -> None:
        """Save what is on the screen as a picture."""
        command = [sys.executable, "-c", _SAVE_SCREEN, str(target)]
        subprocess.run(command, env={**os.environ, **self.environment}, check=True, capture_output=True)


_SAVE_SCREEN = """
import sys
from PySide6.QtGui import QGuiApplication
application = QGuiApplication([])
assert application.primaryScreen().grabWindow(0).save(sys.argv[1])
"""

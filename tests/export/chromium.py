"""A page opened in headless Chromium, and what it asked for: by the browser's own protocol over a pipe.

Commands and events are JSON with a zero byte after each (--remote-debugging-pipe: file 3 is read, file 4 written).
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_PATIENCE = 60.0
_QUIET_SECONDS = 0.5
"""How long after its load a page has to ask for more."""


@dataclass
class Visit:
    """requests are addresses in their order; complaints what the browser's console says, such as a broken policy."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def visit(page: Path, profile: Path) -> Visit:
    """Open a file and listen until it has been quiet for a moment. profile is a folder for the browser."""
    assert BROWSER is not None
    commands, events = os.pipe(), os.pipe()
    command = f'exec "$@" 3<&{commands[0]} 4>&{events[1]}'
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
        "--remote-debugging-pipe",
        f"--user-data-dir={profile}",
    ]
    process = subprocess.Popen(
        ["bash", "-c", command, "chromium", BROWSER, *flags],
        pass_fds=[commands[0], events[1]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands[0])
    os.close(events[1])
    try:
        return _Session(commands[1], events[0]).visit(page.as_uri())
    finally:
        process.terminate()
        process.wait()
        os.close(commands[1])
        os.close(events[0])


class _Session:
    def __init__(self, commands: int, events: int) -> None:
        self._commands, self._events = commands, events
        self._buffer = b""
        self._number = 0
        self._visit = Visit()
        self._loaded = False

    def visit(self, address: str) -> Visit:
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Network", "Page", "Log"):
            self._call(f"{domain}.enable", {}, session)
        self._call("Page.navigate", {"url": address}, session)
        while not self._loaded:
            self._read(_PATIENCE)
        end = time.monotonic() + _QUIET_SECONDS
        while (left := end - time.monotonic()) > 0:
            self._read(left, required=False)
        return self._visit

    def _call(self, method: str, parameters: dict[str, Any], session: str = "") -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read(_PATIENCE)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _read(self, seconds: float, required: bool = True) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._events], [], [], max(0.0, end - time.monotonic()))
            data = os.read(self._events, 1 << 16) if ready else b""
            if not data:
                assert not required, "the browser says nothing"
                return {}
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        self._note(message)
        return message

    def _note(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case "Network.requestWillBeSent":
                self._visit.requests.append(message["params"]["request"]["url"])
            case "Log.entryAdded":
                self._visit.complaints.append(message["params"]["entry"]["text"])
            case "Page.loadEventFired":
                self._loaded = True

"""The application as a person has it: the real process on a real screen, used with keys, killed, started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.models import TINY
from tests.screen import Screen
from tests.services.test_safety import smash, with_many_pages

ROOT = Path(__file__).parents[2]
GREETING = "Hello! How can I help you today?"


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with Screen() as screen:
        yield screen


def _child_running(parent: psutil.Process, program: str) -> psutil.Process | None:
    """The child of a process that runs this program, if there is one by now."""
    for child in parent.children():
        with suppress(psutil.NoSuchProcess):
            if child.cmdline()[:1] == [program]:
                return child
    return None


_started: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def _no_window_is_left() -> Iterator[None]:
    """Where a test fails, its window must not take the keys of the next one's."""
    yield
    for process in _started:
        process.kill()
        process.wait()
    _started.clear()


class App:
    """A running window, seen from outside: its keys, its processes, its data folder."""

    def __init__(
        self,
        screen: Screen,
        data: Path,
        *arguments: str,
        before: tuple[str, ...] = (),
        module: str = "app",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._screen = screen
        self._data = data
        command = [*before, sys.executable, "-m", module, "--data-dir", str(data), *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **screen.environment, "PYTHONFAULTHANDLER": "1", **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        _started.append(self.process)
        window = psutil.Process(self.process.pid)
        if before:
            # strace also starts a child of its own, to try out what the system can do.
            window = self.wait(lambda: _child_running(window, sys.executable), "the traced program to start")
        self.pid = window.pid
        try:
            self.window = screen.wait_for_window("Inglenook", self.pid)
        except AssertionError as error:
            # Where it hangs is told by its own fault handler.
            self.process.send_signal(signal.SIGABRT)
            told = self.process.communicate(timeout=20)[0].decode()
            raise AssertionError(f"{error}; windows: {screen.xdotool('search', '--name', '.')!r}; {told}") from error
        screen.xdotool("windowfocus", "--sync", self.window)

    def type(self, text: str) -> None:
        self._screen.xdotool("type", "--delay", "2", text)

    def key(self, *keys: str) -> None:
        self._screen.xdotool("key", *keys)

    def conversations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self._read("list"))
        return found

    def messages(self) -> list[dict[str, Any]]:
        """Those of the newest conversation, as they are on the disk."""
        listing = self.conversations()
        found: list[dict[str, Any]] = json.loads(self._read("show", listing[0]["id"]))["messages"] if listing else []
        return found

    def wait_for_answers(self, count: int) -> list[dict[str, Any]]:
        def answered() -> list[dict[str, Any]]:
            answers = [m for m in self.messages() if m["role"] == "assistant" and m["status"] != "streaming"]
            return answers if len(answers) >= count else []

        found: list[dict[str, Any]] = self.wait(answered, f"{count} answers")
        return found

    def engine(self) -> psutil.Process:
        """The engine's process: the child that llama.cpp is loaded in."""

        def found() -> psutil.Process | None:
            for child in psutil.Process(self.pid).children(recursive=True):
                # Others, the one of a download say, end while they are looked at.
                with suppress(psutil.NoSuchProcess):
                    if any("libllama" in mapped.path for mapped in child.memory_maps()):
                        return child
            return None

        engine: psutil.Process = self.wait(found, "the engine")
        return engine

    def end(self) -> str:
        """Quit by key; what the program printed."""
        self.key("ctrl+q")
        try:
            return self.process.communicate(timeout=20)[0].decode()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def kill(self) -> None:
        children = psutil.Process(self.pid).children(recursive=True)
        self.process.kill()
        self.process.communicate()
        for child in children:
            child.wait(10)

    def _read(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "app", *arguments, "--json", "--data-dir", str(self._data)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 40) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.1)
        folder = Path(tempfile.gettempdir()) / "inglenook-failed-tests"
        folder.mkdir(exist_ok=True)
        self._screen.screenshot(folder / "whole.png")
        raise AssertionError(f"waited in vain for {what}")


def test_a_question_is_answered_and_still_there_after_the_window_was_closed(screen: Screen, tmp_path: Path) -> None:
    app = App(screen, tmp_path, "--model", str(TINY))
    app.type("Hello")
    app.key("Return")
    assert app.wait_for_answers(1)[0]["text"] == GREETING
    assert app.end() == ""
    assert app.process.returncode == 0
    again = App(screen, tmp_path)
    # Its title may be the model's own by now.
    assert len(again.conversations()) == 1
    again.type("Bonjour")
    again.key("Return")
    assert [a["text"] for a in again.wait_for_answers(1)][-1] == "Bonjour ! Comment puis-je vous aider ?"
    assert again.end() == ""


def test_a_first_run_gets_to_an_answer_by_keyboard_alone_with_the_trial_model(screen: Screen, tmp_path: Path) -> None:
    app = App(screen, tmp_path)
    # The recommended model, other models, a file, the trial model.
    app.key("Tab", "Tab", "Tab", "space")
    app.engine()
    time.sleep(2)
    app.type("What is the capital of France?")
    app.key("Return")
    time.sleep(3)
    app.key("Escape")
    assert app.wait_for_answers(1)[0]["text"]
    app.kill()
    again = App(screen, tmp_path)
    assert app.messages()[0]["text"] == "What is the capital of France?"
    again.engine()
    assert again.end() == ""


def test_a_killed_engine_leaves_the_window_and_the_next_message_works(screen: Screen, tmp_path: Path) -> None:
    app = App(screen, tmp_path, "--model", str(TINY))
    app.type("Hello")
    app.key("Return")
    app.wait_for_answers(1)
    app.engine().send_signal(signal.SIGKILL)
    time.sleep(1)
    assert app.process.poll() is None
    app.type("Bonjour")
    app.key("Return")
    assert app.wait_for_answers(2)[1]["text"] == "Bonjour ! Comment puis-je vous aider ?"
    assert app.end() == ""


def test_a_killed_window_loses_no_message_and_leaves_no_process(screen: Screen, tmp_path: Path) -> None:
    app = App(screen, tmp_path, "--model", str(TINY))
    app.engine()
    app.type("Count to 200")
    app.key("Return")
    time.sleep(0.3)
    app.kill()
    again = App(screen, tmp_path)
    question, answer = again.messages()
    assert question["text"] == "Count to 200"
    assert answer["status"] in ("interrupted", "complete")
    assert again.end() == ""


def test_no_process_of_the_application_opens_a_network_socket(screen: Screen, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    calls = "trace=socket,connect,bind,sendto,sendmsg"
    app = App(
        screen, tmp_path / "data", "--model", str(TINY), before=("strace", "-f", "-qq", "-e", calls, "-o", str(trace))
    )
    app.type("Hello")
    app.key("Return")
    assert app.wait_for_answers(1)[0]["text"] == GREETING
    app.end()
    lines = trace.read_text().splitlines()
    assert any("AF_UNIX" in line for line in lines), "the trace saw the X11 socket"
    assert [line for line in lines if "AF_INET" in line or "AF_NETLINK" in line] == []


def start_again(screen: Screen, data: Path, *arguments: str) -> tuple[int, str]:
    """A second start with the same data folder: its exit code, and what it printed."""
    command = [sys.executable, "-m", "app", "--data-dir", str(data), *arguments]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **screen.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout.decode()


def test_a_second_start_hands_over_its_model_and_ends(screen: Screen, tmp_path: Path) -> None:
    app = App(screen, tmp_path)
    screen.xdotool("windowminimize", "--sync", app.window)
    assert start_again(screen, tmp_path, "--model", str(TINY)) == (0, "")
    app.engine()
    assert screen.wait_for_window("Inglenook", app.pid), "it is on the screen again"
    app.kill()
    # The socket that the killed window left is no obstacle for the next one, nor for its second start.
    again = App(screen, tmp_path)
    assert start_again(screen, tmp_path) == (0, "")
    assert again.end() == ""


def test_a_damaged_history_is_repaired_at_the_start_by_keyboard(screen: Screen, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with_many_pages(data)
    smash(data / "chat.db")
    app = App(screen, data)
    time.sleep(2)
    app.key("Return")
    app.wait(lambda: list(data.glob("chat.db.broken-*")), "the damaged file to be set aside")
    time.sleep(1)
    app.key("Return")
    time.sleep(1)
    assert len(app.conversations()) >= 40
    app.end()
    assert app.process.returncode == 0

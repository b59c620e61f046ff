"""Files on the command line without a command, as a double click gives them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import COMMAND_NAMES, opening


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ([], []),
        (["lease.pdf"], ["--open", "lease.pdf"]),
        (["a.gguf", "b.txt"], ["--open", "a.gguf", "b.txt"]),
        (["--data-dir", "x.d", "a.gguf"], ["--data-dir", "x.d", "--open", "a.gguf"]),
        (["--model", "m.gguf"], ["--model", "m.gguf"]),
        (["--open", "a.gguf"], ["--open", "a.gguf"]),
        (["list", "a.gguf"], ["list", "a.gguf"]),
        (["--data-dir=x", "ask", "What is in a.txt?"], ["--data-dir=x", "ask", "What is in a.txt?"]),
        (["aks", "me"], ["aks", "me"]),
    ],
)
def test_files_are_told_from_commands(given: list[str], read: list[str]) -> None:
    assert opening(given) == read


def test_a_file_without_an_ending_is_one_if_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README").touch()
    assert opening(["README"]) == ["--open", "README"]
    assert opening(["READMY"]) == ["READMY"]


def test_a_name_that_begins_with_a_dash_is_no_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert opening(["--", "-x.pdf"]) == ["--open", str(tmp_path / "-x.pdf")]


def test_the_names_of_the_commands_are_those_of_the_commands() -> None:
    """They stand twice, so that the window need not load the commands."""
    from app.cli.commands import COMMANDS

    assert tuple(COMMANDS) == COMMAND_NAMES


def test_before_the_window_is_shown_nothing_is_loaded_that_it_does_not_need() -> None:
    look = "import sys, app.cli.main, app.ui.run; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split())
    late = {
        "app.core",
        "app.store.database",
        "sqlite_utils",
        "numpy",
        "llama_cpp",
        "tiktoken",
        "lxml",
        "huggingface_hub",
    }
    assert not loaded & late

"""Files on the command line without a command, as a double click gives them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.commands import COMMAND_NAMES
from app.cli.main import build_parser, main, opening


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


@pytest.mark.parametrize("name", COMMAND_NAMES)
def test_a_command_is_called_as_its_name_says(name: str) -> None:
    assert name in build_parser([name]).format_help()


def test_all_commands_are_named_where_one_is_asked_for_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["frobnicate"])
    said = capsys.readouterr().err
    assert all(name in said for name in COMMAND_NAMES)


def test_a_command_loads_no_other(tmp_path: Path) -> None:
    look = f"import sys; from app.cli import main; main(['list', '--data-dir', {str(tmp_path)!r}]); print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert not {"app.core", "app.cli.ask", "app.cli.library", "PySide6"} & set(result.stdout.split())


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

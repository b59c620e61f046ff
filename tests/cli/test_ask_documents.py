"""``ask --attach`` and ``--library``, in this process, so that the documents can be ones in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli import ask, main
from app.core import Core
from app.jobs import Post
from app.paths import Paths
from tests.models import TINY
from tests.services.documents import MemoryDocuments, MemorySource, give

QUESTION = "What do my documents say about warranty?"
TERMS = "The warranty lasts two years."

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def documents() -> MemoryDocuments:
    documents = MemoryDocuments()
    documents.libraries_by_name["papers"] = MemorySource({"terms.pdf": f"Contents\f{TERMS}", "garden.txt": "It opens."})
    return documents


@pytest.fixture
def run(
    documents: MemoryDocuments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ask:
    class CoreWithDocuments(Core):
        def __init__(self, paths: Paths, post: Post) -> None:
            super().__init__(paths, post)
            give(self, documents)

    monkeypatch.setattr(ask, "Core", CoreWithDocuments)

    def run(*arguments: object) -> tuple[int, str, str]:
        command = ["ask", *arguments, "--model", TINY, "--data-dir", tmp_path / "data", "--temperature", 0]
        code = main([str(argument) for argument in command])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_library_is_searched_and_cited(run: Ask) -> None:
    code, output, _ = run(QUESTION, "--library", "papers", "--json")
    assert code == 0
    told = events(output)
    steps = [event for event in told if event["event"] in ("tool_call", "tool_result")]
    assert [step["name"] for step in steps] == ["browser.search"] * 2 + ["browser.open"] * 2
    assert steps[1]["summary"] == "Searched “warranty”: 1 passage in 1 file"
    assert [event for event in told if event["event"] == "citation"] == [
        {
            "event": "citation",
            "number": 1,
            "mark": "【1†L0】",
            "file": "terms.pdf",
            "page": 1,
            "lines": [0, 0],
            "text": "Contents",
            "verified": True,
        }
    ]
    assert told[-1]["evidence"] == {"passages": 1, "files": 1, "of_files": 2}


def test_attached_files_go_with_the_question(run: Ask, tmp_path: Path) -> None:
    short, long = tmp_path / "short.txt", tmp_path / "long.txt"
    short.write_text("It opens in May.")
    long.write_text(TERMS)
    code, output, _ = run(QUESTION, "--attach", short, long)
    assert code == 0
    lines = ("Your documents mention warranty【1†L0】.", "", "【1†L0】 long.txt, line 0")
    assert output.splitlines() == [*lines, "Drawn from 1 passage in 1 of 2 files."]


def test_a_conversation_is_shown_with_its_sources(run: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conversation = events(run(QUESTION, "--library", "papers", "--json")[1])[-1]["conversation"]
    assert main(["show", conversation, "--data-dir", str(tmp_path / "data")]) == 0
    assert capsys.readouterr().out.endswith(
        "## Answer\n\nYour documents mention warranty[1].\n\n[1] terms.pdf, page 1, line 0\n"
    )
    main(["show", conversation, "--json", "--data-dir", str(tmp_path / "data")])
    parts = json.loads(capsys.readouterr().out)["messages"][-1]["parts"]
    assert parts[-1]["kind"] == "citation"
    assert parts[-1]["file"] == "terms.pdf"


def test_a_file_that_can_not_be_read_is_refused_in_a_sentence(run: Ask, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    code, output, error = run(QUESTION, "--attach", empty)
    assert (code, output) == (1, "")
    assert error == "inglenook: empty.txt can't be attached. This file is empty.\n"


def test_a_library_that_does_not_exist_is_refused_and_leaves_no_conversation(run: Ask, tmp_path: Path) -> None:
    code, _, error = run(QUESTION, "--library", "nothing")
    assert code == 1
    assert "There is no library “nothing”." in error
    core = Core(Paths(tmp_path / "data"), lambda task: task())
    assert core.chat.conversations() == []
    core.close()

"""``inglenook library`` as its user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bert_models import write_tiny
from tests.cli.test_commands import inglenook
from tests.documents.making import pdf, xlsx_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "bread.txt").write_text("Knead the dough.\nLet it rest for an hour.")
    (folder / "lease.pdf").write_bytes(pdf([[(72, 700, "The lease.")], [(72, 700, "The notice period is long.")]]))
    (folder / "empty.txt").touch()
    return folder


@pytest.fixture
def data(tmp_path: Path, folder: Path) -> Path:
    """A data folder with the library “Papers”."""
    result = inglenook("library", "create", "Papers", folder, data=tmp_path / "data")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "Papers: 3 files, 2 with text, 3 passages, 1 without\n"
    return tmp_path / "data"


def test_a_library_is_listed_and_tells_how_it_stands(data: Path, folder: Path) -> None:
    listed = inglenook("library", "list", data=data)
    assert listed.stdout == f"Papers: 3 files, 2 with text, 3 passages, 1 without\n  {folder}\n"
    status = inglenook("library", "status", "Papers", data=data)
    assert "The file is empty." in status.stdout
    found = json.loads(inglenook("library", "status", "Papers", "--json", data=data).stdout)
    assert found["counts"] == {"files": 3, "indexed": 2, "failed": 1, "waiting": 0, "passages": 3}
    assert {Path(file["path"]).name: file["status"] for file in found["files"]} == {
        "bread.txt": "indexed",
        "empty.txt": "empty",
        "lease.pdf": "indexed",
    }
    assert json.loads(inglenook("library", "list", "--json", data=data).stdout)[0]["folders"] == [str(folder)]


def test_names_of_files_do_not_steer_the_terminal(data: Path, folder: Path) -> None:
    name = "two\nlines \x1b[2J\u202egnp.txt"
    (folder / name).write_text("The notice period of two lines.")
    (folder / "hidden.xlsx").write_bytes(xlsx_file())
    inglenook("library", "rescan", "Papers", data=data)
    status = inglenook("library", "status", "Papers", data=data).stdout
    found = inglenook("library", "search", "Papers", "period of two lines", data=data).stdout
    for printed in (status, found):
        assert r"two\nlines \x1b[2J\u202egnp.txt" in printed
    assert "1 passage\n" in status
    assert "Hidden sheets were left out (Secret)." in status
    told = json.loads(inglenook("library", "status", "Papers", "--json", data=data).stdout)
    assert str(folder / name) in [file["path"] for file in told["files"]]


def test_passages_are_found_with_their_place(data: Path, folder: Path) -> None:
    result = inglenook("library", "search", "Papers", "notice period", "--json", data=data)
    (hit,) = json.loads(result.stdout)
    assert (hit["file"], hit["page"], hit["lines"]) == (str(folder / "lease.pdf"), 2, [2, 2])
    assert hit["text"] == "The notice period is long."
    assert hit["score"] > 0
    words = inglenook("library", "search", "Papers", "lease dough", "--limit", 1, data=data).stdout
    assert words.count("lines") == 1
    assert inglenook("library", "search", "Papers", "turbine", data=data).stdout == "Nothing was found.\n"
    assert json.loads(inglenook("library", "search", "Papers", "turbine", "--json", data=data).stdout) == []


def test_what_changed_is_read_by_a_rescan(data: Path, folder: Path) -> None:
    (folder / "new.txt").write_text("A turbine.")
    (folder / "lease.pdf").unlink()
    result = inglenook("library", "rescan", "Papers", data=data)
    assert result.stdout == "Papers: 3 files, 2 with text, 2 passages, 1 without\n"
    assert "new.txt" in inglenook("library", "search", "Papers", "turbine", data=data).stdout


def test_a_missing_folder_is_told_and_what_was_read_stays(data: Path, folder: Path) -> None:
    folder.rename(folder.with_name("away"))
    result = inglenook("library", "rescan", "Papers", data=data)
    assert result.returncode == 0
    assert "is missing" in result.stderr
    assert "lease.pdf" in inglenook("library", "search", "Papers", "notice period", data=data).stdout


def test_a_library_that_is_removed_is_gone(data: Path, folder: Path) -> None:
    assert inglenook("library", "remove", "Papers", data=data).returncode == 0
    assert inglenook("library", "list", "--json", data=data).stdout.strip() == "[]"
    assert (folder / "bread.txt").exists()


@pytest.mark.parametrize("action", [["status"], ["search", "x"], ["rescan"], ["remove"]])
def test_a_library_that_is_not_there_is_said_so(tmp_path: Path, action: list[str]) -> None:
    result = inglenook("library", action[0], "Nothing", *action[1:], data=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("inglenook: There is no library “Nothing”.")


def test_what_can_not_be_a_library_is_said_so(tmp_path: Path, folder: Path) -> None:
    result = inglenook("library", "create", "Papers", folder / "bread.txt", data=tmp_path)
    assert result.returncode == 1
    assert "is no folder" in result.stderr
    assert inglenook("library", "search", "Papers", "x", "--limit", "0", data=tmp_path).returncode == 2
    assert inglenook("library", data=tmp_path).returncode == 2


def test_passages_are_found_by_their_meaning_with_a_model(data: Path, folder: Path, tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "tiny-synonyms.gguf")
    (folder / "garage.txt").write_text("The automobile was defective.")
    assert inglenook("library", "rescan", "Papers", data=data).returncode == 0
    assert inglenook("library", "search", "Papers", "broken car", data=data).stdout == "Nothing was found.\n"
    chosen = inglenook("library", "meaning", model, data=data)
    assert (chosen.returncode, chosen.stderr) == (0, "")
    assert "with tiny-synonyms.gguf" in chosen.stdout
    assert "garage.txt" in inglenook("library", "search", "Papers", "broken car", data=data).stdout
    off = inglenook("library", "meaning", "off", data=data)
    assert "by their words" in off.stdout
    assert inglenook("library", "search", "Papers", "broken car", data=data).stdout == "Nothing was found.\n"
    refused = inglenook("library", "meaning", folder / "garage.txt", data=data)
    assert refused.returncode == 1
    assert "garage.txt" in refused.stderr

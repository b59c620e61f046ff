"""``inglenook export`` and ``inglenook import`` as their user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pypdfium2
import pytest

from app.cli import main
from app.domain.chat import Role, Text
from app.store.conversations import ConversationStore
from app.store.database import open_database
from tests.export.conversations import TALK, everything
from tests.export.test_chatgpt import FIXTURE

ROOT = Path(__file__).parents[2]
NAME = "A B & everything “at once”"


def inglenook(*arguments: object, data: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", *map(str, arguments), "--data-dir", str(data)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two conversations."""
    folder = tmp_path / "data"
    folder.mkdir()
    store = ConversationStore(open_database(folder / "chat.db"))
    store.insert_conversation(everything())
    store.create_conversation("Empty")
    store.close()
    return folder


@pytest.mark.parametrize(("form", "suffix"), [("markdown", "md"), ("docx", "docx")])
def test_a_conversation_is_written_in_a_format_and_not_twice(
    data: Path, tmp_path: Path, form: str, suffix: str
) -> None:
    file = tmp_path / f"talk.{suffix}"
    arguments = ("export", TALK[:8], "--format", form, "--output", file)
    assert inglenook(*arguments, data=data).stdout == f"{file}\n"
    written = file.read_bytes()
    refused = inglenook(*arguments, "--reasoning", data=data, code=1)
    assert refused.stderr == f"inglenook: {file} is there already. Choose another name, or ask for it to be replaced.\n"
    assert file.read_bytes() == written
    inglenook(*arguments, "--reasoning", "--branches", "--no-sources", "--force", data=data)
    assert file.read_bytes() != written


def test_pdfs_are_written_without_a_screen_and_without_a_word(data: Path, tmp_path: Path) -> None:
    result = inglenook("export", "--all", "--format", "pdf", "--output", tmp_path / "out", data=data)
    assert result.stderr == ""
    files = [Path(line) for line in result.stdout.splitlines()]
    assert sorted(file.name for file in files) == [f"{NAME}.pdf", "Empty.pdf"]
    pages = pypdfium2.PdfDocument(tmp_path / "out" / f"{NAME}.pdf")
    assert "Everything at once" in pages[0].get_textpage().get_text_bounded()


def test_all_conversations_go_into_a_folder_or_one_json_and_come_back(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    inglenook("export", "--all", "--format", "json", "--output", file, data=data)
    other = tmp_path / "other"
    assert inglenook("import", file, data=other).stdout == "2 conversations imported.\n"
    again = inglenook("import", file, "--json", data=other)
    report = json.loads(again.stdout)
    assert report["imported"] == []
    assert {known["title"] for known in report["known"]} == {everything().title, "Empty"}
    back = tmp_path / "back.json"
    inglenook("export", TALK, "--format", "json", "--output", back, data=other)
    (talk,) = json.loads(back.read_text())["conversations"]
    assert talk in json.loads(file.read_text())["conversations"]


def test_chatgpt_s_export_is_taken_in_and_what_is_wrong_said(data: Path) -> None:
    result = inglenook("import", FIXTURE, data=data)
    assert result.stdout == "2 conversations imported.\n"
    assert "inglenook: not imported: “A circle”: its messages form a circle.\n" in result.stderr
    assert "Sum of primes" in inglenook("list", data=data).stdout


def test_no_title_and_no_text_gives_the_terminal_orders(data: Path) -> None:
    with closing(ConversationStore(open_database(data / "chat.db"))) as store:
        talk = store.create_conversation("two\nlines \x1b[31m")
        store.add_message(talk.id, None, Role.ASSISTANT, (Text("\x1b]0;owned\x07 text\tand tab"),))
    assert "  two lines \ufffd[31m\n" in inglenook("list", data=data).stdout
    shown = inglenook("show", talk.id, data=data).stdout
    assert shown.startswith("# two lines \ufffd[31m\n")
    assert "\ufffd]0;owned\ufffd text\tand tab\n" in shown
    assert json.loads(inglenook("show", talk.id, "--json", data=data).stdout)["title"] == "two\nlines \x1b[31m"


def test_wrong_usage_and_wrong_files_are_sentences(data: Path, tmp_path: Path) -> None:
    for usage in ("export --format text", f"export {TALK} --all --format text", f"export {TALK} --format rtf"):
        with pytest.raises(SystemExit) as ended:
            main(usage.split())
        assert ended.value.code == 2
    bad = tmp_path / "bad.json"
    bad.write_text("[" * 50_000)
    for arguments in (["import", str(bad)], ["export", "ffff", "--format", "text"]):
        result = inglenook(*arguments, data=data, code=1)
        assert result.stderr.startswith("inglenook: ")
        assert result.stdout == ""
    nothing = inglenook("export", "--all", "--format", "text", data=tmp_path / "new", code=1)
    assert nothing.stderr == "inglenook: There are no conversations yet.\n"


def test_json_says_that_it_is_always_complete(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "talk.json"
    result = inglenook("export", TALK, "--format", "json", "--no-sources", "--output", file, data=data)
    assert result.stderr == "inglenook: JSON is always complete, so the sources are in it too.\n"
    assert '"citation"' in file.read_text()

"""``inglenook backups`` as a person types it."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

import pytest

from app.cli.main import main
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.lock import InstanceLock


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one conversation."""
    folder = tmp_path / "data"
    folder.mkdir()
    _add(folder, "First")
    return folder


def _add(data: Path, title: str) -> None:
    with closing(open_database(data / "chat.db")) as database:
        ConversationStore(database).create_conversation(title)


def _titles(data: Path) -> set[str]:
    with closing(open_database(data / "chat.db")) as database:
        return {talk.title for talk in ConversationStore(database).conversations()}


def _run(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str) -> tuple[int, str, str]:
    code = main(["--data-dir", str(data), "backups", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_backup_is_made_listed_and_restored(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, data, "list") == (0, "There are no backups yet.\n", "")
    made = json.loads(_run(capsys, data, "make", "--json")[1])
    assert made["kind"] == "manual"
    _add(data, "Second")
    [listed] = json.loads(_run(capsys, data, "list", "--json")[1])
    assert listed == made
    code, out, _ = _run(capsys, data, "restore", made["name"])
    assert code == 0
    assert "What was there is kept as chat-" in out
    assert _titles(data) == {"First"}
    names = [line.split()[0] for line in _run(capsys, data, "list")[1].splitlines()]
    assert len(names) == 2
    restored = json.loads(_run(capsys, data, "restore", names[0], "--json")[1])
    assert restored["restored"] == names[0]
    assert _titles(data) == {"First", "Second"}


def test_an_unknown_backup_is_a_sentence_and_exit_code_1(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = _run(capsys, data, "restore", "yesterday")
    assert (code, out) == (1, "")
    assert errors == "inglenook: There is no backup “yesterday”. List the backups to see their names.\n"


def test_nothing_is_backed_up_where_there_is_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, errors = _run(capsys, tmp_path / "new", "make")
    assert code == 1
    assert "no conversations to back up" in errors
    assert not (tmp_path / "new" / "chat.db").exists()


def test_the_file_is_not_replaced_under_an_open_window(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(_run(capsys, data, "make", "--json")[1])
    window = InstanceLock(data)
    window.acquire()
    for arguments in (("restore", made["name"]), ("rescue",)):
        code, _, errors = _run(capsys, data, *arguments)
        assert code == 1
        assert "Close its window" in errors
    window.release()


def test_a_second_window_is_refused_in_a_sentence(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    window = InstanceLock(data)
    window.acquire()
    assert main(["--data-dir", str(data)]) == 1
    assert f"already open with these conversations (process {os.getpid()})" in capsys.readouterr().err
    window.release()


def test_a_damaged_history_is_refused_with_the_way_out_and_rescued(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray((data / "chat.db").read_bytes())
    content[100:4096] = b"\xa5" * 3996
    (data / "chat.db").write_bytes(content)
    assert main(["--data-dir", str(data), "list"]) == 1
    assert "inglenook backups rescue" in capsys.readouterr().err
    code, out, _ = _run(capsys, data, "rescue")
    assert code == 0
    assert "The damaged file is kept as chat.db.broken-" in out
    assert _titles(data) == {"First"}
    assert "nothing to rescue" in _run(capsys, data, "rescue")[2]


def test_a_rescue_can_be_read_by_a_program(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "chat.db").write_bytes((data / "chat.db").read_bytes()[:-4096])
    result = json.loads(_run(capsys, data, "rescue", "--json")[1])
    assert result["pages"] > 0
    assert Path(result["set_aside"]).exists()

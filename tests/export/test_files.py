"""Names of files, and files that appear whole or not at all."""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import TransferError
from app.export.file_names import file_name, name_key
from app.export.files import write_file


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Holiday plans", "Holiday plans.md"),
        ("a/b\\c: d?", "a b c d.md"),
        ("../../etc/passwd", "etc passwd.md"),
        ("C:\\Windows\\x", "C Windows x.md"),
        ("con", "_con.md"),
        ("CON.x", "_CON.x.md"),
        ("Lpt¹", "_Lpt¹.md"),
        ("console", "console.md"),
        ("", "Conversation.md"),
        (" ... ", "Conversation.md"),
        ("-rf", "rf.md"),
        (".hidden", "hidden.md"),
        ("ends with a dot.", "ends with a dot.md"),
        ("line\nbreak\ttab\x00", "line break tab.md"),
        ("invoice\u202egpj.exe", "invoicegpj.exe.md"),
        ("e\u0301te\u0301", "été.md"),
        ("日本語 🎉", "日本語 🎉.md"),
    ],
)
def test_a_title_becomes_a_name_for_every_system(title: str, name: str) -> None:
    assert file_name(title, ".md") == name


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_title_becomes_one_plain_name(title: str) -> None:
    name = file_name(title, ".html")
    assert len(name.encode()) <= 200
    assert Path(name).name == name == PureWindowsPath(name).name
    assert not PureWindowsPath(name).is_reserved()
    assert name.endswith(".html")
    assert name.strip(" .") == name
    assert not any(unicodedata.category(char) == "Cc" for char in name)


def test_a_long_title_is_not_cut_within_a_character() -> None:
    name = file_name("e\u0308" * 10 + "x\u0323\u0302" * 200, ".md")
    assert unicodedata.category(name.removesuffix(".md")[-1]).startswith("M") or name[-4] == "x"
    assert len(name.encode()) < 170


def test_names_in_one_folder_differ_also_where_case_counts_for_nothing() -> None:
    taken: set[str] = set()
    names = []
    for title in ("Plan", "plan", "PLAN", "Plan (2)", "Straße", "STRASSE"):
        name = file_name(title, ".md", taken)
        taken.add(name_key(name))
        names.append(name)
    assert len({name_key(name) for name in names}) == len(names)
    assert names[:3] == ["Plan.md", "plan (2).md", "PLAN (3).md"]


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_file(tmp_path / "a.md", [b"one ", b"two"])
    assert (tmp_path / "a.md").read_bytes() == b"one two"
    assert names_in(tmp_path) == ["a.md"]


def test_a_file_that_is_there_is_not_overwritten_unasked(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    target.write_text("mine")
    with pytest.raises(TransferError, match="is there already"):
        write_file(target, [b"x"])
    assert target.read_text() == "mine"
    write_file(target, [b"x"], overwrite=True)
    assert target.read_text() == "x"


def test_a_file_that_appears_while_another_is_written_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "a.md"

    def pieces() -> Iterator[bytes]:
        yield b"ours"
        target.write_text("theirs")

    with pytest.raises(TransferError, match="is there already"):
        write_file(target, pieces())
    assert target.read_text() == "theirs"
    assert names_in(tmp_path) == ["a.md"]


def test_what_goes_wrong_on_the_way_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    target.write_text("mine")

    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise KeyError

    with pytest.raises(KeyError):
        write_file(target, pieces(), overwrite=True)
    assert target.read_text() == "mine"
    assert names_in(tmp_path) == ["a.md"]


def test_a_replaced_file_keeps_who_may_read_it(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    target.write_text("mine")
    target.chmod(0o600)
    write_file(target, [b"x"], overwrite=True)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_or_a_folder_in_the_file_s_place_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="can't be written"):
        write_file(tmp_path / "none" / "a.md", [b"x"])
    (tmp_path / "folder").mkdir()
    with pytest.raises(TransferError, match="can't be written"):
        write_file(tmp_path / "folder", [b"x"], overwrite=True)
    assert names_in(tmp_path) == ["folder"]

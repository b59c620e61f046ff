"""Files to import: whole, cut, hostile."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import TransferError
from app.export.json_stream import JsonStream, JsonStreamError
from app.export.lossless import to_json_pieces
from app.export.reading import Found, Unread, read_conversations
from tests.export.conversations import conversation, everything
from tests.export.test_chatgpt import FIXTURE


def read(path: Path) -> list[Found | Unread]:
    return list(read_conversations(path))


def file_of(folder: Path, content: bytes | str | Any, name: str = "talks.json") -> Path:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def own() -> str:
    return "".join(to_json_pieces([everything(), conversation()]))


def refusal(path: Path) -> str:
    with pytest.raises(TransferError) as caught:
        read(path)
    return str(caught.value)


def test_own_files_are_read_whatever_the_order_of_their_members(tmp_path: Path) -> None:
    expected = [Found(everything()), Found(conversation())]
    assert read(file_of(tmp_path, own())) == expected
    fields = json.loads(own())
    for order in (["conversations", "format", "version"], ["version", "other", "conversations", "format"]):
        assert read(file_of(tmp_path, {name: fields.get(name) for name in order})) == expected
    assert read(file_of(tmp_path, b"\xef\xbb\xbf" + own().encode())) == expected
    assert read(file_of(tmp_path, json.dumps(fields, indent=4))) == expected


def test_chatgpt_s_file_is_read_and_what_is_wrong_in_it_listed(tmp_path: Path) -> None:
    items = read(FIXTURE)
    assert [item.conversation.title for item in items if isinstance(item, Found)] == ["Sum of primes", "Picture"]
    assert [item for item in items if isinstance(item, Unread)] == [
        Unread("Nothing in it", "there is no message in it that could be shown"),
        Unread("A circle", "its messages form a circle"),
    ]
    (one,) = read(file_of(tmp_path, json.loads(FIXTURE.read_text())[0]))
    assert isinstance(one, Found)


def test_chatgpt_s_zip_is_read_in_all_its_parts(tmp_path: Path) -> None:
    talks = json.loads(FIXTURE.read_text())
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("data/conversations-001.json", json.dumps(talks[1:]))
        archive.writestr("data/conversations-000.json", json.dumps(talks[:1]))
        archive.writestr("shared_conversations.json", "[]")
        archive.writestr("__MACOSX/conversations.json", "garbage")
    titles = [item.conversation.title for item in read(path) if isinstance(item, Found)]
    assert titles == ["Sum of primes", "Picture"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is empty"),
        ("   \n", "it is empty"),
        ("hello", "it is no proper JSON"),
        ("{", "it ends in the middle"),
        ("[", "it ends in the middle"),
        ('{"format": "inglenook-conversations"', "it ends in the middle"),
        ("{'a': 1}", "it is no proper JSON"),
        ('{"a": 1}', "it has no conversations of Inglenook or ChatGPT"),
        ("7", "it is no proper JSON"),
        ('{"format": "inglenook-conversations", "version": 2, "conversations": []}', "by a newer version of Inglenook"),
        ('{"format": "inglenook-conversations", "version": "1", "conversations": []}', "it has no conversations"),
        ('{"format": "inglenook-conversations", "version": 1}', "it has no conversations"),
        ('{"format": "inglenook-conversations", "version": 1, "conversations": {}}', "it is no proper JSON"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"a":' * 100_000, "it is nested too deeply"),
        ("[" + "9" * 10_000 + "]", "it has a number that can't be read"),
        ("[NaN]", "it has a number that can't be read"),
        (b"[\xff\xfe\xfd]", "it is no text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "it is no text in UTF-8"),
    ],
)
def test_what_is_no_file_of_conversations_is_a_sentence(tmp_path: Path, content: bytes | str, reason: str) -> None:
    sentence = refusal(file_of(tmp_path, content))
    assert reason in sentence
    assert "talks.json" in sentence


def test_a_file_that_is_cut_gives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    cut = own()[: own().rindex('"title"')]
    assert read(file_of(tmp_path, cut)) == [
        Found(everything()),
        Unread("", "the rest of the file is missing or damaged: it ends in the middle"),
    ]


def test_one_conversation_that_is_wrong_does_not_keep_the_others_out(tmp_path: Path) -> None:
    fields = json.loads(own())
    fields["conversations"].insert(0, {"title": "Broken\nby hand", "id": 7})
    fields["conversations"].insert(0, "text")
    items = read(file_of(tmp_path, fields))
    assert items[:2] == [
        Unread("Conversation 1 of the file", "the conversation is no object"),
        Unread("Broken by hand", "“id” of the conversation is no text"),
    ]
    assert len(items) == 4


def test_a_file_of_endless_nonsense_comes_to_an_end(tmp_path: Path) -> None:
    items = read(file_of(tmp_path, "[" + "{}," * 200_000 + "{}]"))
    assert len(items) == 1001
    assert items[-1] == Unread("", "so much of the file can't be read that the rest was left out")


def test_a_conversation_that_is_far_too_large_is_refused_before_memory_is_full(tmp_path: Path) -> None:
    assert "a conversation that is too large" in refusal(file_of(tmp_path, '["' + "x" * (65 << 20) + '"]'))


def zip_of(path: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


def test_zip_files_that_are_no_export_are_a_sentence(tmp_path: Path) -> None:
    assert "no conversations in this zip file" in refusal(zip_of(tmp_path / "a.zip", "x.json", b"[]"))
    damaged = zip_of(tmp_path / "b.zip", "conversations.json", FIXTURE.read_bytes())
    content = bytearray(damaged.read_bytes())
    content[60:400] = bytes(340)
    damaged.write_bytes(content)
    assert "it is damaged" in refusal(damaged)
    locked = zip_of(tmp_path / "c.zip", "conversations.json", b"[]")
    content = bytearray(locked.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 8 : place + 10] = struct.pack("<H", 1)
    locked.write_bytes(content)
    assert "has a password" in refusal(locked)


def test_a_zip_bomb_is_refused_quickly(tmp_path: Path) -> None:
    nested = zip_of(tmp_path / "a.zip", "conversations.json", b"[" * (80 << 20))
    assert nested.stat().st_size < 1 << 20
    assert "nested too deeply" in refusal(nested)
    text = zip_of(tmp_path / "b.zip", "conversations.json", b'["' + b"a" * (80 << 20))
    assert "too large" in refusal(text)


def test_one_file_of_a_zip_that_is_broken_does_not_keep_the_others_out(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    talks = json.loads(FIXTURE.read_text())
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations-000.json", json.dumps(talks[:1]))
        archive.writestr("conversations-001.json", '[{"title": "cut')
        archive.writestr("conversations-002.json", json.dumps(talks[1:2]))
    items = read(path)
    assert [item.conversation.title for item in items if isinstance(item, Found)] == ["Sum of primes", "Picture"]
    assert [item for item in items if isinstance(item, Unread)] == [
        Unread("conversations-001.json", "it ends in the middle")
    ]


def test_a_zip_file_that_is_cut_is_called_damaged(tmp_path: Path) -> None:
    whole = zip_of(tmp_path / "a.zip", "conversations.json", FIXTURE.read_bytes())
    whole.write_bytes(whole.read_bytes()[:300])
    assert "is a damaged zip file" in refusal(whole)


def test_folders_and_missing_files_are_a_sentence(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)
    assert "can't be read" in refusal(tmp_path / "missing.json")


class _Pieces:
    """Gives text in pieces of a given size, whatever is asked for."""

    def __init__(self, text: str, size: int) -> None:
        self._text, self._size = text, size

    def read(self, size: int, /) -> str:
        piece, self._text = self._text[: self._size], self._text[self._size :]
        return piece


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(json_values, max_size=5), st.integers(1, 9), st.sampled_from([None, 1]))
def test_a_list_in_pieces_is_the_list(values: list[Any], size: int, indent: int | None) -> None:
    text = json.dumps(values, indent=indent)
    assert list(JsonStream(_Pieces(text, size), 1000).elements()) == values


@settings(deadline=None)
@given(st.lists(json_values, min_size=1, max_size=4), st.integers(1, 9), st.data())
def test_a_list_that_is_cut_gives_its_beginning(values: list[Any], size: int, data: st.DataObject) -> None:
    text = json.dumps(values)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    stream = JsonStream(_Pieces(cut, size), 1000)
    read_values: list[Any] = []
    with pytest.raises(JsonStreamError):
        read_values.extend(stream.elements())
    # A number that is cut is a number.
    assert read_values[:-1] == values[: len(read_values)][:-1]

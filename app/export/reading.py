"""Conversations out of a file: Inglenook's own JSON, or ChatGPT's export as JSON or zip.

Nothing in a file is trusted: it is read piece by piece with limits, and one conversation that can't be read does not
keep the others out.
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from app import APP_NAME
from app.domain.chat import Conversation
from app.errors import TransferError
from app.export.chatgpt import conversation_from_chatgpt, is_chatgpt
from app.export.fields import UnreadableError
from app.export.json_stream import JsonStream, JsonStreamError, Readable
from app.export.lossless import FORMAT, VERSION, conversation_from_json
from app.markup import printable

_LARGEST_CONVERSATION = 32 << 20
"""Characters; ten times of what the longest conversations take, and what memory is safe with."""
_LARGEST_FILE = 2 << 30
_MOST_UNREAD = 1000
_IN_ZIP = re.compile(r"(?:.*/)?conversations(?:[-_]\d+)?\.json", re.IGNORECASE)
_LONGEST_TITLE = 80
_BEGINNING = 64 << 10
_CONVERSATIONS = re.compile(rb'"format"\s*:\s*"%b"|"mapping"\s*:\s*\{' % re.escape(FORMAT).encode())

_Opener = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation that was read, whole; problems are what of it was left out, if anything."""

    conversation: Conversation
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read: the conversation's title, as far as known, and the reason.

    partly tells that the rest of the conversation could be.
    """

    title: str
    reason: str
    partly: bool = False


def read_conversations(path: Path) -> Iterator[Found | Unread]:
    """Read a file, conversation by conversation. Raises TransferError if it is no file of conversations."""
    with _sentences(path), ExitStack() as stack:
        if path.is_dir():
            raise TransferError(f"{path.name} is a folder.", "Choose the file or the zip file in it.")
        if zipfile.is_zipfile(path):
            archive = stack.enter_context(zipfile.ZipFile(path))
            members = _members(archive)
            openers = {info.filename: _opener(partial(archive.open, info)) for info in members}
        else:
            _refuse_cut_zip(path)
            openers = {path.name: _opener(partial(path.open, "rb"))}
        unread = 0
        for name, opener in openers.items():
            for item in _Reader(opener).items() if len(openers) == 1 else _one_of_several(name, opener):
                yield item
                unread += isinstance(item, Unread)
                if unread >= _MOST_UNREAD:
                    yield Unread("", "so much of the file can't be read that the rest was left out")
                    return


def holds_conversations(path: Path) -> bool:
    """Whether a file looks like one for read_conversations(), by its name and its beginning. Raises nothing."""
    suffix = path.suffix.lower()
    if suffix not in {".json", ".zip"} or not path.is_file():
        return False
    try:
        if suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                return bool(_members(archive))
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except (OSError, zipfile.BadZipFile, NotImplementedError, TransferError):
        return False
    return _CONVERSATIONS.search(beginning) is not None


def _refuse_cut_zip(path: Path) -> None:
    """Raise BadZipFile if it begins like a zip file: its list of contents, at its end, is missing."""
    with path.open("rb") as file:
        if file.read(4) == b"PK\x03\x04":
            raise zipfile.BadZipFile("its end is missing")


def _one_of_several(name: str, opener: _Opener) -> Iterator[Found | Unread]:
    """Read a file beside which there are others: that it is broken does not keep these out."""
    try:
        yield from _Reader(opener).items()
    except JsonStreamError as error:
        yield Unread(name, f"it {error}")
    except (zipfile.BadZipFile, NotImplementedError):
        yield Unread(name, "it is damaged")


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    infos = [
        info
        for info in archive.infolist()
        if _IN_ZIP.fullmatch(info.filename) and not info.filename.startswith("__MACOSX/")
    ]
    if not infos:
        raise TransferError(
            "There are no conversations in this zip file.", "Choose the zip file that ChatGPT's data export gave you."
        )
    if any(info.flag_bits & 1 for info in infos):
        raise TransferError("This zip file has a password.", "Unpack it, and import the file in it.")
    return sorted(infos, key=lambda info: info.filename)


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a file into sentences."""
    try:
        yield
    except JsonStreamError as error:
        raise _not_ours(path, str(error)) from error
    except OSError as error:
        raise TransferError(f"{path} can't be read ({error.strerror or error}).", "Choose another file.") from error
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise TransferError(f"{path.name} is a damaged zip file.", "Get it anew.", str(error)) from error


def _not_ours(path: Path, why: str) -> TransferError:
    return TransferError(
        f"{path.name} can't be imported: it {why}.",
        f"Choose a JSON file that {APP_NAME} wrote, or ChatGPT's data export.",
    )


class _Limited:
    """Text of a file, decoded as it is read, and no more of it than there should be."""

    def __init__(self, file: io.TextIOBase) -> None:
        self._file = file
        self._left = _LARGEST_FILE

    def read(self, size: int, /) -> str:
        try:
            text = self._file.read(size)
        except UnicodeDecodeError:
            raise JsonStreamError("is no text in UTF-8") from None
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise JsonStreamError("is damaged") from error
        self._left -= len(text)
        if self._left < 0:
            raise JsonStreamError("is too large")
        return text


def _opener(open_bytes: Callable[[], Any]) -> _Opener:
    @contextmanager
    def opened() -> Iterator[Readable]:
        # A byte order mark is no part of the text.
        with open_bytes() as file, io.TextIOWrapper(file, encoding="utf-8-sig") as text:
            yield _Limited(text)

    return opened


class _Reader:
    """Reads one file. It is opened twice if what says its version stands behind the conversations."""

    def __init__(self, opener: _Opener) -> None:
        self._opener = opener

    def items(self) -> Iterator[Found | Unread]:
        with self._opener() as source:
            stream = JsonStream(source, _LARGEST_CONVERSATION)
            if stream.peek() == "[":
                yield from self._until_broken(stream.elements(), _from_chatgpt)
                return
            if stream.peek() != "{":
                raise JsonStreamError("is no proper JSON" if stream.peek() else "is empty")
            members = self._envelope(stream)
        if "mapping" in members:
            yield _from_chatgpt(members)
            return
        _check_envelope(members)
        with self._opener() as source:
            stream = JsonStream(source, _LARGEST_CONVERSATION)
            for name in stream.members():
                if name == "conversations":
                    yield from self._until_broken(stream.elements(), _from_own)
                    return
                stream.value()

    def _envelope(self, stream: JsonStream) -> dict[str, Any]:
        """Read what stands around the conversations, and of them nothing."""
        members: dict[str, Any] = {}
        for name in stream.members():
            if name != "conversations":
                members[name] = stream.value()
                continue
            members[name] = None
            if {"format", "version"} <= members.keys():
                break
            for _ in stream.elements():
                pass
        return members

    def _until_broken(
        self, elements: Iterator[Any], read: Callable[[object], Found | Unread]
    ) -> Iterator[Found | Unread]:
        """Give what can be read of a file that is broken further on. One broken from the start is an error."""
        for count in itertools.count(1):
            try:
                element = next(elements, _END)
            except JsonStreamError as error:
                if count == 1:
                    raise
                yield Unread("", f"the rest of the file is missing or damaged: it {error}")
                return
            if element is _END:
                return
            item = read(element)
            if isinstance(item, Unread) and not item.title:
                item = Unread(f"Conversation {count} of the file", item.reason)
            yield item


_END = object()


def _check_envelope(members: dict[str, Any]) -> None:
    version = members.get("version")
    if members.get("format") != FORMAT or "conversations" not in members or not isinstance(version, int):
        raise JsonStreamError(f"has no conversations of {APP_NAME} or ChatGPT")
    if version > VERSION:
        raise JsonStreamError(f"was written by a newer version of {APP_NAME}")


def _from_own(value: object) -> Found | Unread:
    try:
        return Found(conversation_from_json(value))
    except UnreadableError as error:
        return Unread(_title(value), str(error))


def _from_chatgpt(value: object) -> Found | Unread:
    if not is_chatgpt(value):
        return Unread(_title(value), "it is no conversation of ChatGPT’s")
    try:
        conversation, problems = conversation_from_chatgpt(value)
    except UnreadableError as error:
        return Unread(_title(value), str(error))
    return Found(conversation, problems)


def _title(value: object) -> str:
    title = value.get("title") if isinstance(value, dict) else None
    return " ".join(printable(title).split())[:_LONGEST_TITLE] if isinstance(title, str) else ""

"""The reading process: one file, then the end. It loads what the file's kind needs, closes itself, reads, answers."""

from __future__ import annotations

import codecs
import gc
import json
import os
import pkgutil
import signal
import sys
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import Any

from app.documents import sandbox, wire
from app.documents.builder import DocumentBuilder, LimitReachedError
from app.documents.formats import EXTRACTORS
from app.documents.limits import Limits, UnreadableError
from app.documents.source import Source
from app.domain.documents import DocumentKind, FileStatus, ReadResult
from app.process_name import name_process

# cp437 is for the names in zip archives, the last for the headers of mail: the email package goes through it.
_ALWAYS_NEEDED = (
    *("utf_8", "utf_16", "utf_16_le", "utf_16_be", "latin_1", "ascii", "cp1252", "cp437", "raw_unicode_escape"),
)
# Kinds whose texts come in whatever encoding; the others are binary, or XML, whose encodings libxml2 knows.
_IN_ANY_ENCODING = frozenset(
    {
        DocumentKind.EPUB,
        DocumentKind.RTF,
        DocumentKind.HTML,
        DocumentKind.MARKDOWN,
        DocumentKind.TEXT,
        DocumentKind.CODE,
        DocumentKind.TABLE,
        DocumentKind.JSON,
        DocumentKind.MAIL,
    }
)
PASSES_DESCRIPTORS = sys.platform != "win32"
"""Whether the open file itself can be handed over. On Windows its path is, and the process opens it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to read. path is empty where the descriptor comes after the request."""

    kind: DocumentKind
    name: str
    size: int
    limits: Limits
    path: str = ""

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Request:
        raw: dict[str, Any] = json.loads(data)
        return cls(DocumentKind(raw["kind"]), raw["name"], raw["size"], Limits(**raw["limits"]), raw["path"])


def serve(connection: Connection, likely: DocumentKind) -> None:
    """Main function of the process: prepare for the kind of file that is likely to come, read one file, answer, end.

    Ends, too, when the other end of the pipe is gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    name_process("reader")
    _be_silent()
    sandbox.be_modest()
    # A document is hundreds of thousands of small values without cycles, and the process ends with it.
    gc.disable()
    load(likely)
    try:
        request = Request.from_json(connection.recv_bytes())
        descriptor = (
            recv_handle(connection) if PASSES_DESCRIPTORS else os.open(request.path, os.O_RDONLY | _binary_flag())
        )
        connection.send_bytes(_answer(request, descriptor))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    finally:
        # Past all exit handlers: whatever libraries want to do at an end, the answer is given.
        os._exit(0)


def _answer(request: Request, descriptor: int) -> bytes:
    extract = load(request.kind)
    with os.fdopen(descriptor, "rb") as file:
        source = Source.of(file, request.size, request.name)
        if request.kind is DocumentKind.PDF:
            source = pkgutil.resolve_name("app.documents.pdf_twin:start_twin")(source, request.limits)
        unguarded = sandbox.close(request.limits, request.size)
        try:
            result = _read(extract, source, request)
            return wire.encode(_with(result, unguarded))
        except MemoryError:
            return wire.encode(ReadResult(FileStatus.OUT_OF_MEMORY, OUT_OF_MEMORY, unguarded=unguarded))


OUT_OF_MEMORY = "Reading this file takes more memory than it may."


def _read(extract: Any, source: Source, request: Request) -> ReadResult:
    """Run the extractor. Whatever it stumbles over is the file's fault: this is the border."""
    builder = DocumentBuilder(request.limits)
    try:
        extract(source, builder)
    except LimitReachedError:
        pass
    except UnreadableError as error:
        if builder.is_empty or error.status is not FileStatus.DAMAGED:
            return ReadResult(error.status, error.reason)
        # The beginning of a damaged file is worth having.
        builder.notes.append(f"Only a part could be read. {error.reason}")
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - libraries fail in their own ways over broken files
        if builder.is_empty:
            return ReadResult(FileStatus.DAMAGED, "The file is damaged and can't be read.")
        builder.notes.append("Only a part could be read: the file is damaged.")
    document = builder.build(request.kind)
    if not document.text.strip():
        return ReadResult(FileStatus.NO_TEXT, "There is no text in this file.")
    return ReadResult(FileStatus.READ, " ".join(builder.notes), document)


def _with(result: ReadResult, unguarded: tuple[str, ...]) -> ReadResult:
    return ReadResult(result.status, result.reason[:400], result.document, unguarded=unguarded)


def load(kind: DocumentKind) -> Any:
    """The extractor of this kind, with every module and codec that it may want later."""
    extract = pkgutil.resolve_name(EXTRACTORS[kind])
    for name in _ALWAYS_NEEDED:
        codecs.lookup(name)
    if kind in _IN_ANY_ENCODING:
        pkgutil.resolve_name("app.documents.encoding:preload")()
    return extract


def _be_silent() -> None:
    """What native code prints about a broken file helps nobody."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)


def _binary_flag() -> int:
    return int(getattr(os, "O_BINARY", 0))

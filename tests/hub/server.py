"""A hub on this computer that behaves as badly as it is told to."""

from __future__ import annotations

import hashlib
import random
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.domain.catalogue import CatalogueEntry, HubFile, Purpose
from app.hub.messages import Patience

if sys.platform == "linux":
    import fcntl

COMMIT = "0123456789abcdef0123456789abcdef01234567"
QUICK = Patience(attempts=8, first_pause=0.01, longest_pause=0.05, stall_seconds=0.5, longest_wait=5.0)
_PIECE, _LINE_PIECE = 16 << 10, 64 << 10
# Linux's SIOCOUTQNSD: how much waits in the send buffer because the other end has no room for it.
_NOT_SENT = 0x894B
_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass(frozen=True)
class Fault:
    """How one request is answered. at is the offset in the body where things go wrong.

    kind: drop, stall, wrong_bytes, no_range, etag, etag_and_bytes, 416, status (with number), redirect, loop, long,
    short, garbled_range, coded, crawl, evil (to another host), insecure.
    """

    kind: str
    at: int = 0
    number: int = 0
    headers: dict[str, str] = field(default_factory=dict)


Plan = Callable[[str, int], Fault | None]
"""Gives the fault for a request: its method, and which one of the GET requests it is."""


@dataclass(frozen=True)
class _Sending:
    """A body on its way. The client can't use its first bytes, as many as again; from wrong on it is damaged."""

    name: str
    body: memoryview
    again: int
    wrong: int


class LocalHub:
    """files by name. sent counts bytes of bodies, spoiled those that a client could not use by the server's fault.

    What waits in this computer's send buffers when a client dies never went over the line and is not counted; what the
    client's system has received is, whether the client read it or not.
    """

    def __init__(self, files: dict[str, bytes], plan: Plan = lambda method, count: None) -> None:
        self.files = dict(files)
        self.plan = plan
        self.sent = self.spoiled = self.gets = 0
        self.heads = 0
        # Bodies that are on their way.
        self.sending = 0
        self.tokens: list[tuple[str, str | None]] = []
        self.linked_etag = True
        # Seconds between pieces of a body, so that something can happen meanwhile; or a line's bytes a second.
        self.pause = 0.0
        self.rate = 0.0
        self.redirect_to: str | None = None
        self._lock = threading.Lock()
        self._digests: dict[bytes, str] = {}
        # By name: bytes since the file was last begun, whether wrong ones are among them, and where the client stood
        # when it was last refused a part.
        self._usable: dict[str, int] = {}
        self._poisoned: set[str] = set()
        self._refused: dict[str, int] = {}
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                pass

            def do_HEAD(self) -> None:
                hub.head(self)

            def do_GET(self) -> None:
                with suppress(ConnectionError):
                    hub.get(self)

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        # The server's handlers refer to this: nothing large must wait for the garbage collector.
        self.files.clear()
        self._digests.clear()

    def head(self, handler: BaseHTTPRequestHandler) -> None:
        self.heads += 1
        self.tokens.append((handler.command, handler.headers.get("Authorization")))
        fault = self.plan("HEAD", self.heads)
        data = self._data(handler)
        if fault is not None and fault.kind == "status":
            return self._plain(handler, fault.number, fault.headers)
        if data is None:
            return self._plain(handler, 404, {"X-Error-Code": "EntryNotFound"})
        digest = self._digest(data)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("ETag", f'"{digest[:32]}"')
        handler.send_header("X-Repo-Commit", COMMIT)
        if self.linked_etag:
            handler.send_header("X-Linked-Etag", f'"{digest}"')
            handler.send_header("X-Linked-Size", str(len(data)))
        handler.end_headers()
        return None

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.gets += 1
            count = self.gets
        self.tokens.append((handler.command, handler.headers.get("Authorization")))
        data = self._data(handler)
        if data is None:
            return self._plain(handler, 404)
        if self.redirect_to is not None and not handler.path.startswith("/cdn/"):
            return self._plain(handler, 302, {"Location": f"{self.redirect_to}/cdn{handler.path}"})
        fault = self.plan("GET", count) or Fault("none")
        match fault.kind:
            case "status" | "evil" | "insecure":
                return self._plain(handler, fault.number, fault.headers)
            case "redirect" if not handler.path.startswith("/cdn/"):
                return self._plain(handler, 302, {"Location": "/cdn" + handler.path})
            case "loop":
                return self._plain(handler, 302, {"Location": handler.path})
        return self._send(handler, data, fault)

    def _send(self, handler: BaseHTTPRequestHandler, data: bytes, fault: Fault) -> None:
        name = _name(handler)
        etag = f'"{self._digest(data)[:32]}"'
        if fault.kind.startswith("etag"):
            etag = f'"changed-{fault.number}"'
        asked = _RANGE.fullmatch(handler.headers.get("Range", ""))
        condition = handler.headers.get("If-Range")
        changed = condition is not None and condition != etag
        ranged = asked is not None and fault.kind != "no_range" and not changed
        wanted = int(asked[1]) if asked is not None else self._begun_anew(name, len(data))
        start = wanted if ranged else 0
        if (ranged and start >= len(data)) or (fault.kind == "416" and asked is not None):
            self._refused[name] = wanted
            return self._plain(handler, 416, {"Content-Range": f"bytes */{len(data)}"})
        garbled = ranged and fault.kind == "garbled_range"
        if garbled:
            self._refused[name] = wanted
        body, wrong = _spoilt(memoryview(data)[start:], fault)
        handler.send_response(206 if ranged else 200)
        handler.send_header("ETag", etag)
        handler.send_header("Content-Length", str(len(body)))
        if fault.kind == "coded":
            handler.send_header("Content-Encoding", "gzip")
        if ranged:
            shown = start + 7 if garbled else start
            total = start + len(body) if fault.kind in ("long", "short") else len(data)
            handler.send_header("Content-Range", f"bytes {shown}-{start + len(body) - 1}/{total}")
        handler.end_headers()
        useless = changed or garbled or fault.kind in ("long", "short", "coded")
        if ranged and not useless:
            self._refused.pop(name, None)
        # What comes again because a range was not met is the server's doing.
        sending = _Sending(name, body, len(body) if useless else wanted - start, len(body) if useless else wrong)
        return self._body(handler, sending, fault)

    def _begun_anew(self, name: str, size: int) -> int:
        """A file is asked for from its first byte. Gives how much of it the client had and was refused the rest of."""
        if name in self._poisoned:
            self._poisoned.discard(name)
            self.spoiled += min(size, self._usable.get(name, 0))
        self._usable[name] = 0
        return self._refused.pop(name, 0)

    def _body(self, handler: BaseHTTPRequestHandler, sending: _Sending, fault: Fault) -> None:
        size = len(sending.body)
        end = min(size, fault.at) if fault.kind in ("drop", "stall", "crawl") else size
        self._put(handler, sending, end)
        if fault.kind == "stall":
            time.sleep(1.2)
        if fault.kind == "crawl":
            for i in range(end, min(size, end + 40)):
                handler.wfile.write(sending.body[i : i + 1])
                time.sleep(0.05)
        if fault.kind in ("drop", "stall", "crawl"):
            handler.close_connection = True

    def _put(self, handler: BaseHTTPRequestHandler, sending: _Sending, end: int) -> None:
        """Send a body as far as this. Raises ConnectionError."""
        begun, done, piece = time.monotonic(), 0, _LINE_PIECE if self.rate else _PIECE
        with self._lock:
            self.sending += 1
        try:
            while done < end:
                count = handler.connection.send(sending.body[done : min(end, done + piece)])
                self._count(sending, done, done + count)
                done += count
                time.sleep(self.pause)
                if self.rate:
                    time.sleep(max(0.0, begun + done / self.rate - time.monotonic()))
        except ConnectionError:
            lost = min(done, _unsent(handler.connection))
            self._count(sending, done, done - lost)
            done -= lost
            raise
        finally:
            with self._lock:
                self.sending -= 1
                if done > sending.wrong:
                    self._poisoned.add(sending.name)

    def _count(self, sending: _Sending, start: int, end: int) -> None:
        """A stretch of a body went out; back to an earlier end if it did not arrive."""
        with self._lock:
            spoiled = min(end, sending.again) - min(start, sending.again)
            self.sent += end - start
            self.spoiled += spoiled
            self._usable[sending.name] = self._usable.get(sending.name, 0) + end - start - spoiled

    def _digest(self, data: bytes) -> str:
        if data not in self._digests:
            self._digests[data] = hashlib.sha256(data).hexdigest()
        return self._digests[data]

    def _data(self, handler: BaseHTTPRequestHandler) -> bytes | None:
        return self.files.get(_name(handler))

    def _plain(self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str] | None = None) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()


def _name(handler: BaseHTTPRequestHandler) -> str:
    return handler.path.rpartition("/")[2]


def _spoilt(body: memoryview, fault: Fault) -> tuple[memoryview, int]:
    """A body as the fault has it, and where wrong bytes begin in it."""
    match fault.kind:
        case "wrong_bytes" | "etag_and_bytes":
            changed, at = bytearray(body), fault.at % len(body)
            changed[at : at + 64] = bytes(byte ^ 0x5A for byte in changed[at : at + 64])
            return memoryview(changed), at
        case "long":
            return memoryview(bytes(body) + bytes(5000)), len(body) + 5000
        case "short":
            body = body[: -min(len(body) - 1, 1000)]
    return body, len(body)


def _unsent(connection: socket.socket) -> int:
    """Bytes that were written to a connection and never left this computer; 0 where the system doesn't tell.

    What left counts as fetched, confirmed or not: confirmations come late.
    """
    if sys.platform != "linux":
        return 0
    return int(struct.unpack("i", fcntl.ioctl(connection, _NOT_SENT, bytes(4)))[0])


class _QuietServer(ThreadingHTTPServer):
    """A client that is killed is no error of the server's."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def local_hub(files: dict[str, bytes], plan: Plan = lambda method, count: None) -> Iterator[LocalHub]:
    hub = LocalHub(files, plan)
    try:
        yield hub
    finally:
        hub.close()


def once(fault: Fault, which: int = 1) -> Plan:
    """The fault in the first GET (or another one), and good manners after that."""
    return lambda method, count: fault if method == "GET" and count == which else None


def always(fault: Fault) -> Plan:
    return lambda method, count: fault if method == "GET" else None


def content(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def hub_file(name: str, data: bytes, known: bool = True) -> HubFile:
    return HubFile(name, len(data), hashlib.sha256(data).hexdigest()) if known else HubFile(name)


def entry_of(files: dict[str, bytes], identity: str = "small", known: bool = True) -> CatalogueEntry:
    """A model of these files, for a catalogue."""
    return CatalogueEntry(
        id=identity,
        name=identity,
        purpose=Purpose.CHAT,
        recommended=False,
        description="A model for tests.",
        licence="Apache-2.0",
        repository="someone/something",
        revision=None,
        files=tuple(hub_file(name, data, known) for name, data in files.items()),
        tensor_bytes=sum(map(len, files.values())),
        header={"general.architecture": "gpt-oss"},
        lengths={},
    )

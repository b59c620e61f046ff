"""A hub on this computer that behaves as badly as it is told to."""

from __future__ import annotations

import hashlib
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.domain.catalogue import CatalogueEntry, HubFile, Purpose
from app.hub.messages import Patience

COMMIT = "0123456789abcdef0123456789abcdef01234567"
QUICK = Patience(attempts=8, first_pause=0.01, longest_pause=0.05, stall_seconds=0.5, longest_wait=5.0)
_PIECE = 16 << 10
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


class LocalHub:
    """files by name. sent counts bytes of bodies, spoiled those that a client could not use by the server's fault."""

    def __init__(self, files: dict[str, bytes], plan: Plan = lambda method, count: None) -> None:
        self.files = dict(files)
        self.plan = plan
        self.sent = self.spoiled = self.gets = 0
        self.heads = 0
        self.tokens: list[tuple[str, str | None]] = []
        self.linked_etag = True
        # Seconds between pieces of a body, so that something can happen meanwhile.
        self.pause = 0.0
        self.redirect_to: str | None = None
        self._lock = threading.Lock()
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

    def head(self, handler: BaseHTTPRequestHandler) -> None:
        self.heads += 1
        self.tokens.append((handler.command, handler.headers.get("Authorization")))
        fault = self.plan("HEAD", self.heads)
        data = self._data(handler)
        if fault is not None and fault.kind == "status":
            return self._plain(handler, fault.number, fault.headers)
        if data is None:
            return self._plain(handler, 404, {"X-Error-Code": "EntryNotFound"})
        digest = hashlib.sha256(data).hexdigest()
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
        etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        if fault.kind.startswith("etag"):
            etag = f'"changed-{fault.number}"'
        asked = _RANGE.fullmatch(handler.headers.get("Range", ""))
        condition = handler.headers.get("If-Range")
        ranged = asked is not None and fault.kind != "no_range" and (condition is None or condition == etag)
        start = int(asked[1]) if asked is not None and ranged else 0
        wanted = int(asked[1]) if asked is not None else 0
        if (asked is not None and ranged and start >= len(data)) or (fault.kind == "416" and asked is not None):
            return self._plain(handler, 416, {"Content-Range": f"bytes */{len(data)}"})
        body = bytearray(data[start:])
        if fault.kind in ("wrong_bytes", "etag_and_bytes"):
            for i in range(fault.at % len(body), min(len(body), fault.at % len(body) + 64)):
                body[i] ^= 0x5A
            self.spoiled += len(data)
        if fault.kind == "long":
            body += bytes(5000)
        if fault.kind == "short":
            del body[-min(len(body) - 1, 1000) :]
        handler.send_response(206 if ranged else 200)
        handler.send_header("ETag", etag)
        handler.send_header("Content-Length", str(len(body)))
        if fault.kind == "coded":
            handler.send_header("Content-Encoding", "gzip")
        if ranged:
            shown = start + 7 if fault.kind == "garbled_range" else start
            total = start + len(body) if fault.kind in ("long", "short") else len(data)
            handler.send_header("Content-Range", f"bytes {shown}-{start + len(body) - 1}/{total}")
        handler.end_headers()
        # What comes again because a range or a condition was not met is the server's doing.
        again = max(0, wanted - start)
        return self._body(handler, bytes(body), fault, again)

    def _body(self, handler: BaseHTTPRequestHandler, body: bytes, fault: Fault, again: int) -> None:
        end = min(len(body), fault.at) if fault.kind in ("drop", "stall", "crawl") else len(body)
        useless = fault.kind in ("long", "short", "garbled_range", "coded") or fault.kind.startswith("etag")
        for i in range(0, end, _PIECE):
            piece = body[i : min(end, i + _PIECE)]
            handler.wfile.write(piece)
            time.sleep(self.pause)
            with self._lock:
                self.sent += len(piece)
                if i < again or useless:
                    self.spoiled += len(piece)
        if fault.kind == "stall":
            time.sleep(1.2)
        if fault.kind == "crawl":
            for i in range(end, min(len(body), end + 40)):
                handler.wfile.write(body[i : i + 1])
                time.sleep(0.05)
        if fault.kind in ("drop", "stall", "crawl"):
            handler.close_connection = True

    def _data(self, handler: BaseHTTPRequestHandler) -> bytes | None:
        return self.files.get(handler.path.rpartition("/")[2])

    def _plain(self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str] | None = None) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()


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

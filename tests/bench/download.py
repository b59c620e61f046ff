"""Throughput of a download, beside a bare one that hashes too, from a server on this computer in the same run.

`python -m tests.bench.download` prints the rows. The bare one is the same HTTP client, reading as much at a time (what
`app.hub.network` sets holds for both), a file and SHA-256, and no more: no sidecar, no checks. The two take turns at
going first. In memory the programs are compared; on the disk both end with a file that is surely there, because of
12 GB no system holds back what a bare download leaves unwritten of these. Starting the process is not counted.
"""

from __future__ import annotations

import hashlib
import http.server
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import httpx2

from app.domain.catalogue import HubFile
from app.hub.messages import DownloadRequest, Event
from app.hub.transfer import fetch
from tests.bench.report import Row, print_table

LIMIT = 0.9
_SIZE = 256 << 20
_ROUNDS = 11
_MEMORY = Path("/dev/shm")
_BLOCK = bytes(range(256)) * (1 << 12)


def rows() -> list[Row]:
    digest = hashlib.sha256()
    for _ in range(_SIZE // len(_BLOCK)):
        digest.update(_BLOCK)
    file = HubFile("model.gguf", _SIZE, digest.hexdigest())
    ours_end, theirs = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=_serve, args=(theirs, file.sha256), daemon=True)
    server.start()
    endpoint = f"http://127.0.0.1:{ours_end.recv()}"
    try:
        found = [_row("download to the disk, MB a second", endpoint, file, None)]
        if _MEMORY.is_dir():
            found.append(_row("download to memory, MB a second", endpoint, file, _MEMORY))
        return found
    finally:
        server.kill()
        server.join()


def _row(name: str, endpoint: str, file: HubFile, where: Path | None) -> Row:
    ours: list[float] = []
    bare: list[float] = []
    measured: list[tuple[list[float], Callable[[Path], None]]] = [
        (bare, lambda folder: _bare(endpoint, folder)),
        (ours, lambda folder: _ours(endpoint, file, folder)),
    ]
    for _ in range(_ROUNDS):
        for speeds, work in measured:
            speeds.append(_timed(work, where))
        measured.reverse()
    mine, reference = statistics.median(ours), statistics.median(bare)
    row = Row(name, mine, "MB/s", reference, "a bare download with hashing", f">= {LIMIT}")
    return row.judged(mine >= LIMIT * reference)


def _timed(work: Callable[[Path], None], where: Path | None) -> float:
    """MB a second, from the first request to a file under its final name."""
    with tempfile.TemporaryDirectory(dir=where) as folder:
        begun = time.perf_counter()
        work(Path(folder))
        return _SIZE / 1e6 / (time.perf_counter() - begun)


def _ours(endpoint: str, file: HubFile, folder: Path) -> None:
    def ignore(event: Event) -> None:
        pass

    fetch(DownloadRequest("bench", "a/b", None, (file,), folder, endpoint), ignore, threading.Event())


def _bare(endpoint: str, folder: Path) -> None:
    digest = hashlib.sha256()
    with (
        httpx2.stream("GET", f"{endpoint}/a/b/resolve/main/model.gguf") as response,
        (folder / "part").open("wb") as stream,
    ):
        for piece in response.iter_raw():
            stream.write(piece)
            digest.update(piece)
        stream.flush()
        os.fsync(stream.fileno())
    (folder / "part").replace(folder / "model.gguf")


def _serve(connection: Connection, sha256: str) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def _head(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(_SIZE))
            self.send_header("ETag", f'"{sha256}"')
            self.end_headers()

        def do_HEAD(self) -> None:
            self._head()

        def do_GET(self) -> None:
            self._head()
            for _ in range(_SIZE // len(_BLOCK)):
                self.wfile.write(_BLOCK)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    connection.send(server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    print_table(rows())

"""The reader: whatever becomes of its processes is a status, and no process is left behind."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.documents import sandbox
from app.documents.limits import MIB, Limits
from app.documents.nursery import Nursery
from app.documents.reader import DocumentReader, read_document
from app.documents.reading_process import Serve, Spawner, Starter
from app.documents.worker import serve
from app.domain.documents import FileStatus, ReadResult
from tests.documents import children, making

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")
STARTERS = pytest.mark.parametrize("starter", [Spawner, *([Nursery] if sys.platform == "linux" else [])])


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    # Python keeps one process that tracks its resources.
    assert [child for child in left if not _is_tracker(child)] == []


def _is_tracker(process: psutil.Process) -> bool:
    try:
        return "resource_tracker" in " ".join(process.cmdline())
    except psutil.ZombieProcess:
        return False


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("Some words.")
    return path


@STARTERS
def test_files_of_all_formats_are_read_in_closed_processes(tmp_path: Path, starter: Callable[[Serve], Starter]) -> None:
    made = {
        "a.pdf": making.pdf([making.written(["Portable words."])]),
        "a.docx": making.docx_file(),
        "a.pptx": making.pptx_file(),
        "a.xlsx": making.xlsx_file(),
        "a.odt": making.odt_file(),
        "a.ods": making.ods_file(),
        "a.odp": making.odp_file(),
        "a.epub": making.epub_file(),
        "a.rtf": making.rtf_file(),
        "a.eml": making.eml_file(),
        "a.html": making.html_file(),
        "a.md": b"# Words",
        "a.txt": "Съешь же ещё этих мягких французских булок, да выпей чаю.".encode("koi8-r"),
        "a.csv": "Größe;Wort\n1;Übermut".encode("cp1252"),
        "a.json": b'{"a": 1}',
        "a.py": b"x = 1",
    }
    reader = DocumentReader(starter=starter(serve))
    for name, content in made.items():
        path = tmp_path / name
        path.write_bytes(content)
        result = reader.read(path, another_follows=True)
        assert result.status is FileStatus.READ, (name, result.reason)
        assert result.reason in {"", "Hidden sheets were left out (Secret)."}
        assert result.document is not None
        assert result.document.text
        if sys.platform == "linux":
            assert result.unguarded == ()
    reader.close()


@STARTERS
@pytest.mark.parametrize(
    ("child", "status"),
    [
        (children.dies, FileStatus.CRASHED),
        (children.stalls, FileStatus.TIMED_OUT),
        (children.talks_too_much, FileStatus.CRASHED),
        (children.talks_nonsense, FileStatus.CRASHED),
        (children.eats, FileStatus.OUT_OF_MEMORY),
    ],
)
def test_a_process_that_misbehaves_is_a_status(
    child: Serve, status: FileStatus, text_file: Path, starter: Callable[[Serve], Starter]
) -> None:
    reader = DocumentReader(Limits(wall_seconds=3.0, memory_bytes=64 * MIB), starter(child))
    result = reader.read(text_file)
    reader.close()
    assert result.status is status
    assert result.document is None
    assert result.reason.endswith(".")


@STARTERS
def test_reading_can_be_stopped_from_another_thread(text_file: Path, starter: Callable[[Serve], Starter]) -> None:
    reader = DocumentReader(starter=starter(children.stalls))
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(reader.read(text_file)))
    thread.start()
    while thread.is_alive():
        reader.stop()
        time.sleep(0.02)
    reader.close()
    assert results[0].status is FileStatus.STOPPED


@STARTERS
def test_a_process_that_dies_while_it_waits_costs_no_file(text_file: Path, starter: Callable[[Serve], Starter]) -> None:
    reader = DocumentReader(starter=starter(serve))
    assert reader.read(text_file, another_follows=True).status is FileStatus.READ
    for child in psutil.Process().children():
        if not _is_tracker(child):
            child.kill()
    time.sleep(0.3)
    assert reader.read(text_file).status is FileStatus.READ
    reader.close()


@pytest.fixture
def long_pdf(tmp_path: Path) -> Path:
    """Long enough for a twin."""
    path = tmp_path / "long.pdf"
    path.write_bytes(making.paged_pdf(400, "Page {number} speaks of " + "nothing in particular, " * 40))
    return path


@LINUX
def test_every_page_of_a_long_pdf_is_read_in_its_place(long_pdf: Path) -> None:
    result = read_document(long_pdf)
    assert result.document is not None
    for number, unit in enumerate(result.document.units, start=1):
        assert f"Page {number} speaks" in result.document.text[unit.start : unit.end]
    assert len(result.document.units) == 400


@LINUX
@pytest.mark.parametrize("damage", ["none", "turned", "noise", "hole", "no table", "wrong count"])
def test_two_processes_read_what_one_reads(damage: str, tmp_path: Path) -> None:
    pages = [making.written([f"Page {number} speaks of {word} things." for word in _WORDS]) for number in range(150)]
    content = bytearray(making.pdf(pages, rotate=90 if damage == "turned" else 0))
    content += b"%" * (256 << 10)
    if damage == "noise":
        noise = random.Random(7)
        for _ in range(300):
            content[noise.randrange(200_000)] = noise.randrange(256)
    elif damage == "hole":
        content[60_000:90_000] = bytes(30_000)
    elif damage == "no table":
        content = content.replace(b"xref", b"xxxx")
    elif damage == "wrong count":
        content = content.replace(b"/Count 150", b"/Count 190")
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    results = []
    for starter in (Nursery(serve), Nursery(children.reads_alone)):
        reader = DocumentReader(starter=starter)
        results.append(replace(reader.read(path), seconds=0))
    assert results[0] == results[1]
    assert results[0].document is not None
    assert len(results[0].document.units) in {150, 190}


_WORDS = [f"{kind}{number}" for kind in ("old", "new", "odd") for number in range(12)]


@LINUX
def test_a_twin_that_dies_changes_nothing(long_pdf: Path) -> None:
    undisturbed = read_document(long_pdf)
    killed = 0
    for _ in range(20):
        reader, results = DocumentReader(), list[ReadResult]()
        thread = threading.Thread(target=lambda r=reader, to=results: to.append(r.read(long_pdf)))
        thread.start()
        while thread.is_alive() and not killed:
            for twin in _twins():
                with suppress(psutil.NoSuchProcess):
                    twin.kill()
                    killed += 1
        thread.join()
        reader.close()
        assert replace(results[0], seconds=0) == replace(undisturbed, seconds=0)
        if killed:
            return
    pytest.fail("no twin was seen")


@LINUX
def test_a_twin_ends_with_its_reader(long_pdf: Path) -> None:
    reader = DocumentReader()
    thread = threading.Thread(target=lambda: reader.read(long_pdf))
    thread.start()
    twins: list[psutil.Process] = []
    while thread.is_alive() and not twins:
        twins = _twins()
    reader.stop()
    thread.join()
    assert psutil.wait_procs(twins, timeout=5)[1] == []
    reader.close()


def _twins() -> list[psutil.Process]:
    """The children of readers, which are the children of the nursery."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            above = process.parents()
            if len(above) > 2 and above[2].pid == os.getpid():
                found.append(process)
    return found


@LINUX
def test_readers_end_with_the_application(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(_STALLED)
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen([sys.executable, str(script)], env=environment) as application:
        readers: list[psutil.Process] = []
        until = time.monotonic() + 20
        while not readers and time.monotonic() < until:
            family = psutil.Process(application.pid).children(recursive=True)
            readers = [process for process in family if process.name() == "inglen-nursery" and process.children()]
        below = [each for reader in readers for each in reader.children(recursive=True)]
        application.kill()
    assert below
    assert psutil.wait_procs([*readers, *below], timeout=5)[1] == []


_STALLED = """
from pathlib import Path
from app.documents.nursery import Nursery
from app.documents.reader import DocumentReader
from tests.documents import children
if __name__ == "__main__":
    DocumentReader(starter=Nursery(children.stalls)).read(Path(__file__))
"""


def test_a_file_that_is_written_to_while_it_is_read_is_a_status(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(making.paged_pdf(200))
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            path.write_bytes(making.paged_pdf(2))

    thread = threading.Thread(target=write)
    thread.start()
    result = read_document(path)
    stop.set()
    thread.join()
    assert result.status in {
        FileStatus.READ,
        FileStatus.DAMAGED,
        FileStatus.CRASHED,
        FileStatus.EMPTY,
        FileStatus.NO_TEXT,
    }


@LINUX
def test_a_closed_process_gets_nowhere() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=children.tries_everything, args=(theirs,))
    process.start()
    theirs.close()
    unguarded, worked, can_read = ours.recv()
    process.join()
    ours.close()
    process.close()
    assert unguarded == ()
    assert worked == []
    assert can_read


@LINUX
def test_files_stay_closed_on_a_kernel_without_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = set(sandbox.ALLOWED)
    assert not allowed & {
        "open",
        "openat",
        "openat2",
        "socket",
        "connect",
        "execve",
        "clone",
        "fork",
        "newfstatat",
        "kill",
    }
    for machine in ("x86_64", "aarch64"):
        program = sandbox.filter_program(machine)
        assert len(program) % 8 == 0
        assert program[-16:-8] == b"\x06\x00\x00\x00\x01\x00\x05\x00"


_SCRIPT = """
import sys
from pathlib import Path
from app.documents.reader import read_document
if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(read_document(Path(name)).status)
"""
_REACHING = (
    "open(",
    "openat(",
    "creat(",
    "socket(",
    "connect(",
    "sendto(",
    "execve(",
    "clone",
    "fork(",
    "stat(",
    "unlink",
)


@LINUX
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_file_and_no_socket_is_touched_once_a_process_is_closed(tmp_path: Path) -> None:
    made = {
        "a.pdf": making.pdf([making.written(["Words."])]),
        "long.pdf": making.paged_pdf(400, "Page {number} speaks of " + "nothing in particular, " * 40),
        "a.docx": making.docx_file(),
        "a.xlsx": making.xlsx_file(),
        "a.eml": making.eml_file(),
        "a.html": making.html_file(),
        "a.txt": "Grüße aus Köln und anderswo, schöne Füße".encode("cp1252"),
    }
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    script, log = tmp_path / "script.py", tmp_path / "log"
    script.write_text(_SCRIPT)
    # A file for each process (-ff), or the lines of two would be cut by each other.
    command = ["strace", "-ff", "-qq", "-e", "trace=%file,%network,%process,prctl,fstat", "-o", str(log)]
    done = subprocess.run(
        [*command, sys.executable, str(script), *(str(tmp_path / name) for name in made)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    if "ptrace" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.stdout.split() == ["read"] * len(made), done.stderr
    closed = 0
    for calls in (file.read_text() for file in tmp_path.glob("log.*")):
        _, seal, after = calls.partition("PR_SET_SECCOMP")
        closed += bool(seal)
        for call in after.splitlines():
            # PDFium looks for the system's fonts and is refused.
            assert not call.startswith(_REACHING) or "EPERM" in call, call
    # The long one is read by two.
    assert closed == len(made) + 1

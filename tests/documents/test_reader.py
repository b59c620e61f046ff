"""The reader: whatever becomes of its processes is a status, and no process is left behind."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.documents import reader as reader_module
from app.documents import sandbox
from app.documents.limits import MIB, Limits
from app.documents.reader import DocumentReader, read_document
from app.domain.documents import FileStatus
from tests.documents import children, making

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")


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


def test_files_of_all_formats_are_read_in_closed_processes(tmp_path: Path) -> None:
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
    reader = DocumentReader()
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
    child: Callable[..., None], status: FileStatus, text_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "serve", child)
    result = read_document(text_file, Limits(wall_seconds=3.0, memory_bytes=64 * MIB))
    assert result.status is status
    assert result.document is None
    assert result.reason.endswith(".")


def test_reading_can_be_stopped_from_another_thread(text_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "serve", children.stalls)
    reader = DocumentReader()
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(reader.read(text_file)))
    thread.start()
    while thread.is_alive():
        reader.stop()
        time.sleep(0.02)
    reader.close()
    assert results[0].status is FileStatus.STOPPED


def test_a_process_that_dies_while_it_waits_costs_no_file(text_file: Path) -> None:
    reader = DocumentReader()
    assert reader.read(text_file, another_follows=True).status is FileStatus.READ
    for child in psutil.Process().children():
        if not _is_tracker(child):
            child.kill()
    time.sleep(0.3)
    assert reader.read(text_file).status is FileStatus.READ
    reader.close()


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
    command = ["strace", "-f", "-qq", "-e", "trace=%file,%network,%process,prctl,fstat", "-o", str(log)]
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
    closed: set[str] = set()
    for line in log.read_text().splitlines():
        pid, _, call = line.partition(" ")
        if "PR_SET_SECCOMP" in call:
            closed.add(pid)
        elif pid in closed:
            # PDFium looks for the system's fonts and is refused.
            assert not call.strip().startswith(_REACHING) or "EPERM" in call, line
    assert len(closed) == len(made)

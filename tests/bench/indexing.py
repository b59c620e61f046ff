"""How long PDF takes into the index beside bare text extraction, and how much memory.

Debian's manuals have some 300 pages. Stretches of them, put together anew, make up the 5,000: real pages, and no two
files with one content.
"""

from __future__ import annotations

import contextlib
import gzip
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pypdfium2

from app.jobs import be_modest
from tests.bench.report import Row, print_table

MANUALS = {
    "policy": Path("/usr/share/doc/debian-policy/policy.pdf.gz"),
    "developers-reference": Path("/usr/share/developers-reference/developers-reference.pdf"),
}
_PAGES = 5_000
_SIZES = (4, 12, 30, 80, 200, 400)
"""Pages of the files, in turn."""
_RUN = 40
_MOST_SECONDS_BARE = 2.5
_MOST_MEMORY = 400 << 20
_LOOK_SECONDS = 0.05


def rows() -> list[Row]:
    if not all(path.exists() for path in MANUALS.values()):
        print("indexing skipped: the Debian packages debian-policy and developers-reference are not installed.")
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many, one = folder / "many", folder / "one"
        pages = _write(many, _SIZES, _RUN)
        files = sorted(many.iterdir())
        bare = _extract(files)
        seconds, memory = _index(folder / "data", many)
        _write(one, (_PAGES,), _PAGES)
        _, memory_of_one = _index(folder / "data of one", one)
    limit, most = f"at most {_MOST_SECONDS_BARE} times", f"at most {_MOST_MEMORY >> 20} MiB"
    reference = 1000 * bare / pages
    speed = Row("a page of PDF into the index", 1000 * seconds / pages, "ms", reference, "bare pypdfium2", limit)
    return [
        speed.judged(seconds <= _MOST_SECONDS_BARE * bare),
        Row(f"memory, {pages:,} pages in {len(files)} files", memory / 2**20, "MiB", limit=most).judged(
            memory <= _MOST_MEMORY
        ),
        Row(f"memory, {_PAGES:,} pages in one file", memory_of_one / 2**20, "MiB", limit=most).judged(
            memory_of_one <= _MOST_MEMORY
        ),
    ]


def manual(name: str) -> bytes:
    """One of MANUALS, unpacked."""
    data = MANUALS[name].read_bytes()
    return gzip.decompress(data) if MANUALS[name].suffix == ".gz" else data


def _write(folder: Path, sizes: Sequence[int], run: int) -> int:
    """Write files of so many pages in turn until there are enough pages; gives how many there are.

    Each file is made of stretches of at most run pages, which share their fonts as the pages of a real file do.
    """
    folder.mkdir()
    chance = random.Random(1)
    sources = [pypdfium2.PdfDocument(manual(name)) for name in MANUALS]
    written, number = 0, 0
    while written < _PAGES:
        size = min(sizes[number % len(sizes)], _PAGES - written)
        target = pypdfium2.PdfDocument.new()
        while (missing := size - len(target)) > 0:
            source = chance.choice(sources)
            length = min(run, missing, len(source))
            first = chance.randint(0, len(source) - length)
            target.import_pages(source, range(first, first + length))
        target.save(folder / f"{number:03}.pdf")
        target.close()
        written, number = written + size, number + 1
    return written


def _extract(files: Sequence[Path]) -> float:
    """Seconds for nothing but the text of each page, with the low priority that indexing has too."""
    with ThreadPoolExecutor(1, initializer=be_modest) as thread:
        return thread.submit(_bare_seconds, files).result()


def _bare_seconds(files: Sequence[Path]) -> float:
    started = time.perf_counter()
    for file in files:
        document = pypdfium2.PdfDocument(file)
        for page in document:
            text_page = page.get_textpage()
            text_page.get_text_range()
            text_page.close()
            page.close()
        document.close()
    return time.perf_counter() - started


def _index(data: Path, folder: Path) -> tuple[float, int]:
    """Seconds and peak of memory (bytes) of ``inglenook library create``, its start and all its processes included."""
    command = [sys.executable, "-m", "app", "library", "create", "bench", str(folder), "--data-dir", str(data)]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(psutil.Process(process.pid), peak), daemon=True)
    watcher.start()
    code = process.wait()
    seconds = time.perf_counter() - started
    watcher.join()
    assert code == 0, f"{' '.join(command)} gave {code}"
    return seconds, peak[0]


def _watch(process: psutil.Process, peak: list[int]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            family = [process, *process.children(recursive=True)]
            peak[0] = max(peak[0], sum(map(_resident, family)))
            time.sleep(_LOOK_SECONDS)


def _resident(process: psutil.Process) -> int:
    """Bytes that a process has of its own: what its libraries share with others is no cost of a file."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


if __name__ == "__main__":
    print_table(rows())

"""What reading costs beside bare PDFium over the same files in the same run: for `make bench`."""

from __future__ import annotations

import gzip
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pypdfium2

from app.documents.passages import passages
from app.documents.reader import DocumentReader
from app.domain.documents import ReadResult
from tests.bench.report import Row

MANUALS = (
    Path("/usr/share/doc/debian-policy/policy.pdf.gz"),
    Path("/usr/share/developers-reference/developers-reference.pdf"),
)
PAGES = 5_000
MOST_TIMES_BARE = 2.5


def rows() -> list[Row]:
    """Nothing where Debian's manuals are not installed."""
    if not all(manual.exists() for manual in MANUALS):
        return []
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book.pdf"
        _bind(book)
        bare = _processor_time(lambda: _read_bare(book))
        read = _processor_time(lambda: _read(book))
        small = Path(folder) / "small.txt"
        small.write_text("Some words.")
        start = _processor_time(lambda: _read(small))
        met = read <= MOST_TIMES_BARE * bare
        limit = f"at most {MOST_TIMES_BARE} x"
        return [
            Row("PDF to passages, CPU", 1e3 * read / PAGES, "ms/page", 1e3 * bare / PAGES, "PDFium alone", limit, met),
            Row("a process for one small file, CPU", 1e3 * start, "ms"),
            Row("most memory of a reading process", _most_memory() / (1 << 20), "MiB", limit="at most 400"),
        ]


def _bind(path: Path) -> None:
    """A book of so many pages, out of the manuals over and over."""
    with tempfile.TemporaryDirectory() as folder:
        book = pypdfium2.PdfDocument.new()
        parts = []
        for number, manual in enumerate(MANUALS):
            unpacked = Path(folder) / f"{number}.pdf"
            data = manual.read_bytes()
            unpacked.write_bytes(gzip.decompress(data) if manual.suffix == ".gz" else data)
            parts.append(pypdfium2.PdfDocument(unpacked))
        while len(book) < PAGES:
            for part in parts:
                book.import_pages(part, range(min(len(part), PAGES - len(book))))
        book.save(path)
        for document in (book, *parts):
            document.close()


def _read_bare(path: Path) -> None:
    document = pypdfium2.PdfDocument(path)
    for index in range(len(document)):
        page = document[index]
        text_page = page.get_textpage()
        text_page.get_text_bounded()
        text_page.close()
        page.close()
    document.close()


def _read(path: Path) -> ReadResult:
    reader = DocumentReader()
    result = reader.read(path)
    reader.close()
    assert result.document is not None, result.reason
    for _ in passages(result.document):
        pass
    return result


def _processor_time(work: Callable[[], object]) -> float:
    """Seconds of processor time of this process and those that it started: others may work beside them."""
    before = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    children = after[1].ru_utime + after[1].ru_stime - before[1].ru_utime - before[1].ru_stime
    return after[0] - before[0] + children


def _most_memory() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

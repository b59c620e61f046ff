"""Pages as pictures: drawn where the text was read, in a process that can reach nothing, and believed only if sane."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest

from app.documents import render as render_module
from app.documents.limits import Limits
from app.documents.page_wire import MOST_PIXELS, fitted
from app.documents.reader import read_document
from app.documents.render import FailureReason, PageRenderer, RenderedPage, RenderFailure, check_file
from app.domain.documents import Rectangle
from tests.documents import making, page_children

WORDS = "The tenant shall give notice of three months."


@pytest.fixture
def renderer() -> Iterator[PageRenderer]:
    renderer = PageRenderer(Limits(wall_seconds=20))
    yield renderer
    renderer.close()
    assert [child for child in psutil.Process().children() if "resource_tracker" not in " ".join(child.cmdline())] == []


def written(path: Path, data: bytes) -> tuple[Path, str]:
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


def lease(path: Path, **options: int | tuple[int, int, int, int]) -> tuple[Path, str]:
    pages = [[(72.0, 700.0, "First page")], [(72.0, 500.0, WORDS)], [(72.0, 300.0, "Third page")]]
    return written(path, making.pdf(pages, **options))  # type: ignore[arg-type]


def drawn(result: RenderedPage | RenderFailure) -> RenderedPage:
    assert isinstance(result, RenderedPage), result
    return result


def reason(result: RenderedPage | RenderFailure | None) -> FailureReason:
    assert isinstance(result, RenderFailure), result
    assert result.sentence.endswith(".")
    return result.reason


def ink(page: RenderedPage, box: Rectangle, points: float) -> int:
    """Dark pixels within a box that is given in points, on a page so many points wide."""
    scale = page.width / points
    count = 0
    for row in range(max(0, int(box.top * scale)), min(page.height, int(box.bottom * scale) + 1)):
        left, right = max(0, int(box.left * scale)), min(page.width, int(box.right * scale) + 1)
        line = page.pixels[3 * (row * page.width + left) : 3 * (row * page.width + right)]
        count += sum(value < 128 for value in line[::3])
    return count


def test_a_page_has_the_width_that_was_asked_for_and_the_form_of_the_paper(
    tmp_path: Path, renderer: PageRenderer
) -> None:
    page = drawn(renderer.render(*lease(tmp_path / "a.pdf"), 2, 306))
    assert (page.page, page.width, page.height) == (2, 306, 396)
    assert len(page.pixels) == 306 * 396 * 3
    assert page.pixels[:3] == b"\xff\xff\xff"


@pytest.mark.parametrize("options", [{}, {"rotate": 90}, {"rotate": 270}, {"crop": (40, 400, 500, 760)}])
def test_text_is_drawn_exactly_where_it_was_read(
    tmp_path: Path, renderer: PageRenderer, options: dict[str, int | tuple[int, int, int, int]]
) -> None:
    path, sha256 = lease(tmp_path / "a.pdf", **options)
    document = read_document(path).document
    assert document is not None
    start = document.text.index(WORDS)
    (mark,) = document.marks_in(start, start + len(WORDS))
    unit = document.units[mark.page - 1]
    page = drawn(renderer.render(path, sha256, mark.page, round(unit.width)))
    within = ink(page, mark.rectangle, unit.width)
    everywhere = ink(page, Rectangle(0, 0, unit.width, unit.height), unit.width)
    assert within > 100
    assert within == everywhere


def test_what_was_filled_into_a_form_is_drawn_where_it_was_read(tmp_path: Path, renderer: PageRenderer) -> None:
    path = tmp_path / "a.pdf"
    content = making.filled_form()
    path.write_bytes(content)
    document = read_document(path).document
    assert document is not None
    page = drawn(renderer.render(path, hashlib.sha256(content).hexdigest(), 1, 612))
    for words in ("Ada Lovelace", "PX-7781"):
        start = document.text.index(words)
        (mark,) = document.marks_in(start, start + len(words))
        assert ink(page, mark.rectangle, 612) > 50


def test_one_process_draws_all_pages_of_a_file_and_is_locked_in(tmp_path: Path, renderer: PageRenderer) -> None:
    path, sha256 = lease(tmp_path / "a.pdf")
    pictures = {drawn(renderer.render(path, sha256, page, 200)).pixels for page in (1, 2, 3)}
    assert len(pictures) == 3
    (child,) = [each for each in psutil.Process().children() if "resource_tracker" not in " ".join(each.cmdline())]
    if sys.platform == "linux":
        status = Path(f"/proc/{child.pid}/status").read_text()
        assert "Seccomp:\t2" in status
        assert "NoNewPrivs:\t1" in status
        # The pipe, the file, and the three that lead nowhere: nothing that could be written to.
        opened = {str(each.readlink()) for each in Path(f"/proc/{child.pid}/fd").iterdir()}
        assert not [name for name in opened if name.startswith("/") and name not in (str(path), "/dev/null")]


def test_a_file_that_is_gone_or_changed_gives_no_page(tmp_path: Path, renderer: PageRenderer) -> None:
    path, sha256 = lease(tmp_path / "a.pdf")
    assert reason(renderer.render(tmp_path / "b.pdf", sha256, 1, 100)) is FailureReason.GONE
    assert reason(renderer.render(path, "0" * 64, 1, 100)) is FailureReason.CHANGED
    drawn(renderer.render(path, sha256, 1, 100))
    path.write_bytes(making.pdf([[(72.0, 700.0, "Something else")]]))
    assert reason(renderer.render(path, sha256, 1, 100)) is FailureReason.CHANGED
    path.unlink()
    assert reason(renderer.render(path, sha256, 1, 100)) is FailureReason.GONE


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are files here")
def test_a_pipe_and_a_folder_are_no_files(tmp_path: Path, renderer: PageRenderer) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    for name in ("pipe.pdf", "."):
        assert reason(renderer.render(tmp_path / name, "0" * 64, 1, 100)) in (FailureReason.CHANGED, FailureReason.GONE)


def test_checking_a_file_tells_what_became_of_it(tmp_path: Path) -> None:
    path, sha256 = written(tmp_path / "a.txt", b"words")
    assert check_file(path, sha256) is None
    path.write_bytes(b"other words")
    assert reason(check_file(path, sha256)) is FailureReason.CHANGED
    path.unlink()
    assert reason(check_file(path, sha256)) is FailureReason.GONE


def test_what_cannot_be_drawn_is_a_sentence_and_the_next_page_still_comes(
    tmp_path: Path, renderer: PageRenderer
) -> None:
    path, sha256 = lease(tmp_path / "a.pdf")
    for page in (0, 4, 4_000_000_000):
        assert reason(renderer.render(path, sha256, page, 100)) is FailureReason.FAILED
    drawn(renderer.render(path, sha256, 3, 100))
    for name, data in (("b.pdf", b"%PDF-1.7\nno more"), ("c.pdf", b"plain words")):
        assert reason(renderer.render(*written(tmp_path / name, data), 1, 100)) is FailureReason.FAILED


def test_a_picture_is_bounded_however_large_it_is_wanted(tmp_path: Path, renderer: PageRenderer) -> None:
    path, sha256 = lease(tmp_path / "a.pdf")
    page = drawn(renderer.render(path, sha256, 1, 100_000))
    assert 1000 < page.width < 100_000
    assert page.width * page.height <= MOST_PIXELS


@pytest.mark.parametrize(("across", "down"), [(612, 792), (14_400, 1), (1, 14_400), (0.01, 14_400)])
def test_every_form_of_paper_fits_into_the_bound(across: float, down: float) -> None:
    for wanted in (1, 800, 1_000_000):
        width, height = fitted(across, down, wanted)
        assert 1 <= width <= wanted
        assert height >= 1
        assert width * height <= MOST_PIXELS


@pytest.mark.skipif(sys.platform == "win32", reason="the children take a descriptor")
@pytest.mark.parametrize(
    "child",
    [
        page_children.announces_more_than_it_sends,
        page_children.sends_a_page_of_another_width,
        page_children.sends_far_too_much,
        page_children.sends_half_a_message,
        page_children.says_nothing,
        page_children.dies,
    ],
)
def test_a_process_that_was_taken_over_gives_a_failure_and_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, child: Callable[[Connection], None]
) -> None:
    monkeypatch.setattr(render_module, "_draw_pages", child)
    renderer = PageRenderer(Limits(wall_seconds=1.5))
    try:
        assert reason(renderer.render(*lease(tmp_path / "a.pdf"), 1, 100)) is FailureReason.FAILED
    finally:
        renderer.close()


def test_after_stop_nothing_is_drawn(tmp_path: Path, renderer: PageRenderer) -> None:
    path, sha256 = lease(tmp_path / "a.pdf")
    drawn(renderer.render(path, sha256, 1, 100))
    renderer.stop()
    assert reason(renderer.render(path, sha256, 2, 100)) is FailureReason.FAILED

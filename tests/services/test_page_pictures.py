"""Pictures of pages: drawn on a lane, told on the main thread, kept for a while."""

from __future__ import annotations

import hashlib
import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.documents.render import PageRenderer, RenderedPage, RenderFailure
from app.services import page_pictures as module
from app.services.page_pictures import PagePictures
from tests.documents import making

Result = RenderedPage | RenderFailure | None


class Main:
    """The main thread of a test: what is posted runs when it is waited for."""

    def __init__(self) -> None:
        self.posted: queue.Queue[Callable[[], None]] = queue.Queue()
        self.heard: list[Result] = []

    def wait(self) -> Result:
        self.posted.get(timeout=30)()
        return self.heard[-1] if self.heard else None


@pytest.fixture
def main() -> Main:
    return Main()


@pytest.fixture
def pictures(main: Main) -> Iterator[PagePictures]:
    pictures = PagePictures(PageRenderer(), main.posted.put)
    yield pictures
    pictures.close()


@pytest.fixture
def file(tmp_path: Path) -> tuple[Path, str]:
    data = making.pdf([[(72.0, 700.0, f"Page {number}")] for number in range(1, 6)])
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


def test_a_page_that_was_drawn_comes_at_once_the_second_time(
    pictures: PagePictures, main: Main, file: tuple[Path, str]
) -> None:
    pictures.request(*file, 2, 300, main.heard.append)
    assert main.heard == []
    first = main.wait()
    assert isinstance(first, RenderedPage)
    assert (first.page, first.width) == (2, 300)
    pictures.request(*file, 2, 300, main.heard.append)
    assert main.heard == [first, first]


def test_what_nobody_waits_for_is_not_told(pictures: PagePictures, main: Main, file: tuple[Path, str]) -> None:
    for page in (1, 2, 3):
        pictures.request(*file, page, 300, main.heard.append)
    pictures.forget_waiting()
    pictures.request(*file, 5, 300, main.heard.append)
    while not main.heard:
        main.wait()
    assert [page.page for page in main.heard if isinstance(page, RenderedPage)] == [5]


def test_only_the_last_pictures_are_kept(
    pictures: PagePictures, main: Main, file: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 3 * 100 * 130 * 2)
    for page in (1, 2, 3):
        pictures.request(*file, page, 100, main.heard.append)
        main.wait()
    pictures.request(*file, 3, 100, main.heard.append)
    assert len(main.heard) == 4
    pictures.request(*file, 1, 100, main.heard.append)
    assert len(main.heard) == 4
    main.wait()


def test_a_file_is_checked_beside_the_main_thread(pictures: PagePictures, main: Main, file: tuple[Path, str]) -> None:
    pictures.check(*file, main.heard.append)
    assert main.wait() is None
    pictures.check(file[0], "0" * 64, main.heard.append)
    assert isinstance(main.wait(), RenderFailure)

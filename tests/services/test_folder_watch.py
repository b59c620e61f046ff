"""Watching folders: a change is told once, soon, and by polling where the system has no events to give."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watchdog.observers.api import BaseObserver

from app.services.folder_scan import scan
from app.services.folder_watch import FolderWatch
from tests.services.libraries import Shelf

QUIET = 0.2


class Heard:
    """The names that were told of. That a folder is watched from now on is told first, and not kept here."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._arrived = threading.Semaphore(0)

    def __call__(self, name: str) -> None:
        self.names.append(name)
        self._arrived.release()

    def one(self, seconds: float = 15) -> str:
        """The next name. Fails if none comes."""
        assert self._arrived.acquire(timeout=seconds), "nothing was told"
        return self.names[-1]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def start(heard: Heard) -> Iterator[Callable[..., FolderWatch]]:
    watches: list[FolderWatch] = []

    def make(poll: float = 60) -> FolderWatch:
        watches.append(FolderWatch(heard, QUIET, poll))
        return watches[-1]

    yield make
    for watch in watches:
        watch.close()


def watch_from_now(watch: FolderWatch, heard: Heard, name: str, folder: Path) -> None:
    watch.watch(name, (folder,))
    assert heard.one() == name
    heard.names.clear()


def test_many_changes_at_once_are_told_once(tmp_path: Path, heard: Heard, start: Callable[..., FolderWatch]) -> None:
    (tmp_path / "below").mkdir()
    watch_from_now(start(), heard, "Papers", tmp_path)
    for number in range(50):
        (tmp_path / "below" / f"{number}.txt").write_text("x")
    assert heard.one() == "Papers"
    time.sleep(3 * QUIET)
    assert heard.names == ["Papers"]


def test_reading_a_file_is_no_change(tmp_path: Path, heard: Heard, start: Callable[..., FolderWatch]) -> None:
    (tmp_path / "a.txt").write_text("x")
    watch_from_now(start(), heard, "Papers", tmp_path)
    for _ in range(3):
        (tmp_path / "a.txt").read_text()
    time.sleep(3 * QUIET)
    assert heard.names == []


def test_only_the_library_that_has_the_folder_hears(
    tmp_path: Path, heard: Heard, start: Callable[..., FolderWatch]
) -> None:
    watch = start()
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        watch_from_now(watch, heard, name, tmp_path / name)
    watch.unwatch("three")
    (tmp_path / "three" / "a.txt").touch()
    (tmp_path / "two" / "a.txt").touch()
    assert heard.one() == "two"
    time.sleep(2 * QUIET)
    assert heard.names == ["two"]


def test_a_folder_that_goes_and_comes_back_is_told_both_times_and_watched_again(
    tmp_path: Path, heard: Heard, start: Callable[..., FolderWatch]
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    watch_from_now(start(), heard, "Papers", folder)
    folder.rename(tmp_path / "away")
    heard.one()
    (tmp_path / "away").rename(folder)
    heard.one()
    time.sleep(2 * QUIET)
    heard.names.clear()
    (folder / "new.txt").touch()
    heard.one()


def test_a_folder_that_another_takes_the_place_of_is_told_and_watched(
    tmp_path: Path, heard: Heard, start: Callable[..., FolderWatch]
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (tmp_path / "other").mkdir()
    watch = start()
    watch_from_now(watch, heard, "Papers", folder)
    watch_from_now(watch, heard, "Same", folder)
    folder.rename(tmp_path / "away")
    (tmp_path / "other").rename(folder)
    heard.one()
    heard.one()
    assert set(heard.names) == {"Papers", "Same"}
    time.sleep(2 * QUIET)
    heard.names.clear()
    (folder / "new.txt").touch()
    heard.one()
    heard.one()
    assert set(heard.names) == {"Papers", "Same"}


def test_what_links_lead_to_is_looked_at_now_and_then(tmp_path: Path, heard: Heard) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "papers" / "link").symlink_to(tmp_path / "elsewhere")
    assert scan([tmp_path / "papers"]).linked
    assert not scan([tmp_path / "elsewhere"]).linked
    watch = FolderWatch(heard, QUIET, 0.3)
    try:
        watch_from_now(watch, heard, "Papers", tmp_path / "papers")
        watch.look("Papers")
        assert heard.one() == heard.one() == "Papers"
    finally:
        watch.close()


def test_without_events_the_folder_is_looked_at_now_and_then(
    tmp_path: Path, heard: Heard, start: Callable[..., FolderWatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(BaseObserver, "schedule", exhausted)
    start(poll=0.3).watch("Papers", (tmp_path,))
    assert heard.one() == heard.one() == "Papers"


def test_a_library_is_kept_in_step_with_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    shelf = Shelf(tmp_path / "data", watch=True)
    try:
        shelf.create("Papers", folder)
        (folder / "new.txt").write_text("The notice period is three months.")
        shelf.until(lambda: bool(shelf.index.search("notice period", 1)))
        (folder / "new.txt").unlink()
        shelf.until(lambda: not shelf.index.search("notice period", 1))
    finally:
        shelf.close()

"""Downloads as the window and the command line see them, with the real process and a real server."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from app.domain.catalogue import CatalogueEntry
from app.engine.gguf_parts import read_model
from app.errors import DownloadError
from app.jobs import Lane
from app.services.catalogue import entry_named
from app.services.download_events import DownloadChanged, DownloadPhase
from app.services.downloads import DownloadService
from tests.hub.server import QUICK, Fault, LocalHub, always, content, entry_of, local_hub, once
from tests.models import TINY
from tests.split_models import split_in_two

FILES = {"model.gguf": content(1_500_000)}


class Desk:
    """A DownloadService, what it told, and a main loop that runs until something is true."""

    def __init__(self, folder: Path, endpoint: str, catalogue: tuple[CatalogueEntry, ...]) -> None:
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.events: list[DownloadChanged] = []
        self.downloaded: list[tuple[tuple[Path, ...], tuple[str, ...]]] = []
        self.offline = False
        self.token = ""
        self.service = DownloadService(
            catalogue,
            folder,
            Lane("downloads"),
            self._tasks.put,
            self.events.append,
            lambda: endpoint,
            lambda: self.token,
            lambda: self.offline,
            lambda files, sha256: self.downloaded.append((files, sha256)),
            QUICK,
        )

    def until(self, phase: DownloadPhase, identity: str = "small") -> None:
        end = time.monotonic() + 30
        while getattr(self.service.download(identity), "phase", None) is not phase:
            assert time.monotonic() < end, f"waited in vain for {phase}; the last events: {self.events[-3:]}"
            self.step()

    def step(self) -> None:
        try:
            self._tasks.get(timeout=0.05)()
        except queue.Empty:
            return

    @property
    def phases(self) -> list[DownloadPhase]:
        """Every phase once for each time that it began."""
        found = [event.download.phase for event in self.events]
        return [phase for i, phase in enumerate(found) if i == 0 or phase is not found[i - 1]]


@pytest.fixture
def slow_hub() -> Iterator[LocalHub]:
    with local_hub(FILES) as hub:
        hub.pause = 0.01
        yield hub


def test_the_token_of_the_settings_is_shown_to_the_hub_unless_another_one_is_given(
    tmp_path: Path, slow_hub: LocalHub
) -> None:
    entry = entry_of(FILES)
    desk = Desk(tmp_path, slow_hub.endpoint, (entry,))
    slow_hub.pause = 0
    for kept, given, shown in (("kept", None, "kept"), ("kept", "given", "given"), ("", None, None)):
        slow_hub.tokens.clear()
        desk.token = kept
        desk.service.start(entry, given)
        desk.until(DownloadPhase.DONE)
        assert {token for _, token in slow_hub.tokens} == {f"Bearer {shown}" if shown else None}
        desk.service.cancel("small")
        (tmp_path / "model.gguf").unlink()
    desk.service.close()


def test_a_model_is_fetched_and_its_checksum_kept(tmp_path: Path, slow_hub: LocalHub) -> None:
    entry = entry_of(FILES)
    desk = Desk(tmp_path, slow_hub.endpoint, (entry,))
    desk.service.start(entry)
    desk.until(DownloadPhase.DONE)
    desk.service.close()
    done = desk.service.download("small")
    assert done is not None
    assert done.files == (tmp_path / "model.gguf",)
    assert done.done == done.total == 1_500_000
    assert desk.downloaded == [(done.files, (entry.files[0].sha256,))]
    fetching = [event.download for event in desk.events if event.download.phase is DownloadPhase.FETCHING]
    assert any(download.speed and download.seconds_left is not None for download in fetching)
    assert desk.phases == [DownloadPhase.WAITING, DownloadPhase.ASKING, DownloadPhase.FETCHING, DownloadPhase.DONE]


def test_a_paused_download_is_offered_at_the_next_start_and_goes_on(tmp_path: Path, slow_hub: LocalHub) -> None:
    entry = entry_of(FILES)
    desk = Desk(tmp_path, slow_hub.endpoint, (entry,))
    desk.service.start(entry)
    desk.until(DownloadPhase.FETCHING)
    for _ in range(5):
        desk.step()
    desk.service.pause("small")
    desk.until(DownloadPhase.PAUSED)
    desk.service.close()
    later = Desk(tmp_path, slow_hub.endpoint, (entry,))
    found = later.service.download("small")
    assert found is not None
    assert found.phase is DownloadPhase.PAUSED
    assert 0 < found.done < found.total == 1_500_000
    later.service.start(entry)
    later.until(DownloadPhase.DONE)
    later.service.close()
    assert (tmp_path / "model.gguf").read_bytes() == FILES["model.gguf"]
    assert slow_hub.sent < 1.05 * 1_500_000


def test_closing_in_the_middle_is_a_pause(tmp_path: Path, slow_hub: LocalHub) -> None:
    entry = entry_of(FILES)
    desk = Desk(tmp_path, slow_hub.endpoint, (entry,))
    desk.service.start(entry)
    desk.until(DownloadPhase.FETCHING)
    pids = desk.service.process_ids
    desk.service.close()
    assert len(pids) == 1
    assert not psutil.pid_exists(pids[0])
    assert [download.phase for download in Desk(tmp_path, "", (entry,)).service.downloads()] == [DownloadPhase.PAUSED]


def test_a_cancelled_download_leaves_nothing(tmp_path: Path, slow_hub: LocalHub) -> None:
    entry = entry_of(FILES)
    desk = Desk(tmp_path, slow_hub.endpoint, (entry,))
    desk.service.start(entry)
    desk.until(DownloadPhase.FETCHING)
    desk.service.cancel("small")
    while desk.service.download("small") is not None:
        desk.step()
    desk.service.close()
    assert desk.events[-1].cancelled
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_is_told_and_gone_on_from(tmp_path: Path, slow_hub: LocalHub) -> None:
    entry = entry_of(FILES)
    desk = Desk(tmp_path, slow_hub.endpoint, (entry,))
    desk.service.start(entry)
    desk.until(DownloadPhase.FETCHING)
    psutil.Process(desk.service.process_ids[0]).kill()
    desk.until(DownloadPhase.FAILED)
    failed = desk.service.download("small")
    assert failed is not None
    assert failed.failure is not None
    assert "goes on from where it was" in failed.failure.remedy
    desk.service.start(entry)
    desk.until(DownloadPhase.DONE)
    desk.service.close()


def test_a_second_download_waits_in_line(tmp_path: Path) -> None:
    files = {"one.gguf": content(200_000, 1), "two.gguf": content(200_000, 2)}
    one, two = (entry_of({name: data}, name) for name, data in files.items())
    with local_hub(files) as hub:
        desk = Desk(tmp_path, hub.endpoint, (one, two))
        desk.service.start(one)
        desk.service.start(two)
        waiting = desk.service.download("two.gguf")
        assert waiting is not None
        assert waiting.reason == "Another model is fetched first."
        desk.until(DownloadPhase.DONE, "two.gguf")
        desk.service.close()
    assert {path.name for path in tmp_path.iterdir()} == set(files)


def test_what_fails_is_a_sentence(tmp_path: Path) -> None:
    entry = entry_of(FILES)
    with local_hub(FILES, always(Fault("wrong_bytes", at=1))) as hub:
        desk = Desk(tmp_path, hub.endpoint, (entry,))
        desk.service.start(entry)
        desk.until(DownloadPhase.FAILED)
        desk.service.close()
    failed = desk.service.download("small")
    assert failed is not None
    assert failed.failure is not None
    assert "checksum is wrong" in failed.failure.title


def test_with_the_offline_lock_no_process_is_started(tmp_path: Path, slow_hub: LocalHub) -> None:
    entry = entry_of(FILES)
    desk = Desk(tmp_path, slow_hub.endpoint, (entry,))
    desk.offline = True
    with pytest.raises(DownloadError, match="The offline lock is on"):
        desk.service.start(entry)
    assert desk.service.process_ids == ()
    desk.service.close()
    assert slow_hub.heads == 0


def test_the_lock_ends_what_runs(tmp_path: Path, slow_hub: LocalHub) -> None:
    entry = entry_of(FILES)
    desk = Desk(tmp_path, slow_hub.endpoint, (entry,))
    desk.service.start(entry)
    desk.until(DownloadPhase.FETCHING)
    desk.service.lock()
    desk.until(DownloadPhase.PAUSED)
    desk.service.close()


def test_known_parts_come_into_one_folder_and_are_one_model(tmp_path: Path) -> None:
    parts = split_in_two(TINY, tmp_path)
    entry = entry_of({part.name: part.read_bytes() for part in parts})
    # As gpt-oss-120b lies on the hub: in a folder of the repository.
    entry = replace(entry, files=tuple(replace(file, name=f"mxfp4/{file.name}") for file in entry.files))
    models = tmp_path / "models"
    models.mkdir()
    with local_hub({part.name: part.read_bytes() for part in parts}, once(Fault("drop", at=200_000), which=2)) as hub:
        desk = Desk(models, hub.endpoint, (entry,))
        desk.service.start(entry)
        desk.until(DownloadPhase.DONE)
        desk.service.close()
    assert desk.downloaded == [
        (tuple(models / part.name for part in parts), tuple(file.sha256 for file in entry.files))
    ]
    whole, found = read_model(TINY), read_model(models / parts[0].name)
    assert (found.name, found.tensor_count, found.tensor_bytes) == (whole.name, whole.tensor_count, whole.tensor_bytes)


def test_any_file_of_the_hub_can_be_named_in_parts_too(tmp_path: Path) -> None:
    files = {f"big-0000{i}-of-00002.gguf": content(100_000 * i, i) for i in (1, 2)}
    entry = entry_named((), "someone/something/big-00002-of-00002.gguf")
    with local_hub(files) as hub:
        desk = Desk(tmp_path, hub.endpoint, ())
        desk.service.start(entry)
        desk.until(DownloadPhase.DONE, entry.id)
        desk.service.close()
    done = desk.service.download(entry.id)
    assert done is not None
    assert [path.read_bytes() for path in done.files] == list(files.values())

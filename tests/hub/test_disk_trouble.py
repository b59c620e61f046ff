"""A disk that fills up, fails or takes no large files during a download: a sentence, and what arrived is of use."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.errors import DownloadError
from app.hub import transfer
from app.hub.messages import Downloaded, DownloadRequest, Event, Failed, Fetching
from app.hub.part import PartFile
from app.hub.process import DownloadProcess
from app.hub.sidecar import Sidecar, arrived
from app.hub.transfer import fetch
from tests.disks import small_disk
from tests.hub.server import QUICK, LocalHub, content, hub_file, local_hub

NAME = "model.gguf"
DATA = content(6_000_000)


def request(hub: LocalHub, folder: Path) -> DownloadRequest:
    return DownloadRequest("small", "a/b", None, (hub_file(NAME, DATA),), folder, hub.endpoint, None, QUICK)


def at_half(work: Callable[[], None]) -> Callable[[Event], None]:
    """Does something once half of a file has arrived."""
    done = threading.Event()

    def tell(event: Event) -> None:
        if isinstance(event, Fetching) and event.done > len(DATA) / 2 and not done.is_set():
            done.set()
            work()

    return tell


def test_a_disk_that_fills_up_is_said_and_the_download_goes_on_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_DISK_RESERVE", 0)
    with small_disk(tmp_path / "disk", "8m") as disk, local_hub({NAME: DATA}) as hub:
        hub.rate = 10_000_000
        ballast = disk / "ballast"

        def fill() -> None:
            with ballast.open("wb", buffering=0) as stream:
                while stream.write(bytes(4096)) == 4096:
                    pass

        def fill_all() -> None:
            with pytest.raises(OSError, match="No space left"):
                fill()

        with pytest.raises(DownloadError, match="The disk is full") as failed:
            fetch(request(hub, disk), at_half(fill_all), threading.Event())
        assert "what has arrived is kept" in failed.value.remedy
        assert not (disk / NAME).exists()
        assert arrived(disk / NAME) > len(DATA) / 2
        with pytest.raises(DownloadError, match="too little room"):
            fetch(request(hub, disk), lambda event: None, threading.Event())
        ballast.unlink()
        fetch(request(hub, disk), lambda event: None, threading.Event())
        assert (disk / NAME).read_bytes() == DATA
        assert [path.name for path in disk.iterdir()] == [NAME]
        assert hub.sent <= 1.05 * len(DATA) + hub.spoiled


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
def test_a_disk_that_takes_no_such_large_files_is_said(tmp_path: Path) -> None:
    """FAT ends at 4 GB. A limit of the process gives the same error."""
    process = DownloadProcess()

    def limit() -> None:
        assert process.pid is not None
        psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, (4_000_000, 4_000_000))

    with local_hub({NAME: DATA}) as hub:
        hub.rate = 10_000_000
        end = process.run(request(hub, tmp_path), at_half(limit))
        assert isinstance(end, Failed)
        assert end.title == f"The disk of {tmp_path} takes no files as large as this one."
        assert "FAT" in end.remedy
        assert arrived(tmp_path / NAME) == 4_000_000
        hub.rate = 0
        assert isinstance(DownloadProcess().run(request(hub, tmp_path), lambda event: None), Downloaded)
        assert (tmp_path / NAME).read_bytes() == DATA
        assert hub.sent <= 1.05 * len(DATA) + hub.spoiled


def test_what_a_disk_failed_to_write_is_not_trusted_although_it_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux reports an error of writing once, and then has the pages for clean."""
    sidecar = Sidecar("small", NAME, "", len(DATA), hub_file(NAME, DATA).sha256 or "")
    real, failures = os.fsync, iter([False, True])

    def fsync(descriptor: int) -> None:
        if next(failures, False):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    def receive(start: int, end: int) -> None:
        with PartFile(tmp_path / NAME) as part:
            part.begin(sidecar, lambda done, total: None)
            part.write(DATA[start:end])
            if end == len(DATA):
                part.finish()

    receive(0, 1_000_000)
    assert arrived(tmp_path / NAME) == 1_000_000
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output error"):
        receive(1_000_000, len(DATA))
    assert not (tmp_path / NAME).exists()
    assert arrived(tmp_path / NAME) == 1_000_000

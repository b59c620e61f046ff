"""A download against a server that behaves badly: it ends with the right file, or with a sentence and without one."""

from __future__ import annotations

import hashlib
import shutil
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from app.errors import DownloadError
from app.hub.messages import DownloadRequest, Event, Fetching, Waiting
from app.hub.network import _certificates, retry_after
from app.hub.part import PartFile
from app.hub.sidecar import Sidecar, read_sidecar
from app.hub.transfer import StoppedError, fetch
from tests.hub.server import QUICK, Fault, LocalHub, Plan, always, content, hub_file, local_hub, once

NAME = "model.gguf"
DATA = content(1_500_000)


class Outcome(NamedTuple):
    hub: LocalHub
    events: list[Event]
    error: DownloadError | None


def request(hub: LocalHub, folder: Path, known: bool = True, token: str | None = None) -> DownloadRequest:
    files = tuple(hub_file(name, data, known) for name, data in hub.files.items())
    return DownloadRequest("small", "someone/something", None, files, folder, hub.endpoint, token, QUICK)


def download(folder: Path, plan: Plan, known: bool = True) -> Outcome:
    events: list[Event] = []
    with local_hub({NAME: DATA}, plan) as hub:
        try:
            fetch(request(hub, folder, known), events.append, threading.Event())
        except DownloadError as error:
            return Outcome(hub, events, error)
        return Outcome(hub, events, None)


def test_a_file_is_fetched_and_nothing_else_is_left(tmp_path: Path) -> None:
    outcome = download(tmp_path, always(Fault("none")))
    assert outcome.error is None
    assert (tmp_path / NAME).read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert outcome.hub.sent == len(DATA)
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop", at=700_001),
        Fault("drop", at=0),
        Fault("stall", at=300_000),
        Fault("status", number=500),
        Fault("status", number=503, headers={"Retry-After": "0"}),
        Fault("status", number=429, headers={"Retry-After": "1"}),
        Fault("redirect"),
        Fault("long"),
        Fault("short"),
        Fault("coded"),
        Fault("crawl", at=100_000),
    ],
    ids=lambda fault: f"{fault.kind}{fault.number or ''}",
)
def test_a_fault_that_passes_is_overcome(tmp_path: Path, fault: Fault) -> None:
    outcome = download(tmp_path, once(fault))
    assert outcome.error is None
    assert (tmp_path / NAME).read_bytes() == DATA
    assert outcome.hub.sent <= 1.05 * len(DATA) + outcome.hub.spoiled


@pytest.mark.parametrize("kind", ["no_range", "416", "etag", "garbled_range", "long", "short"])
def test_a_fault_in_the_second_request_is_overcome(tmp_path: Path, kind: str) -> None:
    def plan(method: str, count: int) -> Fault | None:
        return {1: Fault("drop", at=600_000), 2: Fault(kind, at=200_000)}.get(count) if method == "GET" else None

    outcome = download(tmp_path, plan)
    assert outcome.error is None
    assert (tmp_path / NAME).read_bytes() == DATA
    assert outcome.hub.sent <= 1.05 * len(DATA) + outcome.hub.spoiled


def test_a_server_that_never_sends_ranges_is_borne_with(tmp_path: Path) -> None:
    def plan(method: str, count: int) -> Fault | None:
        return Fault("drop", at=count * 400_000) if count < 4 else Fault("no_range")

    with local_hub({NAME: DATA}, plan) as hub:
        fetch(request(hub, tmp_path), lambda event: None, threading.Event())
    assert (tmp_path / NAME).read_bytes() == DATA


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("wrong_bytes", at=99), "its checksum is wrong, so it was deleted"),
        (Fault("status", number=500), "The server has a problem (status 500)."),
        (Fault("status", number=404), "There is no model.gguf where the hub should have it."),
        (Fault("status", number=403), "does not let you have"),
        (Fault("status", number=429, headers={"Retry-After": "7200"}), "left alone for 120 minutes"),
        (Fault("loop"), "from address to address"),
        (Fault("insecure", number=302, headers={"Location": "ftp://127.0.0.1/file"}), "not encrypted"),
        (Fault("drop", at=0), "The connection broke."),
        (Fault("short"), "another length"),
        (Fault("coded"), "another coding"),
    ],
    ids=lambda value: f"{value.kind}{value.number or ''}" if isinstance(value, Fault) else "",
)
def test_a_fault_that_stays_ends_in_a_sentence_and_without_a_file(tmp_path: Path, fault: Fault, words: str) -> None:
    outcome = download(tmp_path, always(fault))
    assert outcome.error is not None
    assert words in str(outcome.error)
    assert outcome.error.remedy
    assert not (tmp_path / NAME).exists()


def test_wrong_bytes_leave_nothing_behind_and_the_next_try_succeeds(tmp_path: Path) -> None:
    assert download(tmp_path, always(Fault("wrong_bytes", at=5))).error is not None
    assert [path.suffix for path in tmp_path.iterdir() if path.suffix != ".lock"] == []
    assert download(tmp_path, always(Fault("none"))).error is None


def test_metadata_are_asked_for_again_when_the_hub_is_busy(tmp_path: Path) -> None:
    def plan(method: str, count: int) -> Fault | None:
        busy = Fault("status", number=429, headers={"Retry-After": "0"})
        return busy if method == "HEAD" and count < 3 else None

    outcome = download(tmp_path, plan)
    assert outcome.error is None
    assert [event.reason for event in outcome.events if isinstance(event, Waiting)] == ["The server is busy."] * 2


def test_the_checksum_is_the_hub_s_where_the_catalogue_has_none(tmp_path: Path) -> None:
    assert download(tmp_path, always(Fault("none")), known=False).error is None
    assert (tmp_path / NAME).read_bytes() == DATA


def test_a_file_without_any_checksum_is_not_fetched(tmp_path: Path) -> None:
    with local_hub({NAME: DATA}) as hub:
        hub.linked_etag = False
        with pytest.raises(DownloadError, match="doesn’t say the checksum"):
            fetch(request(hub, tmp_path, known=False), lambda event: None, threading.Event())
    assert hub.sent == 0


def test_another_file_than_the_catalogue_s_is_refused(tmp_path: Path) -> None:
    with local_hub({NAME: DATA}) as hub:
        wanted = request(hub, tmp_path)
        hub.files[NAME] = content(len(DATA), seed=2)
        with pytest.raises(DownloadError, match=r"another model\.gguf than the one that this version knows"):
            fetch(wanted, lambda event: None, threading.Event())


def test_a_file_that_is_exchanged_meanwhile_is_begun_anew_if_any_will_do(tmp_path: Path) -> None:
    other = content(1_200_000, seed=3)
    with local_hub({NAME: DATA}) as hub:

        def plan(method: str, count: int) -> Fault | None:
            if method == "GET" and count == 2:
                hub.files[NAME] = other
                return Fault("drop", at=0)
            return Fault("drop", at=500_000) if method == "GET" and count == 1 else None

        hub.plan = plan
        fetch(request(hub, tmp_path, known=False), lambda event: None, threading.Event())
    assert (tmp_path / NAME).read_bytes() == other


def test_a_stopped_download_goes_on_where_it_was(tmp_path: Path) -> None:
    stop = threading.Event()

    def tell(event: Event) -> None:
        if isinstance(event, Fetching):
            stop.set()

    with local_hub({NAME: DATA}, once(Fault("stall", at=400_000))) as hub:
        with pytest.raises(StoppedError):
            fetch(request(hub, tmp_path), tell, stop)
        sidecar = read_sidecar(tmp_path / f"{NAME}.part.json")
        assert sidecar is not None
        assert sidecar.sha256 == hashlib.sha256(DATA).hexdigest()
        had = (tmp_path / f"{NAME}.part").stat().st_size
        assert had == sidecar.synced
        fetch(request(hub, tmp_path), lambda event: None, threading.Event())
    assert (tmp_path / NAME).read_bytes() == DATA


def test_after_a_crash_of_the_computer_only_what_was_synced_is_trusted(tmp_path: Path) -> None:
    part, json_file = tmp_path / f"{NAME}.part", tmp_path / f"{NAME}.part.json"
    sidecar = Sidecar("small", NAME, "", len(DATA), hashlib.sha256(DATA).hexdigest())
    with PartFile(tmp_path / NAME) as file:
        file.begin(sidecar, lambda done, total: None)
        file.write(DATA[:500_000])
    json_file.write_text(json_file.read_text().replace('"boot": "', '"boot": "another-'))
    part.write_bytes(DATA[:500_000] + bytes(300_000))
    outcome = download(tmp_path, always(Fault("none")))
    assert outcome.error is None
    assert outcome.hub.sent == len(DATA) - 500_000


def test_a_damaged_sidecar_begins_anew(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * 1000)
    for text in ("", "[]", "{}", '{"entry": 1}', '{"entry":"a","file":"b","url":"","size":-1,"sha256":"","synced":5}'):
        (tmp_path / f"{NAME}.part.json").write_text(text)
        assert read_sidecar(tmp_path / f"{NAME}.part.json") is None
    assert download(tmp_path, always(Fault("none"))).error is None


def test_two_downloads_of_a_file_do_not_meet(tmp_path: Path) -> None:
    with local_hub({NAME: DATA}) as hub:
        wanted = request(hub, tmp_path)
        with PartFile(tmp_path / NAME), pytest.raises(DownloadError, match="is being downloaded already"):
            fetch(wanted, lambda event: None, threading.Event())


def test_a_file_that_is_there_is_not_fetched_again_and_another_one_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA)
    assert download(tmp_path, always(Fault("none"))).hub.gets == 0
    (tmp_path / NAME).write_bytes(DATA[:-1] + b"!")
    outcome = download(tmp_path, always(Fault("none")))
    assert "another model.gguf" in str(outcome.error)
    assert (tmp_path / NAME).read_bytes().endswith(b"!")


def test_too_little_room_is_said_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1 << 40, 1 << 40, 1 << 20))
    outcome = download(tmp_path, always(Fault("none")))
    assert "too little room" in str(outcome.error)
    assert outcome.hub.gets == 0


def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    outcome = download(tmp_path / "gone", always(Fault("none")))
    assert "can’t be written to" in str(outcome.error)


def test_a_token_is_shown_to_the_endpoint_alone(tmp_path: Path) -> None:
    with local_hub({NAME: DATA}) as hub, local_hub({NAME: DATA}) as elsewhere:
        hub.redirect_to = elsewhere.endpoint
        fetch(request(hub, tmp_path, token="secret"), lambda event: None, threading.Event())
        assert {token for _, token in hub.tokens} == {"Bearer secret"}
        assert [token for _, token in elsewhere.tokens] == [None]
    assert (tmp_path / NAME).read_bytes() == DATA


@pytest.mark.parametrize("endpoint", ["", "huggingface.co", "ftp://example.org", "http://", "http://127.0.0.1:1"])
def test_an_endpoint_that_is_none_is_a_sentence(tmp_path: Path, endpoint: str) -> None:
    wanted = DownloadRequest("small", "a/b", None, (hub_file(NAME, DATA),), tmp_path, endpoint, None, QUICK)
    with pytest.raises(DownloadError, match=r"no address of a hub|can’t be reached"):
        fetch(wanted, lambda event: None, threading.Event())


def test_certificates_that_cannot_be_read_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    _certificates.cache_clear()
    with local_hub({NAME: DATA}) as hub, pytest.raises(DownloadError, match="certificates that this computer trusts"):
        fetch(request(hub, tmp_path), lambda event: None, threading.Event())


def test_several_parts_are_one_download(tmp_path: Path) -> None:
    files = {f"big-0000{i}-of-00003.gguf": content(300_000 * i, seed=i) for i in (1, 2, 3)}
    events: list[Event] = []
    with local_hub(files, once(Fault("drop", at=10_000), which=2)) as hub:
        done = fetch(request(hub, tmp_path), events.append, threading.Event())
    assert [path.read_bytes() for path in done.files] == list(files.values())
    assert {event.total for event in events if isinstance(event, Fetching)} <= {1_800_000}


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after("12") == 12
    assert retry_after(None) is None
    assert retry_after("soon") is None
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0

"""The first page, a download that runs meanwhile, and what becomes of the model that arrives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.catalogue import Suitability
from app.domain.chat import Failure
from app.errors import DownloadError
from app.services.download_events import Download, DownloadPhase
from app.services.events import ModelPhase, ModelState
from app.services.nearby import Nearby
from app.settings import Settings
from app.ui import model_words
from app.ui.error_box import ErrorBox
from app.ui.main_window import MainWindow
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fake_models import GIB, HERE, LARGE, NOMIC, SMALL, prospect
from tests.ui.fakes import MODEL, TRIAL, FakeCore

NOTHING = ModelState(ModelPhase.NONE)
ON_TRIAL = ModelState(ModelPhase.READY, TRIAL)


def visible(window: MainWindow) -> list[str]:
    """What the buttons of the first page say."""
    page = window.panels.pages.first_run
    return [each.text() for each in page.findChildren(QPushButton) if each.isVisible()]


def button(window: MainWindow, text: str) -> QPushButton:
    return next(each for each in window.findChildren(QPushButton) if each.text() == text and each.isVisible())


def said(window: MainWindow) -> str:
    page = window.panels.pages.first_run
    return " ".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def test_the_recommended_model_is_offered_with_what_it_takes(open_window: Opener) -> None:
    window = open_window(FakeCore(state=NOTHING))
    (row,) = window.panels.pages.first_run.rows
    assert "gpt-oss-20b runs well here" in row.text
    plain = row.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "12.1 GB to download · 11.0 GB of memory · 214.7 GB free on the disk" in plain
    assert visible(window)[0] == "Get gpt-oss-20b (12.1 GB)"
    assert window.focusWidget() is row.buttons[0], "a key gets it"
    assert "huggingface" not in said(window), "the address that everybody has is nobody's concern"


def test_another_hub_is_named(open_window: Opener) -> None:
    window = open_window(FakeCore(state=NOTHING, settings=Settings(hub_endpoint="https://mirror.example")))
    assert "Models are fetched from https://mirror.example." in said(window)


def test_the_tab_key_goes_through_the_page_from_the_top(open_window: Opener) -> None:
    window = open_window(FakeCore(state=NOTHING))
    met = []
    for _ in range(4):
        focused = window.focusWidget()
        assert isinstance(focused, QPushButton)
        met.append(focused.text())
        hands.press(focused, Qt.Key.Key_Tab)
    assert met == [
        "Get gpt-oss-20b (12.1 GB)",
        "Other models…",
        "Open a model file…",
        "Start with the trial model",
    ]


def test_what_will_not_run_says_why_and_is_not_pressed_upon_anybody(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=NOTHING)
    reason = "gpt-oss-20b needs 11.6 GB of memory, and this computer has 8.0 GB."
    refused = {"suitability": Suitability.NOT_HERE, "sentence": reason, "recommended": False}
    core.model_store.found = [prospect(SMALL, **refused), prospect(LARGE, **refused)]
    window = open_window(core)
    assert reason in said(window)
    assert "will not run here" in said(window)
    assert visible(window)[0] == "Get it all the same"


def test_a_disk_that_is_too_small_leaves_nothing_to_press(open_window: Opener) -> None:
    core = FakeCore(state=NOTHING)
    core.model_store.found = [prospect(SMALL, suitability=Suitability.NOT_HERE, free_disk=GIB, sentence="No room.")]
    window = open_window(core)
    assert "No room." in said(window)
    assert not button(window, "Get it all the same").isEnabled()


def test_a_download_is_shown_on_the_page_paused_and_gone_on_with(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=NOTHING)
    downloads = core.model_store.downloads
    window = open_window(core)
    hands.click(button(window, "Get gpt-oss-20b (12.1 GB)"))
    assert downloads.calls == [("start", "gpt-oss-20b")]
    downloads.become(SMALL, DownloadPhase.FETCHING, done=3 * 10**9, total=SMALL.size, speed=11.2e6, seconds_left=813.0)
    qtbot.waitUntil(lambda: "3.0 GB of 12.1 GB · 11.2 MB/s, 13 min 33 s left" in said(window))
    assert window.panels.downloads.text == "", "it is told once"
    hands.click(button(window, "Pause"))
    qtbot.waitUntil(lambda: "Paused at 3.0 GB of 12.1 GB" in said(window))
    hands.click(button(window, "Resume"))
    assert downloads.calls[-1] == ("start", "gpt-oss-20b")


def test_the_focus_stays_on_the_button_while_it_changes(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=NOTHING)
    window = open_window(core)
    hands.press(button(window, "Get gpt-oss-20b (12.1 GB)"), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: "Pause" in visible(window))
    assert window.focusWidget() is button(window, "Pause")


def test_the_trial_is_used_meanwhile_and_the_strip_tells_how_far_it_is(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=ON_TRIAL)
    window = open_window(core)
    strip = window.panels.downloads
    assert not strip.isVisible()
    core.model_store.downloads.become(SMALL, DownloadPhase.FETCHING, done=6 * 10**9, total=SMALL.size, speed=250_000.0)
    qtbot.waitUntil(lambda: strip.text == "gpt-oss-20b · 6.0 GB of 12.1 GB · 250 kB/s")
    marks = [label.text() for label in window.panels.sidebar.findChildren(QLabel)]
    assert "● Fetching a model" in marks, "nobody may say that nothing is open now"
    hands.click(button(window, "Pause"))
    assert core.model_store.downloads.calls == [("pause", "gpt-oss-20b")]
    qtbot.waitUntil(lambda: "Paused at" in strip.text)
    assert "● Offline" in [label.text() for label in window.panels.sidebar.findChildren(QLabel)]
    hands.click(button(window, "Hide"))
    assert not strip.isVisible()


def test_what_arrives_takes_over_from_the_trial_and_says_so(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=ON_TRIAL)
    window = open_window(core)
    core.model_store.downloads.become(SMALL, DownloadPhase.DONE, files=(HERE.path,))
    assert core.models.calls == [("choose", HERE.path)]
    assert window.panels.banner.text == "gpt-oss-20b is here. It answers from now on."
    assert not window.panels.downloads.isVisible()


def test_what_arrives_is_only_offered_beside_another_model(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=ModelState(ModelPhase.READY, replace(MODEL, name="qwen")))
    window = open_window(core)
    core.model_store.downloads.become(SMALL, DownloadPhase.DONE, files=(HERE.path,))
    assert core.models.calls == []
    assert window.panels.banner.text == "gpt-oss-20b is here. qwen still answers."
    hands.click(button(window, "Use it"))
    assert core.models.calls == [("choose", HERE.path)]
    assert not window.panels.banner.isVisible()


def test_what_an_earlier_run_left_is_offered(open_window: Opener) -> None:
    core = FakeCore(state=NOTHING)
    core.model_store.downloads.leave(Download(SMALL, DownloadPhase.PAUSED, 5 * 10**9, SMALL.size))
    window = open_window(core)
    assert "Paused at 5.0 GB of 12.1 GB" in said(window)
    assert visible(window)[0] == "Resume"


def test_a_download_that_failed_says_why_and_can_be_tried_again(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=NOTHING)
    window = open_window(core)
    failure = Failure("The server can’t be reached.", "See whether this computer is online.")
    core.model_store.downloads.become(SMALL, DownloadPhase.FAILED, done=1, total=SMALL.size, failure=failure)
    qtbot.waitUntil(lambda: "The server can’t be reached. See whether this computer is online." in said(window))
    hands.click(button(window, "Try again"))
    assert core.model_store.downloads.calls == [("start", "gpt-oss-20b")]


def test_a_download_that_may_not_begin_says_why(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=NOTHING)
    core.model_store.downloads.refuse = DownloadError("The offline lock is on.", "Switch it off.")
    window = open_window(core)
    hands.click(button(window, "Get gpt-oss-20b (12.1 GB)"))
    (box,) = window.findChildren(ErrorBox)
    assert box.isVisible()
    box.close()


def test_the_offline_lock_stands_in_the_way_until_it_is_off(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=NOTHING, settings=Settings(offline=True))
    window = open_window(core)
    assert not button(window, "Get gpt-oss-20b (12.1 GB)").isEnabled()
    assert "The offline lock is on" in said(window)
    hands.click(button(window, "Switch the offline lock off"))
    assert not core.settings.offline
    qtbot.waitUntil(lambda: button(window, "Get gpt-oss-20b (12.1 GB)").isEnabled())


def test_a_model_that_lies_near_is_offered_first(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=NOTHING)
    place = Path("/media/ada/USB DISK/gpt-oss-20b-mxfp4.gguf")
    core.model_store.shelf.near = (Nearby(SMALL, (place,)),)
    window = open_window(core)
    assert "Found gpt-oss-20b on USB DISK" in said(window)
    assert visible(window)[:3] == ["Use it here", "Copy it", "Get gpt-oss-20b (12.1 GB)"]
    hands.click(button(window, "Use it here"))
    assert core.model_store.shelf.calls == [("use_in_place", place)]
    assert core.models.calls == [("choose", place)]


def test_a_copy_is_shown_stopped_or_taken_into_use(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=NOTHING)
    shelf = core.model_store.shelf
    place = Path("/media/ada/USB DISK/gpt-oss-20b-mxfp4.gguf")
    shelf.near = (Nearby(SMALL, (place,)),)
    window = open_window(core)
    hands.click(button(window, "Copy it"))
    shelf.get_on(3 * 10**9, SMALL.size)
    qtbot.waitUntil(lambda: "Copying gpt-oss-20b-mxfp4.gguf 3.0 GB of 12.1 GB" in said(window))
    hands.click(button(window, "Stop"))
    qtbot.waitUntil(lambda: "Copy it" in visible(window))
    assert core.models.calls == []
    hands.click(button(window, "Copy it"))
    shelf.end(HERE)
    assert core.models.calls == [("choose", HERE.path)]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/media/ada/USB DISK/models/a.gguf", "on USB DISK"),
        ("/run/media/ada/STICK/a.gguf", "on STICK"),
        ("/Volumes/Backup/a.gguf", "on Backup"),
        ("/mnt/disk/a.gguf", "on disk"),
        ("/home/ada/Downloads/a.gguf", "in Downloads"),
    ],
)
def test_a_place_is_called_what_people_call_it(path: str, words: str) -> None:
    assert model_words.place_of(Path(path)) == words


def test_a_model_for_documents_that_arrives_does_not_answer(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=NOTHING)
    window = open_window(core)
    core.model_store.downloads.become(NOMIC, DownloadPhase.DONE, files=(Path("/data/models/nomic.gguf"),))
    assert core.models.calls == []
    assert "nomic-embed-text v1.5 is used for your documents." in window.panels.banner.text


def test_a_model_that_is_here_but_not_chosen_is_offered(open_window: Opener) -> None:
    core = FakeCore(state=NOTHING)
    core.model_store.installed.put(HERE)
    window = open_window(core)
    assert visible(window)[0] == "Use it"
    hands.click(button(window, "Use it"))
    assert core.models.calls == [("choose", HERE.path)]

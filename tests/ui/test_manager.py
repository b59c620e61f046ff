"""The manager of models: what is here, what can be fetched, the one for documents, the lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.catalogue import Purpose
from app.domain.chat import Failure
from app.errors import ModelFileError
from app.services.document_events import EmbeddingPhase, EmbeddingState
from app.services.download_events import Download, DownloadPhase
from app.services.events import ModelPhase, ModelState
from app.services.installed import Check, InstalledModel
from app.services.model_purpose import purpose_of
from app.ui import model_words
from app.ui.add_model_dialog import AddModelDialog
from app.ui.confirm_dialog import ConfirmDialog
from app.ui.main_window import MainWindow
from app.ui.manager_dialog import ManagerDialog
from app.ui.widgets.model_row import ModelRow
from tests.bert_models import write_tiny
from tests.models import TINY
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fake_models import HERE, LARGE, NOMIC, SMALL
from tests.ui.fakes import MODEL, FakeCore

OTHER = InstalledModel(Path("/usb/qwen.gguf"), (), "qwen", 2 * 10**9, in_place=True)
BROKEN = InstalledModel(Path("/data/models/half.gguf"), (), "half", 10**9, problem="half.gguf is cut off.")
FOR_DOCUMENTS = InstalledModel(Path("/data/models/nomic.gguf"), (), "nomic-embed-text v1.5", NOMIC.size, NOMIC)


@pytest.fixture
def core() -> FakeCore:
    core = FakeCore()
    core.model_store.installed.put(HERE, OTHER, BROKEN)
    core.models.become(ModelState(ModelPhase.READY, replace(MODEL, path=HERE.path)))
    return core


@pytest.fixture
def window(open_window: Opener, core: FakeCore) -> MainWindow:
    return open_window(core)


@pytest.fixture
def dialog(window: MainWindow) -> ManagerDialog:
    window.panels.header.models_requested.emit()
    found = window.findChild(ManagerDialog)
    assert isinstance(found, ManagerDialog)
    return found


def row_of(rows: object, title: str) -> ModelRow:
    assert isinstance(rows, list)
    return next(row for row in rows if isinstance(row, ModelRow) and title in row.text)


def press(row: ModelRow, text: str) -> None:
    hands.click(next(each for each in row.buttons if each.text() == text))


def labels(row: ModelRow) -> list[str]:
    return [each.text() for each in row.buttons]


def confirm(window: MainWindow) -> str:
    """Agree to what is asked; gives what that was."""
    dialog = window.findChildren(ConfirmDialog)[-1]
    asked = dialog.windowTitle()
    agree = dialog.findChild(QPushButton, "agree")
    assert agree is not None
    hands.click(agree)
    return asked


def test_it_opens_from_the_header_and_from_the_menu_of_the_application(window: MainWindow) -> None:
    for menu in (window.panels.header.menu, window.panels.sidebar.menu):
        next(action for action in menu.actions() if action.text() == "Models…").trigger()
        (dialog,) = [each for each in window.findChildren(ManagerDialog) if each.isVisible()]
        hands.press(dialog, Qt.Key.Key_Escape)


def test_every_model_says_how_it_stands(dialog: ManagerDialog) -> None:
    here = list(dialog.here)
    assert row_of(here, "gpt-oss-20b").text == "gpt-oss-20b in use 12.1 GB · checksum is right"
    assert row_of(here, "qwen").text == "qwen 2.0 GB · not verified · used where it lies, in /usb"
    assert row_of(here, "half").text == "half can’t be used 1.0 GB half.gguf is cut off."
    assert labels(row_of(here, "gpt-oss-20b")) == ["Verify", "Show in folder", "Remove…"]
    assert labels(row_of(here, "qwen")) == ["Use", "Verify", "Show in folder", "Forget…"]
    assert labels(row_of(here, "half")) == ["Show in folder", "Remove…"]


def test_another_model_is_taken_into_use(core: FakeCore, dialog: ManagerDialog, qtbot: QtBot) -> None:
    press(row_of(list(dialog.here), "qwen"), "Use")
    assert core.models.calls == [("choose", OTHER.path)]
    qtbot.waitUntil(lambda: "qwen in use" in row_of(list(dialog.here), "qwen").text)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Check.WRONG, "Damaged: this is not the file that was published. Get it again."),
        (Check.UNKNOWN, "It can be read to its end. Nobody has published a checksum to compare."),
        (ModelFileError("qwen.gguf can’t be read to its end.", "Check the disk it lies on."), "Check the disk"),
        (None, "not verified"),
    ],
)
def test_verifying_shows_how_far_it_is_and_what_came_of_it(
    core: FakeCore, dialog: ManagerDialog, qtbot: QtBot, outcome: object, words: str
) -> None:
    press(row_of(list(dialog.here), "qwen"), "Verify")
    core.model_store.shelf.get_on(10**9, 2 * 10**9)
    qtbot.waitUntil(lambda: "Verifying qwen 1.0 GB of 2.0 GB" in row_of(list(dialog.here), "qwen").text)
    assert labels(row_of(list(dialog.here), "qwen")) == ["Stop"]
    core.model_store.shelf.end(outcome)
    qtbot.waitUntil(lambda: words in row_of(list(dialog.here), "qwen").text)


def test_removing_asks_first(core: FakeCore, window: MainWindow, dialog: ManagerDialog, qtbot: QtBot) -> None:
    press(row_of(list(dialog.here), "gpt-oss-20b"), "Remove…")
    assert core.model_store.shelf.calls == []
    assert confirm(window) == "Remove gpt-oss-20b?"
    assert core.model_store.shelf.calls == [("remove", "gpt-oss-20b")]
    press(row_of(list(dialog.here), "qwen"), "Forget…")
    assert confirm(window) == "Forget qwen?"
    qtbot.waitUntil(lambda: len(dialog.here) == 2)
    assert "half" in dialog.here[-1].text
    assert "gpt-oss-20b in use" in dialog.here[0].text, "it stays in use until the core says otherwise"


def test_a_model_is_fetched_paused_and_given_up(
    core: FakeCore, window: MainWindow, dialog: ManagerDialog, qtbot: QtBot
) -> None:
    large = row_of(list(dialog.to_get), "gpt-oss-120b")
    assert "will not run here" in large.text
    assert "gpt-oss-120b needs 61.0 GB of memory." in large.text
    assert [row.key for row in dialog.to_get] == ["gpt-oss-120b"], "what is here need not be fetched"
    press(large, "Get it all the same")
    core.model_store.downloads.become(LARGE, DownloadPhase.FETCHING, done=10**9, total=LARGE.size)
    qtbot.waitUntil(lambda: "Pause" in labels(large))
    press(large, "Pause")
    qtbot.waitUntil(lambda: "Resume" in labels(large))
    press(large, "Cancel")
    assert confirm(window) == "Cancel the download of gpt-oss-120b?"
    assert core.model_store.downloads.calls[-1] == ("cancel", "gpt-oss-120b")
    qtbot.waitUntil(lambda: labels(large) == ["Get it all the same"])


def test_a_download_that_has_brought_nothing_is_given_up_unasked(
    core: FakeCore, window: MainWindow, dialog: ManagerDialog, qtbot: QtBot
) -> None:
    press(row_of(list(dialog.to_get), "gpt-oss-120b"), "Get it all the same")
    qtbot.waitUntil(lambda: "Cancel" in labels(row_of(list(dialog.to_get), "gpt-oss-120b")))
    press(row_of(list(dialog.to_get), "gpt-oss-120b"), "Cancel")
    assert core.model_store.downloads.calls[-1] == ("cancel", "gpt-oss-120b")
    assert window.findChildren(ConfirmDialog) == []


def test_the_lock_is_a_switch(core: FakeCore, dialog: ManagerDialog, qtbot: QtBot) -> None:
    hands.press(dialog.lock, Qt.Key.Key_Space)
    assert core.settings.offline
    qtbot.waitUntil(lambda: not row_of(list(dialog.to_get), "gpt-oss-120b").buttons[0].isEnabled())
    hands.press(dialog.lock, Qt.Key.Key_Space)
    assert not core.settings.offline


def test_passages_are_found_by_meaning_or_not(core: FakeCore, dialog: ManagerDialog, qtbot: QtBot) -> None:
    first = dialog.documents[0]
    assert "Off. Passages in your documents are found by their words alone." in first.text
    assert [row.key for row in dialog.documents[1:]] == ["nomic-embed-text-v1.5"]
    core.model_store.installed.put(HERE, FOR_DOCUMENTS)
    qtbot.waitUntil(lambda: len(dialog.documents) == 1)
    state = EmbeddingState(EmbeddingPhase.WORKING, FOR_DOCUMENTS.path, 120, 61.0)
    core.documents.embeddings.become(state)
    qtbot.waitUntil(lambda: "Learning what the passages mean: 120 to do, 1 min 1 s left" in dialog.documents[0].text)
    assert "in use" in row_of(list(dialog.here), "nomic").text
    core.documents.embeddings.become(
        EmbeddingState(EmbeddingPhase.FAILED, FOR_DOCUMENTS.path, failure=Failure("It ended.", "Choose it again."))
    )
    qtbot.waitUntil(lambda: "It ended. Choose it again." in dialog.documents[0].text)
    press(dialog.documents[0], "Switch off")
    assert core.documents.embeddings.calls == [None]


@pytest.fixture
def for_documents(tmp_path: Path) -> Path:
    target = tmp_path / "my-embedder.gguf"
    write_tiny(target)
    return target


def test_a_model_for_documents_is_known_by_its_header(for_documents: Path, tmp_path: Path) -> None:
    assert purpose_of(for_documents) is Purpose.DOCUMENTS
    assert purpose_of(TINY) is Purpose.CHAT
    assert purpose_of(tmp_path / "none.gguf") is Purpose.CHAT


def test_opening_a_model_for_documents_uses_it_for_them(
    core: FakeCore, window: MainWindow, for_documents: Path
) -> None:
    window.open_files([for_documents])
    assert core.models.calls == []
    assert core.documents.embeddings.calls == [for_documents]
    assert window.panels.banner.text.startswith("my-embedder is used for your documents.")


def test_a_file_is_added_as_a_copy_or_where_it_lies(
    core: FakeCore, window: MainWindow, dialog: ManagerDialog, qtbot: QtBot
) -> None:
    for text, call in (("Copy it", ("copy_in", TINY)), ("Use it where it lies", ("use_in_place", TINY))):
        add(window, TINY)
        ask = window.findChildren(AddModelDialog)[-1]
        hands.click(next(each for each in ask.findChildren(QPushButton) if each.text() == text))
        assert core.model_store.shelf.calls[-1] == call
    assert core.models.calls[-1] == ("choose", TINY)
    qtbot.waitUntil(lambda: any("Copying tiny-gpt-oss.gguf" in row.text for row in dialog.here))


def add(window: MainWindow, path: Path) -> None:
    """Choose a file in the dialog that the button opens."""
    choose: Callable[[], list[QDialog]] = lambda: [  # noqa: E731
        each for each in window.findChildren(QDialog) if each.windowTitle() == "Add a model file"
    ]
    dialog = window.findChild(ManagerDialog)
    assert dialog is not None
    dialog.add_requested.emit()
    opened = choose()[-1]
    opened.fileSelected.emit(str(path))  # type: ignore[attr-defined]
    opened.close()


def test_a_server_that_is_out_of_reach_is_told_with_the_next_attempt() -> None:
    waits = Download(SMALL, DownloadPhase.WAITING, reason="The hub can’t be reached.", seconds_left=2.0)
    assert model_words.download(waits) == "The hub can’t be reached. Trying again in 2 s."
    assert model_words.download(replace(waits, reason="", seconds_left=None)) == "Starting the download"

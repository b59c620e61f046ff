"""Files in the composer: attached, dropped, pasted, waited for, left out; and the library that is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QGuiApplication
from pytestqt.qtbot import QtBot

from app.domain.chat import Attachment
from app.domain.documents import FileStatus
from app.services.document_events import Library
from app.services.events import ModelPhase, ModelState
from app.ui.actions import Act
from app.ui.main_window import MainWindow
from app.ui.widgets.file_chip import FileChip
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.documents import SHA
from tests.ui.fakes import FakeCore, Script
from tests.ui.test_window import ended, named, write

LEASE, SCAN = Path("/home/me/lease.pdf"), Path("/home/me/scan.pdf")


def attach(window: MainWindow, *paths: Path) -> None:
    window.panels.composer.files_pasted.emit(list(paths))


def chips(window: MainWindow) -> list[tuple[str, str]]:
    return [(chip.text(), chip.detail) for chip in window.panels.composer.attachments.chips]


def sent(core: FakeCore) -> list[list[str]]:
    """The names of the files of each message."""
    return [
        [part.name for part in message.parts if isinstance(part, Attachment)]
        for conversation in core.chat.conversations()
        for message in conversation.messages
        if message.role == "user"
    ]


def read_ahead(core: FakeCore) -> list[str]:
    """The names of the files that the model reads while the message is written."""
    return [file.name for file in core.chat.ahead.files]


def files(*paths: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return data


def drop(window: MainWindow, data: QMimeData) -> bool:
    """Carry files over the window and let go; whether the window took them."""
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction, data, buttons, keys)
    enter.ignore()
    window.dragEnterEvent(enter)
    if enter.isAccepted():
        window.dropEvent(QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, buttons, keys))
    return enter.isAccepted()


def test_a_file_that_is_read_goes_with_the_message_and_its_chip_goes(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    attach(window, LEASE)
    assert chips(window) == [("lease.pdf", "reading…")]
    core.documents.become("lease.pdf", FileStatus.READ, pages=18, sha256=SHA)
    assert chips(window) == [("lease.pdf", "18 pages")]
    write(window, "How much notice?", qtbot)
    assert sent(core) == [["lease.pdf"]]
    assert chips(window) == []
    shown = [chip.text() for chip in window.panels.pages.transcript.findChildren(FileChip)]
    assert shown == ["lease.pdf"]


def test_a_message_waits_for_its_file_and_then_goes_by_itself(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    attach(window, LEASE)
    write(window, "How much notice?", qtbot)
    assert core.chat.calls == []
    assert window.panels.composer.attachments.waits_for == "Goes out as soon as 1 file can be read"
    core.documents.become("lease.pdf", FileStatus.READ, sha256=SHA)
    qtbot.waitUntil(lambda: sent(core) == [["lease.pdf"]])
    assert window.panels.composer.text == ""
    assert window.panels.composer.attachments.waits_for == ""


def test_who_does_not_want_to_wait_sends_without_and_the_file_stays(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    attach(window, LEASE, SCAN)
    core.documents.become("lease.pdf", FileStatus.READ, sha256=SHA)
    write(window, "How much notice?", qtbot)
    hands.click(named(window, "send_without"))
    assert sent(core) == [["lease.pdf"]]
    assert chips(window) == [("scan.pdf", "reading…")]


def test_a_message_that_waits_can_be_held_back(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    attach(window, LEASE)
    write(window, "How much notice?", qtbot)
    hands.click(named(window, "hold_back"))
    core.documents.become("lease.pdf", FileStatus.READ, sha256=SHA)
    qtbot.wait(20)
    assert core.chat.calls == []
    assert window.panels.composer.text == "How much notice?"


def test_a_file_that_cannot_be_read_says_why_and_is_left_out(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    attach(window, SCAN)
    core.documents.become("scan.pdf", FileStatus.NO_TEXT, reason="There is no text in this file (a scan?).")
    assert chips(window) == [("scan.pdf", "There is no text in this file (a scan?)")]
    write(window, "Hello", qtbot)
    assert sent(core) == [[]]
    assert chips(window) == []


def test_while_an_answer_is_written_a_message_with_files_waits_for_its_end(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    core.chat.script = Script(pieces=["word "] * 5000)
    window = open_window(core)
    write(window, "first", qtbot)
    attach(window, LEASE)
    core.documents.become("lease.pdf", FileStatus.READ, sha256=SHA)
    write(window, "second", qtbot)
    assert window.panels.composer.attachments.waits_for == "Goes out after this answer"
    core.chat.script = Script()
    core.chat.stop()
    qtbot.waitUntil(lambda: sent(core) == [[], ["lease.pdf"]])
    ended(core, qtbot)


def test_a_file_is_taken_away_by_cross_and_by_key(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    attach(window, LEASE, SCAN)
    first, second = window.panels.composer.attachments.chips
    hands.click(first, QPoint(first.width() - 10, first.height() // 2))
    hands.press(second, Qt.Key.Key_Delete)
    assert [call for call in core.documents.calls if call[0] == "discard"] == [
        ("discard", "lease.pdf"),
        ("discard", "scan.pdf"),
    ]
    assert chips(window) == []


def test_what_is_not_sent_could_not_be_stored_and_stays(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=ModelState(ModelPhase.READY))
    window = open_window(core)
    attach(window, LEASE)
    core.documents.become("lease.pdf", FileStatus.READ, sha256=SHA)
    assert window.panels.composer.attachments.isVisible()
    write(window, "   ", qtbot)
    assert chips(window) == [("lease.pdf", "")]


def test_files_can_be_dropped_anywhere_and_the_window_says_what_happens(open_window: Opener) -> None:
    core = FakeCore()
    window = open_window(core)
    overlay = named(window, "drop_overlay")
    data = files("/home/me/lease.pdf", "/home/me/scan.pdf")
    enter = QDragEnterEvent(
        QPoint(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    window.dragEnterEvent(enter)
    assert overlay.isVisible()
    assert overlay.text.startswith("Attach 2 files.")
    assert drop(window, data)
    assert not overlay.isVisible()
    assert [name for name, _ in chips(window)] == ["lease.pdf", "scan.pdf"]


def test_a_model_that_is_dropped_is_used_and_a_folder_becomes_a_library(open_window: Opener, tmp_path: Path) -> None:
    core = FakeCore()
    window = open_window(core)
    assert drop(window, files("/models/new.gguf"))
    assert ("choose", Path("/models/new.gguf")) in core.models.calls
    assert drop(window, files(str(tmp_path)))
    assert chips(window) == []
    assert named(window, "new_library_name").text() == tmp_path.name


def test_text_that_is_dropped_is_none_of_the_windows_business(open_window: Opener) -> None:
    data = QMimeData()
    data.setText("words")
    assert not drop(open_window(FakeCore()), data)


def test_without_a_model_only_a_model_can_be_dropped(open_window: Opener) -> None:
    window = open_window(FakeCore(state=ModelState(ModelPhase.NONE)))
    assert not drop(window, files("/home/me/lease.pdf"))


def test_files_are_pasted_as_files_and_words_as_words(open_window: Opener) -> None:
    window = open_window(FakeCore())
    QGuiApplication.clipboard().setMimeData(files("/home/me/lease.pdf"))
    named(window, "composer").paste()
    assert [name for name, _ in chips(window)] == ["lease.pdf"]
    assert window.panels.composer.text == ""
    QGuiApplication.clipboard().setText("words")
    named(window, "composer").paste()
    assert window.panels.composer.text == "words"


@pytest.mark.parametrize("begun", [False, True])
def test_a_library_is_chosen_for_the_conversation(open_window: Opener, qtbot: QtBot, begun: bool) -> None:
    core = FakeCore()
    window = open_window(core)
    button = window.panels.composer.library
    assert not button.isVisible()
    core.documents.put(Library("Contracts", (Path("/c"),), 3))
    assert button.isVisible()
    assert button.text() == "No library"
    if begun:
        write(window, "first", qtbot)
        ended(core, qtbot)
    chosen = next(action for action in button.menu().actions() if action.data() == "Contracts")
    assert isinstance(chosen, QAction)
    chosen.trigger()
    assert button.used == "Contracts"
    write(window, "question", qtbot)
    ended(core, qtbot)
    (conversation,) = core.chat.conversations()
    assert core.documents.used_by(conversation.id) == "Contracts"
    assert button.used == "Contracts"
    window.panels.sidebar.new_requested.emit()
    assert button.used == ""


def test_where_there_is_no_index_nothing_is_offered_and_messages_go(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    core.documents = None  # type: ignore[assignment]
    window = open_window(core)
    assert not window.panels.composer.attach.isVisible()
    assert not drop(window, files("/home/me/lease.pdf"))
    write(window, "hello", qtbot)
    ended(core, qtbot)
    assert sent(core) == [[]]


def test_the_model_reads_a_file_as_soon_as_it_is_there_and_forgets_one_that_is_taken_away(
    open_window: Opener,
) -> None:
    core = FakeCore()
    window = open_window(core)
    attach(window, LEASE)
    assert read_ahead(core) == []
    core.documents.become("lease.pdf", FileStatus.READ, whole=True, sha256=SHA)
    assert read_ahead(core) == ["lease.pdf"]
    assert not core.chat.ahead.searched
    window.panels.composer.attachments.removed.emit(core.documents.pending()[0].id)
    assert read_ahead(core) == []


def test_a_file_stays_with_the_conversation_in_which_it_was_attached(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    write(window, "Hello", qtbot)
    ended(core, qtbot)
    begun = core.chat.conversations()[0].id
    window.actions_by_name[Act.NEW].trigger()
    attach(window, LEASE)
    core.documents.become("lease.pdf", FileStatus.READ, whole=True, sha256=SHA)
    assert core.notes.files[None] == [LEASE]
    window.panels.sidebar.conversations.conversation_selected.emit(begun)
    assert (core.chat.prepared, read_ahead(core), chips(window)) == (begun, [], [])
    window.actions_by_name[Act.NEW].trigger()
    assert (core.chat.prepared, read_ahead(core)) == (None, ["lease.pdf"])
    write(window, "With it", qtbot)
    ended(core, qtbot)
    assert sent(core) == [[], ["lease.pdf"]]
    assert not any(core.notes.files.values())

"""The whole window on a core without a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.domain.chat import Effort, Failure, Status
from app.errors import AppError
from app.services.events import ModelPhase, ModelState, Phase, StorageFailed, TurnProgress
from app.ui.actions import Act
from app.ui.answer_message import AnswerMessage
from app.ui.composer_edit import ComposerEdit
from app.ui.error_box import ErrorBox
from app.ui.main_window import MainWindow
from app.ui.reasoning_panel import ReasoningPanel
from app.ui.theme import Theme
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fakes import MODEL, STATISTICS, TRIAL, FakeCore, Script, answer, conversation, question

LEASE = conversation("Lease", question("How much notice?"), answer("One month."))
OTHER = conversation("Other", question("What else?"), answer("Nothing."))


def named(window: QWidget, name: str) -> Any:
    found = window.findChild(QWidget, name)
    assert found is not None, name
    return found


def write(window: MainWindow, text: str, qtbot: QtBot) -> None:
    editor = named(window, "composer")
    assert isinstance(editor, ComposerEdit)
    hands.write(editor, text)
    hands.press(editor, Qt.Key.Key_Return)


def status(window: MainWindow) -> str:
    return window.panels.status.text


def last_answer(window: MainWindow) -> AnswerMessage:
    return window.panels.pages.transcript.findChildren(AnswerMessage)[-1]


def ended(core: FakeCore, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: core.chat.running is None, timeout=3000)


def test_a_first_message_begins_a_conversation_and_is_answered(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    assert window.panels.pages.currentWidget() is window.panels.pages.empty
    write(window, "hello", qtbot)
    assert window.panels.pages.currentWidget() is window.panels.pages.transcript
    assert window.panels.composer.text == ""
    assert named(window, "stop").isVisible()
    ended(core, qtbot)
    assert last_answer(window).text == "Hello! How can **I** help?"
    assert last_answer(window).reasoning.text == "The user greets. I greet back."
    assert named(window, "send").isVisible()
    assert core.chat.calls[0] == ("send", None, "hello", Effort.MEDIUM)
    assert window.panels.sidebar.conversations.selected == core.chat.conversations()[0].id


def test_the_second_message_goes_to_the_same_conversation(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    write(window, "one", qtbot)
    ended(core, qtbot)
    write(window, "two", qtbot)
    ended(core, qtbot)
    assert len(core.chat.conversations()) == 1
    assert window.panels.pages.transcript.shown == 4


def test_what_could_not_be_sent_stays_in_the_composer(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    core.chat.refuse = AppError("No model has been chosen.", "Open a GGUF file.", "details")
    window = open_window(core)
    write(window, "precious", qtbot)
    assert window.panels.composer.text == "precious"
    box = window.findChild(ErrorBox)
    assert isinstance(box, ErrorBox)
    box.accept()


def test_escape_stops_a_turn_and_does_nothing_otherwise(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    core.chat.script = Script(pieces=["word "] * 5000)
    window = open_window(core)
    assert not window.actions_by_name[Act.STOP].isEnabled()
    write(window, "go", qtbot)
    qtbot.waitUntil(lambda: "word" in last_answer(window).text, timeout=3000)
    window.actions_by_name[Act.STOP].trigger()
    assert core.chat.running is None
    assert last_answer(window).meta.text.startswith("Stopped")
    assert not window.actions_by_name[Act.STOP].isEnabled()


def test_answer_now_ends_the_thinking_and_keeps_the_thoughts(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    core.chat.script = Script(thoughts=["hm "] * 5000)
    window = open_window(core)
    assert not window.actions_by_name[Act.ANSWER_NOW].isEnabled()
    write(window, "go", qtbot)
    qtbot.waitUntil(lambda: named(window, "answer_now").isVisible(), timeout=3000)
    assert named(window, "answer_now").accessibleName()
    hands.click(named(window, "answer_now"))
    ended(core, qtbot)
    assert ("answer_now",) in core.chat.calls
    assert not named(window, "answer_now").isVisible()
    assert last_answer(window).text == "Hello! How can **I** help?"


def test_ctrl_enter_asks_for_the_answer_while_nothing_is_written(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    core.chat.script = Script(thoughts=["hm "] * 5000)
    window = open_window(core)
    write(window, "go", qtbot)
    qtbot.waitUntil(lambda: named(window, "answer_now").isVisible(), timeout=3000)
    window.actions_by_name[Act.ANSWER_NOW].trigger()
    ended(core, qtbot)
    assert core.chat.calls.count(("answer_now",)) == 1


def test_the_status_line_tells_each_phase(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    core.chat.script = Script(tick=10_000_000)
    window = open_window(core)
    assert status(window) == "Ready"
    write(window, "go", qtbot)
    running = core.chat.running
    assert running is not None
    where = core.chat.conversations()[0].id

    def move(phase: Phase, *rest: Any) -> str:
        core.chat.tell(TurnProgress(where, running, phase, *rest))
        return status(window)

    assert move(Phase.LOADING, 0.4, 8.2) == "Loading the model, 8 s left"
    assert move(Phase.PREFILL, 0.3, 83, 1200, 4000) == "Reading your message: 1,200 of 4,000 tokens, 1 min 23 s left"
    qtbot.waitUntil(lambda: last_answer(window).progress.words == status(window))
    assert move(Phase.THINKING) == "Thinking, 0 s"
    assert move(Phase.ANSWERING) == "Answering"
    core.chat.stop()
    assert status(window) == "Ready"


def test_a_failed_turn_is_told_in_the_answer_and_in_the_status(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    failure = Failure("The engine stopped.", "Send the message again.")
    core.chat.script = Script(status=Status.FAILED, final={"failure": failure, "statistics": None})
    window = open_window(core)
    write(window, "go", qtbot)
    ended(core, qtbot)
    assert last_answer(window).notice.text == "The engine stopped. Send the message again."
    assert status(window) == "The engine stopped. Send the message again."
    core.chat.script = Script()
    write(window, "again", qtbot)
    ended(core, qtbot)
    assert status(window) == "Ready"


def test_what_could_not_be_saved_is_told(open_window: Opener) -> None:
    core = FakeCore()
    window = open_window(core)
    core.chat.tell(StorageFailed(Failure("The disk is full.", "Make room.")))
    assert "The disk is full." in window.panels.banner.text
    assert "Make room." in window.panels.banner.text


def test_a_running_answer_goes_on_behind_another_conversation(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(LEASE, OTHER)
    core.chat.script = Script(pieces=["word "] * 200)
    window = open_window(core)
    conversations = window.panels.sidebar.conversations
    conversations.conversation_selected.emit(LEASE.id)
    write(window, "go", qtbot)
    qtbot.waitUntil(lambda: "word" in last_answer(window).text, timeout=3000)
    conversations.conversation_selected.emit(OTHER.id)
    assert last_answer(window).text == "Nothing."
    qtbot.wait(50)
    assert last_answer(window).text == "Nothing."
    conversations.conversation_selected.emit(LEASE.id)
    assert last_answer(window).text.startswith("word word")
    ended(core, qtbot)
    assert last_answer(window).text.split() == ["word"] * 200


def test_trash_can_be_undone(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(LEASE, OTHER)
    window = open_window(core)
    conversations = window.panels.sidebar.conversations
    conversations.conversation_selected.emit(LEASE.id)
    conversations.trash_requested.emit([LEASE.id], "Lease")
    assert conversations.rows.row_of(LEASE.id) == -1
    assert window.panels.pages.currentWidget() is window.panels.pages.empty
    snackbar = window.panels.snackbar
    assert snackbar.text == "“Lease” is in the trash"
    undo = snackbar.findChild(QPushButton)
    assert isinstance(undo, QPushButton)
    hands.click(undo)
    assert conversations.selected == LEASE.id
    assert not snackbar.isVisible()


def test_renaming_reaches_the_core_and_the_header(open_window: Opener) -> None:
    core = FakeCore(LEASE)
    window = open_window(core)
    window.panels.sidebar.conversations.conversation_selected.emit(LEASE.id)
    window.panels.sidebar.conversations.rename_requested.emit(LEASE.id, "Flat")
    assert core.chat.conversation(LEASE.id).title == "Flat"
    assert any(label.text() == "Flat" for label in window.panels.header.findChildren(QLabel))


def test_without_a_model_the_window_offers_one(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=ModelState(ModelPhase.NONE))
    window = open_window(core)
    first_run = window.panels.pages.first_run
    assert window.panels.pages.currentWidget() is first_run
    assert not window.panels.composer.isVisible()
    trial = next(each for each in first_run.findChildren(QPushButton) if "trial" in each.text())
    assert any("135 million parameters, 98 MB" in label.text() for label in first_run.findChildren(QLabel))
    hands.click(trial)
    assert core.models.calls == [("choose", TRIAL.path)]
    assert window.panels.pages.currentWidget() is window.panels.pages.empty
    assert window.panels.composer.isVisible()


def test_a_model_file_can_be_dropped(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(state=ModelState(ModelPhase.NONE))
    window = open_window(core)
    for name, taken in (("notes.txt", False), ("gpt-oss-20b.GGUF", True)):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(f"/models/{name}")])
        event = QDropEvent(
            QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
        window.panels.pages.first_run.dropEvent(event)
        assert core.models.calls == ([("choose", Path("/models/gpt-oss-20b.GGUF"))] if taken else [])


def test_where_no_trial_model_is_installed_none_is_offered(open_window: Opener) -> None:
    window = open_window(FakeCore(state=ModelState(ModelPhase.NONE), trial=None))
    first_run = window.panels.pages.first_run
    assert [each.text() for each in first_run.findChildren(QPushButton) if each.isVisible()] == [
        "Get gpt-oss-20b (12.1 GB)",
        "Other models…",
        "Open a model file…",
    ]


def test_a_model_that_failed_says_why_and_offers_the_same_choices(open_window: Opener) -> None:
    failure = Failure("The file is damaged.", "Download it again.")
    window = open_window(FakeCore(state=ModelState(ModelPhase.FAILED, MODEL, failure=failure)))
    first_run = window.panels.pages.first_run
    assert first_run.notice.isVisible()
    assert first_run.notice.text == "The file is damaged. Download it again."
    assert len([each for each in first_run.findChildren(QPushButton) if each.isVisible()]) == 4
    assert status(window) == "The file is damaged."


def test_the_header_and_the_status_follow_the_model(open_window: Opener) -> None:
    core = FakeCore(state=ModelState(ModelPhase.UNLOADED, MODEL))
    window = open_window(core)
    model = named(window, "model")
    assert core.models.calls == [("load",)]
    assert model.text() == "gpt-oss-20b · not loaded"
    core.models.become(ModelState(ModelPhase.LOADING, MODEL, fraction=0.42, seconds_left=12))
    assert model.text() == "gpt-oss-20b · loading 42 %, 12 s left"
    assert status(window) == "Loading the model, 12 s left"
    assert window.panels.pages.empty.progress.words == "Loading the model, 12 s left"
    core.models.become(ModelState(ModelPhase.READY, MODEL))
    assert (model.text(), status(window)) == ("gpt-oss-20b · ready", "Ready")
    assert not window.panels.pages.empty.progress.isVisible()


def test_the_context_of_the_last_answer_is_shown_and_forgotten_with_it(open_window: Opener) -> None:
    core = FakeCore(LEASE)
    window = open_window(core)
    window.panels.sidebar.conversations.conversation_selected.emit(LEASE.id)
    shown = [label.text() for label in window.panels.composer.findChildren(QLabel) if label.isVisible()]
    assert shown == ["5.1k of 16k"]
    window.actions_by_name[Act.NEW].trigger()
    assert not any(label.isVisible() for label in window.panels.composer.findChildren(QLabel))


def test_effort_belongs_to_the_conversation_and_is_kept_for_the_next(open_window: Opener) -> None:
    core = FakeCore(LEASE, replace(OTHER, effort=Effort.HIGH))
    window = open_window(core)
    conversations = window.panels.sidebar.conversations
    conversations.conversation_selected.emit(OTHER.id)
    assert window.panels.composer.effort is Effort.HIGH
    conversations.conversation_selected.emit(LEASE.id)
    window.panels.composer.effort_chosen.emit("low")
    assert core.settings.effort is Effort.LOW
    assert core.chat.conversation(LEASE.id).effort is Effort.LOW


def test_a_narrow_window_hides_the_conversations_but_not_that_it_is_offline(open_window: Opener, qtbot: QtBot) -> None:
    window = open_window(FakeCore(LEASE))

    def offline() -> int:
        return sum(label.isVisible() for label in window.findChildren(QLabel) if "Offline" in label.text())

    assert (window.panels.sidebar.isVisible(), offline()) == (True, 1)
    window.resize(730, 500)
    QApplication.processEvents()
    assert (window.panels.sidebar.isVisible(), offline()) == (False, 1)
    window.resize(1100, 700)
    QApplication.processEvents()
    assert window.panels.sidebar.isVisible()
    window.actions_by_name[Act.TOGGLE_SIDEBAR].trigger()
    assert (window.panels.sidebar.isVisible(), offline()) == (False, 1)


PRINCIPAL = ("conversations", "new_conversation", "transcript", "composer", "send", "stop", "effort", "model", "status")


def test_the_principal_widgets_have_their_names(open_window: Opener) -> None:
    core = FakeCore(LEASE)
    window = open_window(core)
    window.panels.sidebar.conversations.conversation_selected.emit(LEASE.id)
    for name in (*PRINCIPAL, "reasoning"):
        widget = named(window, name)
        assert widget.accessibleName() == name
        interface = QAccessible.queryAccessibleInterface(widget)
        assert interface is not None
    assert isinstance(window.findChild(QWidget, "reasoning"), ReasoningPanel)


def test_every_button_says_what_it_is(open_window: Opener) -> None:
    window = open_window(FakeCore(LEASE))
    for button in window.findChildren(QAbstractButton):
        if isinstance(button, QToolButton):
            assert button.toolTip(), button
        assert button.accessibleName() or button.text() or not button.isVisible(), button


def test_the_composer_has_the_focus_when_one_begins(open_window: Opener, qtbot: QtBot) -> None:
    window = open_window(FakeCore(LEASE))
    window.activateWindow()
    qtbot.waitUntil(lambda: named(window, "composer").hasFocus())
    window.panels.sidebar.conversations.setFocus()
    window.actions_by_name[Act.FOCUS_COMPOSER].trigger()
    assert named(window, "composer").hasFocus()


def test_renaming_shows_the_list_first(open_window: Opener) -> None:
    window = open_window(FakeCore(LEASE))
    window.panels.sidebar.conversations.conversation_selected.emit(LEASE.id)
    window.actions_by_name[Act.TOGGLE_SIDEBAR].trigger()
    window.actions_by_name[Act.RENAME].trigger()
    assert window.panels.sidebar.isVisible()


def test_the_window_is_remembered(open_window: Opener) -> None:
    core = FakeCore()
    window = open_window(core)
    window.close()
    assert core.settings.window_geometry
    assert core.settings.sidebar_width == window.panels.sidebar.width()


def test_a_theme_that_is_chosen_is_kept_and_shown(open_window: Opener, theme: Theme) -> None:
    core = FakeCore(LEASE)
    window = open_window(core)
    window.panels.sidebar.theme_chosen.emit("dark")
    assert core.settings.theme == "dark"
    picture = window.grab().toImage()
    assert picture.pixelColor(picture.width() // 2, 200).name() == theme.palette.bg == "#1c1b19"


def test_a_model_given_at_the_start_is_chosen(theme: Theme, qtbot: QtBot) -> None:
    core = FakeCore(state=ModelState(ModelPhase.NONE))
    window = MainWindow(theme)
    qtbot.addWidget(window)
    window.show()
    window.attach(core, Path("/models/given.gguf"))
    assert core.models.calls == [("choose", Path("/models/given.gguf"))]


def test_old_failures_and_stops_are_shown_with_their_messages(open_window: Opener) -> None:
    stopped = answer("Once", status=Status.STOPPED, statistics=STATISTICS)
    core = FakeCore(conversation("Bad", question("a"), stopped, question("b"), message_failed()))
    window = open_window(core)
    window.panels.sidebar.conversations.conversation_selected.emit(core.chat.conversations()[0].id)
    assert last_answer(window).notice.isVisible()


def message_failed() -> Any:
    return replace(answer(""), status=Status.FAILED, failure=Failure("It failed.", "Do something."))


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_every_colour_of_text_can_be_read(theme: Theme, choice: str) -> None:
    theme.choose(choice)
    palette = theme.palette
    for text in (palette.ink, palette.mute, palette.faint, palette.accent, palette.warn):
        for ground in (palette.bg, palette.panel, palette.code):
            assert contrast(text, ground) >= 4.5, (text, ground)
    assert contrast(palette.on_accent, palette.accent) >= 4.5


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_several_go_to_the_trash_and_come_back_together(open_window: Opener) -> None:
    core = FakeCore(LEASE, OTHER)
    window = open_window(core)
    conversations = window.panels.sidebar.conversations
    conversations.selectAll()
    hands.press(conversations, Qt.Key.Key_Delete)
    assert core.chat.conversations() == []
    assert window.panels.snackbar.text == "2 conversations are in the trash"
    window.panels.snackbar.undo()
    assert {each.id for each in core.chat.conversations()} == {LEASE.id, OTHER.id}


@pytest.mark.parametrize("draft", ["", "From yesterday"])
def test_what_is_typed_and_sent_before_the_core_is_there_is_sent_then(theme: Theme, qtbot: QtBot, draft: str) -> None:
    core = FakeCore()
    core.notes.drafts[None] = draft
    window = MainWindow(theme)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    hands.write(named(window, "composer"), "Hello")
    hands.press(named(window, "composer"), Qt.Key.Key_Return)
    assert window.panels.composer.text == "Hello"
    window.attach(core)
    sent = [call[2] for call in core.chat.calls if call[0] == "send"]
    assert (sent, window.panels.composer.text) == (([], f"{draft}\nHello") if draft else (["Hello"], ""))
    if sent:
        ended(core, qtbot)


def test_the_menu_of_the_list_pins_copies_and_duplicates(open_window: Opener) -> None:
    core = FakeCore(LEASE, OTHER)
    window = open_window(core)
    conversations = window.panels.sidebar.conversations
    conversations.conversation_selected.emit(OTHER.id)

    def choose(words: str) -> None:
        next(action for action in conversations.menu().actions() if action.text() == words).trigger()

    choose("Pin")
    assert [each.id for each in core.chat.conversations() if each.pinned_at] == [OTHER.id]
    choose("Unpin")
    assert not any(each.pinned_at for each in core.chat.conversations())
    choose("Copy as Markdown")
    assert "## Answer" in QGuiApplication.clipboard().text()
    choose("Copy as plain text")
    assert "Nothing." in QGuiApplication.clipboard().text()
    assert "#" not in QGuiApplication.clipboard().text()
    choose("Duplicate")
    assert core.versions.calls == [("duplicate", OTHER.id)]

"""What can be done with a message: copy, edit, answer again, continue, branch off, and see its other versions."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.chat import MessageId, Status
from app.errors import AppError
from app.ui.answer_message import AnswerMessage
from app.ui.error_box import ErrorBox
from app.ui.main_window import MainWindow
from app.ui.message_actions import Action
from app.ui.message_editor import MessageEditor
from app.ui.user_message import UserMessage
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fakes import FakeCore, Script, answer, conversation, question

TALK = conversation("Lease", question("How much notice?"), answer("One mon", status=Status.STOPPED))
OTHER = conversation("Other", question("What else?"), answer("Nothing."))
ASKED, ANSWERED = (message.id for message in TALK.messages)


def opened(core: FakeCore, open_window: Opener) -> MainWindow:
    window = open_window(core)
    window.panels.sidebar.conversations.conversation_selected.emit(TALK.id)
    return window


def asked(window: MainWindow) -> UserMessage:
    row = window.panels.pages.transcript.message(ASKED)
    assert isinstance(row, UserMessage)
    return row


def answered(window: MainWindow) -> AnswerMessage:
    row = window.panels.pages.transcript.answer(ANSWERED)
    assert row is not None
    return row


def edited(window: MainWindow) -> MessageEditor:
    hands.click(asked(window).message_actions.button(Action.EDIT))
    editor = asked(window).editor
    assert editor is not None
    return editor


def test_a_question_is_edited_in_its_place_and_sent_with_enter(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(TALK)
    window = opened(core, open_window)
    field = edited(window).focusProxy()
    assert field is not None
    qtbot.waitUntil(field.hasFocus, timeout=2000)
    hands.press(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    hands.write(field, "How long?")
    hands.press(field, Qt.Key.Key_Return)
    assert core.versions.calls == [("edit", ASKED, "How long?")]


def test_escape_leaves_a_question_as_it_was(open_window: Opener) -> None:
    core = FakeCore(TALK)
    window = opened(core, open_window)
    field = edited(window).focusProxy()
    assert field is not None
    hands.write(field, "Never mind")
    hands.press(field, Qt.Key.Key_Escape)
    assert asked(window).editor is None
    assert asked(window).text == "How much notice?"
    assert core.versions.calls == []


def test_what_could_not_be_sent_stays_in_its_editor(open_window: Opener) -> None:
    core = FakeCore(TALK)
    core.versions.refuse = AppError("No model has been chosen.", "Open a GGUF file.")
    window = opened(core, open_window)
    field = edited(window).focusProxy()
    assert field is not None
    hands.write(field, " Precious")
    hands.press(field, Qt.Key.Key_Return)
    editor = asked(window).editor
    assert editor is not None
    box = window.findChild(ErrorBox)
    assert isinstance(box, ErrorBox)
    box.accept()


def test_the_words_under_a_question_are_seen_when_it_is_pointed_at_or_reached_by_tab(
    open_window: Opener, qtbot: QtBot
) -> None:
    window = opened(FakeCore(TALK), open_window)
    row, edit = asked(window), asked(window).message_actions.button(Action.EDIT)
    assert edit.property("quiet")
    QApplication.sendEvent(row, QEnterEvent(QPointF(1, 1), QPointF(1, 1), QPointF(1, 1)))
    assert not edit.property("quiet")
    QApplication.sendEvent(row, QEvent(QEvent.Type.Leave))
    assert edit.property("quiet")
    window.activateWindow()
    edit.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: not edit.property("quiet"), timeout=2000)


def test_a_question_is_copied_as_it_was_written(open_window: Opener) -> None:
    window = opened(FakeCore(TALK), open_window)
    hands.click(asked(window).message_actions.button(Action.COPY))
    assert QGuiApplication.clipboard().text() == "How much notice?"


def test_an_answer_is_asked_for_again_continued_and_branched_off(open_window: Opener) -> None:
    core = FakeCore(TALK, OTHER)
    window = opened(core, open_window)
    for action in (Action.AGAIN, Action.CONTINUE, Action.BRANCH):
        hands.click(answered(window).message_actions.button(action))
    assert ("answer_again", ANSWERED) in core.chat.calls
    assert ("continue", ANSWERED) in core.chat.calls
    assert core.versions.calls == [("branch_off", ANSWERED)]
    assert window.panels.sidebar.conversations.selected == OTHER.id


def test_only_an_answer_that_was_broken_off_can_go_on(open_window: Opener) -> None:
    window = opened(FakeCore(TALK, OTHER), open_window)
    assert answered(window).message_actions.button(Action.CONTINUE).isVisible()
    window.panels.sidebar.conversations.conversation_selected.emit(OTHER.id)
    row = window.panels.pages.transcript.answer(OTHER.messages[-1].id)
    assert row is not None
    assert not row.message_actions.button(Action.CONTINUE).isVisible()


def test_other_versions_are_counted_and_shown(open_window: Opener) -> None:
    core = FakeCore(TALK)
    first = MessageId("first")
    core.versions.families = {ANSWERED: (first, ANSWERED), first: (first, ANSWERED)}
    window = opened(core, open_window)
    switch = answered(window).message_actions.versions
    assert switch.text == "2/2"
    assert asked(window).message_actions.versions.text == ""
    switch.chosen.emit(first)
    assert core.versions.calls == [("show", first)]


def test_nothing_is_asked_for_while_an_answer_is_written(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(TALK)
    core.chat.script = Script(pieces=["word "] * 5000)
    window = opened(core, open_window)
    core.chat.send(TALK.id, "go on")
    assert not answered(window).message_actions.button(Action.AGAIN).isEnabled()
    core.chat.stop()
    assert answered(window).message_actions.button(Action.AGAIN).isEnabled()

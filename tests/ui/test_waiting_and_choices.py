"""What the window shows of messages that wait, and of choices when a turn could not be done as it was."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.chat import Failure, FailureKind, Role, Status
from app.services.events import ChoiceOffered, ContextCounted
from app.services.offers import LeaveOut, UseContext
from app.ui.answer_message import AnswerMessage
from app.ui.main_window import MainWindow
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fakes import FakeCore, Script, answer, conversation, message, question
from tests.ui.test_window import ended, last_answer, named, write

FULL = Failure("This conversation no longer fits.", "Choose.", FailureKind.CONTEXT)
SLOW = Script(thoughts=("Hm. ",) * 40, tick=20)


def buttons(widget: AnswerMessage) -> list[QPushButton]:
    return [each for each in widget.notice.findChildren(QPushButton) if each.isVisible()]


def open_full(open_window: Opener) -> tuple[FakeCore, MainWindow, AnswerMessage]:
    """A window that shows a conversation whose last answer did not fit."""
    failed = message(Role.ASSISTANT, status=Status.FAILED, failure=FULL)
    core = FakeCore(conversation("Long", question("One"), answer("1"), question("Two"), failed))
    window = open_window(core)
    window.panels.sidebar.conversations.conversation_selected.emit(core.chat.conversations()[0].id)
    return core, window, last_answer(window)


def test_a_message_written_while_an_answer_runs_waits_in_sight_and_can_be_taken_back(
    open_window: Opener, qtbot: QtBot
) -> None:
    core = FakeCore()
    core.chat.script = SLOW
    window = open_window(core)
    write(window, "one", qtbot)
    window.panels.composer.set_text("two\nwith a second line")
    window.panels.composer.submit()
    assert window.panels.composer.text == ""
    assert window.panels.waiting.isVisible()
    assert window.panels.waiting.texts == ["two with a second line"]
    window.panels.composer.set_text("three")
    hands.click(named(window, "take_back"))
    assert window.panels.composer.text == "two\nwith a second line\n\nthree"
    assert not window.panels.waiting.isVisible()
    core.chat.stop()
    ended(core, qtbot)


def test_what_still_waits_after_the_end_can_be_sent(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    core.chat.script = SLOW
    window = open_window(core)
    write(window, "one", qtbot)
    write(window, "two", qtbot)
    core.chat.stop()
    ended(core, qtbot)
    [send] = [
        each
        for each in window.panels.waiting.findChildren(QPushButton)
        if each.isVisible() and each.text() == "Send now"
    ]
    hands.click(send)
    ended(core, qtbot)
    assert [call[2] for call in core.chat.calls if call[0] == "send"] == ["one", "two"]
    assert not window.panels.waiting.isVisible()


def test_the_choices_at_the_end_of_the_context_have_their_price(open_window: Opener, qtbot: QtBot) -> None:
    core, _, failed = open_full(open_window)
    assert [each.text() for each in buttons(failed)] == ["Try again"]
    messages = core.chat.conversations()[0].messages
    drop, larger = LeaveOut(messages[2].id, 2, 700), UseContext(32768, 402 << 20, tight=True)
    core.chat.tell(ChoiceOffered(messages[3].id, (drop, larger)))
    qtbot.waitUntil(lambda: len(buttons(failed)) == 2)
    assert [each.text() for each in buttons(failed)] == [
        "Leave out the 2 oldest messages",
        "Use a context of 32k tokens · 402 MB more memory, a tight fit",
    ]
    hands.click(buttons(failed)[1])
    assert core.chat.calls[-1] == ("accept", messages[3].id, larger)


def test_an_answer_that_failed_can_be_tried_again(open_window: Opener, qtbot: QtBot) -> None:
    core, _, failed = open_full(open_window)
    hands.click(buttons(failed)[0])
    assert core.chat.calls[-1][0] == "answer_again"


def test_only_the_last_answer_can_be_tried_again(open_window: Opener, qtbot: QtBot) -> None:
    failed = message(Role.ASSISTANT, status=Status.FAILED, failure=FULL)
    core = FakeCore(conversation("Long", question("One"), failed, question("Two"), answer("2")))
    window = open_window(core)
    window.panels.sidebar.conversations.conversation_selected.emit(core.chat.conversations()[0].id)
    first = window.panels.pages.transcript.findChildren(AnswerMessage)[0]
    assert first.notice.isVisible()
    assert buttons(first) == []


def test_a_line_says_what_the_model_no_longer_sees_and_takes_it_back(open_window: Opener, qtbot: QtBot) -> None:
    talk = conversation("Long", question("One"), answer("1"), question("Two"), answer("2"))
    core = FakeCore(replace(talk, in_sight_from=talk.messages[2].id))
    window = open_window(core)
    window.panels.sidebar.conversations.conversation_selected.emit(talk.id)
    hands.click(named(window, "show_all"))
    assert core.chat.calls[-1] == (talk.id, {"in_sight_from": None})
    qtbot.waitUntil(lambda: window.findChild(QPushButton, "show_all") is None)


def test_the_meter_shows_what_a_settled_conversation_takes(open_window: Opener, qtbot: QtBot) -> None:
    core, window, _ = open_full(open_window)
    core.chat.tell(ContextCounted(core.chat.conversations()[0].id, 4096, 16384))
    assert "4k of 16k" in [label.text() for label in window.panels.composer.findChildren(QLabel)]


def test_idle_time_is_watched(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    presenter = window._presenter
    assert presenter is not None
    presenter._idle_timer.setInterval(1)
    qtbot.waitUntil(lambda: core.idle.ticks > 0)

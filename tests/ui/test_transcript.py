"""The page: older messages come late, the end is followed, the reader's place is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from app.domain.chat import Message, new_message_id
from app.ui.theme import Theme
from app.ui.transcript import FIRST, MARGIN, SOON, Transcript
from app.ui.widgets.text_view import TextView
from tests.ui import hands
from tests.ui.fakes import answer, question


@pytest.fixture
def transcript(theme: Theme, qtbot: QtBot) -> Transcript:
    transcript = Transcript(theme)
    transcript.resize(800, 500)
    qtbot.addWidget(transcript)
    transcript.show()
    qtbot.waitExposed(transcript)
    return transcript


def exchanges(count: int) -> list[Message]:
    return [each for at in range(count) for each in (question(f"Question {at}"), answer(f"Answer {at}. " + "w " * 90))]


def at_end(transcript: Transcript) -> bool:
    bar = transcript.verticalScrollBar()
    return bar.maximum() > 0 and bar.value() == bar.maximum()


def settle(qtbot: QtBot) -> None:
    for _ in range(6):
        QApplication.processEvents()


def test_a_long_conversation_opens_at_its_end_with_few_widgets(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.show_messages(exchanges(100))
    assert transcript.shown == FIRST
    qtbot.waitUntil(lambda: transcript.shown == SOON and at_end(transcript))
    settle(qtbot)
    assert transcript.shown == SOON
    assert at_end(transcript)


def test_scrolling_up_brings_older_messages_and_keeps_the_place(transcript: Transcript, qtbot: QtBot) -> None:
    messages = exchanges(100)
    transcript.show_messages(messages)
    qtbot.waitUntil(lambda: transcript.shown == SOON and at_end(transcript))
    settle(qtbot)
    first = transcript.message(messages[-SOON].id)
    assert first is not None
    first_margin = first.mapTo(transcript.viewport(), QPoint(0, transcript.verticalScrollBar().value())).y()
    transcript.verticalScrollBar().setValue(50)
    qtbot.waitUntil(lambda: transcript.shown > SOON)
    settle(qtbot)
    assert first.mapTo(transcript.viewport(), QPoint(0, 0)).y() == first_margin - 50
    assert messages[0].id not in [message.id for message in messages if transcript.message(message.id)]


def linked(messages: list[Message]) -> list[Message]:
    parents = [None, *(each.id for each in messages[:-1])]
    return [replace(each, parent_id=parent) for each, parent in zip(messages, parents, strict=True)]


def test_older_messages_are_read_when_the_reader_comes_to_them(transcript: Transcript, qtbot: QtBot) -> None:
    messages = linked(exchanges(60))
    asked: list[int] = []

    def before(message: Message) -> list[Message]:
        at = messages.index(message)
        asked.append(at)
        return messages[max(0, at - 30) : at]

    transcript.show_messages(messages[-50:], before=before)
    qtbot.waitUntil(lambda: transcript.shown == SOON and at_end(transcript))
    settle(qtbot)
    assert not asked
    while transcript.shown < len(messages):
        shown = transcript.shown
        transcript.show_older()
        assert transcript.shown > shown
    settle(qtbot)
    assert asked == [70, 40, 10]
    rows = [row for each in messages if (row := transcript.message(each.id)) is not None]
    assert rows == sorted(rows, key=lambda row: row.mapTo(transcript, QPoint(0, 0)).y())


def test_a_message_that_was_not_read_yet_is_brought(transcript: Transcript, qtbot: QtBot) -> None:
    messages = linked(exchanges(60))
    transcript.show_messages(
        messages[-50:], before=lambda message: messages[max(0, messages.index(message) - 30) : messages.index(message)]
    )
    assert transcript.bring(messages[3].id)
    row = transcript.message(messages[3].id)
    assert row is not None
    assert row.mapTo(transcript.viewport(), QPoint(0, 0)).y() == MARGIN
    assert not transcript.bring(new_message_id())


def test_messages_that_cannot_be_read_are_asked_for_once(transcript: Transcript, qtbot: QtBot) -> None:
    messages = linked(exchanges(40))
    asked: list[Message] = []

    def before(message: Message) -> list[Message]:
        asked.append(message)
        return []

    transcript.show_messages(messages[-20:], before=before)
    assert not transcript.bring(messages[0].id)
    transcript.show_older()
    assert asked == [messages[-20]]


def test_all_messages_can_be_reached(transcript: Transcript, qtbot: QtBot) -> None:
    messages = exchanges(45)
    transcript.show_messages(messages)
    qtbot.waitUntil(lambda: transcript.shown == SOON)
    while transcript.shown < len(messages):
        shown = transcript.shown
        transcript.show_older()
        assert transcript.shown > shown
    transcript.show_older()
    assert transcript.shown == len(messages)


def test_the_end_is_followed_while_an_answer_grows(transcript: Transcript, qtbot: QtBot) -> None:
    messages = exchanges(5)
    transcript.show_messages(messages)
    qtbot.waitUntil(lambda: at_end(transcript))
    grown = transcript.answer(messages[-1].id)
    assert grown is not None
    for length in range(20, 200, 20):
        grown.show_message(answer("more\n\n" * length))
        settle(qtbot)
        assert at_end(transcript)


def test_a_reader_who_scrolled_up_is_left_in_peace_until_the_jump(transcript: Transcript, qtbot: QtBot) -> None:
    messages = exchanges(6)
    transcript.show_messages(messages)
    qtbot.waitUntil(lambda: transcript.shown == len(messages) and at_end(transcript))
    settle(qtbot)
    jump = next(each for each in transcript.findChildren(QToolButton) if "latest" in each.toolTip())
    assert not jump.isVisible()
    transcript.verticalScrollBar().setValue(transcript.verticalScrollBar().maximum() - 300)
    value = transcript.verticalScrollBar().value()
    assert [transcript.following, jump.isVisible()] == [False, True]
    transcript.add(question("more"))
    settle(qtbot)
    assert transcript.verticalScrollBar().value() == value
    hands.click(jump)
    settle(qtbot)
    assert at_end(transcript)
    assert [transcript.following, jump.isVisible()] == [True, False]


def test_the_wheel_over_a_text_is_left_to_the_page(transcript: Transcript, qtbot: QtBot) -> None:
    messages = exchanges(6)
    transcript.show_messages(messages)
    qtbot.waitUntil(lambda: at_end(transcript))
    shown = transcript.answer(messages[-1].id)
    assert shown is not None
    view = shown.blocks.views[0]
    assert isinstance(view, TextView)
    where = QPointF(5, 5)
    event = QWheelEvent(
        where,
        view.viewport().mapToGlobal(where),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    # Qt hands an event that is ignored on to the parent, but only one that came from the system.
    QApplication.sendEvent(view.viewport(), event)
    assert not event.isAccepted()


def test_a_user_message_is_shown_as_it_was_written(transcript: Transcript, qtbot: QtBot) -> None:
    sent = question("<b>not bold</b>\n# not a title &amp; " + "long " * 100)
    transcript.show_messages([sent])
    shown = transcript.message(sent.id)
    assert shown is not None
    assert shown.text == sent.text


def test_short_messages_have_narrow_bubbles_and_long_ones_leave_room(transcript: Transcript, qtbot: QtBot) -> None:
    short, long = question("Hi"), question("long " * 100)
    transcript.show_messages([short, long])
    settle(qtbot)
    widths = []
    for sent in (short, long):
        shown = transcript.message(sent.id)
        assert shown is not None
        view = shown.findChild(TextView)
        assert isinstance(view, TextView)
        widths.append(view.width())
    assert widths[0] < 40
    assert 400 < widths[1] < 0.85 * 680

"""The composer: keys, growth, effort, Send and Stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.domain.chat import Effort
from app.ui.composer import Composer
from app.ui.composer_edit import ComposerEdit
from app.ui.theme import Theme
from tests.ui import hands


@pytest.fixture
def composer(theme: Theme, qtbot: QtBot) -> Iterator[Composer]:
    host = QWidget()
    host.resize(700, 500)
    composer = Composer(theme, host)
    composer.resize(600, 120)
    composer.show()
    qtbot.addWidget(host)
    host.show()
    composer.take_focus()
    yield composer
    host.close()


def edit(composer: Composer) -> ComposerEdit:
    return child(composer, ComposerEdit, "composer")


W = TypeVar("W", bound=QWidget)


def child(parent: QWidget, kind: type[W], name: str) -> W:
    found = parent.findChild(kind, name)
    assert isinstance(found, kind)
    return found


def test_enter_submits_the_text_and_leaves_it_until_it_is_stored(composer: Composer, qtbot: QtBot) -> None:
    hands.write(edit(composer), "hello ")
    with qtbot.waitSignal(composer.message_submitted) as caught:
        hands.press(edit(composer), Qt.Key.Key_Return)
    assert caught.args == ["hello"]
    assert composer.text == "hello "


def test_shift_enter_breaks_the_line(composer: Composer, qtbot: QtBot) -> None:
    hands.write(edit(composer), "one")
    hands.press(edit(composer), Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    hands.write(edit(composer), "two")
    assert composer.text == "one\ntwo"


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_what_is_empty_cannot_be_sent(composer: Composer, qtbot: QtBot, text: str) -> None:
    composer.set_text(text)
    with qtbot.assertNotEmitted(composer.message_submitted):
        hands.press(edit(composer), Qt.Key.Key_Return)
    assert not child(composer, QPushButton, "send").isEnabled()


def test_enter_belongs_to_the_input_method_while_a_word_is_composed(composer: Composer, qtbot: QtBot) -> None:
    composer.set_text("日本")
    QApplication.sendEvent(edit(composer), QInputMethodEvent("ご", []))
    with qtbot.assertNotEmitted(composer.message_submitted):
        hands.press(edit(composer), Qt.Key.Key_Return)
    committed = QInputMethodEvent("", [])
    committed.setCommitString("語")
    QApplication.sendEvent(edit(composer), committed)
    with qtbot.waitSignal(composer.message_submitted):
        hands.press(edit(composer), Qt.Key.Key_Return)


def test_it_grows_with_its_text_up_to_ten_lines_and_shrinks_again(composer: Composer, qtbot: QtBot) -> None:
    heights = []
    for lines in (1, 4, 8, 10, 30):
        composer.set_text("\n".join(["line"] * lines))
        heights.append(edit(composer).height())
    assert heights[0] < heights[1] < heights[2] < heights[3] == heights[4]
    composer.clear()
    assert edit(composer).height() == heights[0]


def test_pasted_formatting_becomes_plain_text(composer: Composer, qtbot: QtBot) -> None:
    data = QMimeData()
    data.setHtml("<h1>Big</h1><p>and <b>bold</b></p>")
    data.setText("Big and bold")
    QGuiApplication.clipboard().setMimeData(data)
    edit(composer).paste()
    assert composer.text == "Big and bold"
    assert "font-weight" not in edit(composer).toHtml().split("<body")[1].split("<p")[1]
    # Left in the clipboard, an object of Python's would be destroyed after Python, with a crash at the very end.
    QGuiApplication.clipboard().clear()


def test_stop_takes_the_place_of_send_until_there_is_something_to_send_next(composer: Composer, qtbot: QtBot) -> None:
    send, stop = child(composer, QPushButton, "send"), child(composer, QPushButton, "stop")
    composer.set_running(True)
    assert (send.isVisible(), stop.isVisible()) == (False, True)
    with qtbot.assertNotEmitted(composer.message_submitted):
        hands.press(edit(composer), Qt.Key.Key_Return)
    composer.set_text("next")
    assert (send.isVisible(), stop.isVisible()) == (True, True)
    assert "after this answer" in send.toolTip()
    with qtbot.waitSignal(composer.message_submitted):
        hands.press(edit(composer), Qt.Key.Key_Return)
    with qtbot.waitSignal(composer.stop_requested):
        hands.click(stop)
    composer.set_running(False)
    assert (send.isVisible(), stop.isVisible()) == (True, False)
    assert send.isEnabled()


def test_effort_is_chosen_by_click_and_by_arrow_key(composer: Composer, qtbot: QtBot) -> None:
    composer.set_effort(Effort.MEDIUM)
    none, low, medium, high = child(composer, QWidget, "effort").findChildren(QPushButton)
    with qtbot.waitSignal(composer.effort_chosen) as caught:
        hands.click(high)
    assert caught.args == ["high"]
    high.setFocus()
    with qtbot.waitSignal(composer.effort_chosen) as caught:
        hands.press(high, Qt.Key.Key_Left)
    assert caught.args == ["medium"]
    assert composer.effort is Effort.MEDIUM
    assert medium.isChecked()
    assert not low.isChecked()
    assert none.text() == "None"


def test_setting_the_effort_tells_nobody(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(composer.effort_chosen):
        composer.set_effort(Effort.HIGH)
    assert composer.effort is Effort.HIGH


def test_the_context_meter_hides_until_the_size_is_known(composer: Composer) -> None:
    def words() -> list[str]:
        return [label.text() for label in composer.findChildren(QLabel) if label.isVisible()]

    assert words() == []
    composer.set_context(5222, 16384)
    assert words() == ["5.1k of 16k"]

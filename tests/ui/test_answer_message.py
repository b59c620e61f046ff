"""An answer on the page: reasoning apart, blocks kept, nothing loaded."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QTextDocument
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.domain.chat import Failure, Reasoning, Role, Status, Text, ToolCall, ToolResult
from app.ui.answer_message import AnswerMessage
from app.ui.code_block import CodeBlock
from app.ui.prose_view import ProseView
from app.ui.theme import DARK, LIGHT, Theme
from app.ui.widgets.fold_button import FoldButton
from app.ui.widgets.text_view import TextView
from tests.ui import hands
from tests.ui.fakes import answer, message

THOUGHT = Reasoning("Annex B decides.", 14.0, 212)
CODE = "Before\n\n```python\nx = 1\n```\n\nAfter"


@pytest.fixture
def widget(theme: Theme, qtbot: QtBot) -> AnswerMessage:
    widget = AnswerMessage(theme)
    widget.resize(680, 400)
    qtbot.addWidget(widget)
    widget.show()
    return widget


def test_reasoning_is_folded_and_opens_by_click_and_by_keys(widget: AnswerMessage, qtbot: QtBot) -> None:
    widget.show_message(answer("One month.", THOUGHT))
    panel = widget.reasoning
    fold = panel.findChild(FoldButton)
    assert isinstance(fold, FoldButton)
    assert panel.text == "Annex B decides."
    seen = [panel.is_open]
    hands.click(fold)
    seen.append(panel.is_open)
    hands.press(fold, Qt.Key.Key_Return)
    seen.append(panel.is_open)
    hands.press(fold, Qt.Key.Key_Space)
    seen.append(panel.is_open)
    assert seen == [False, True, False, True]


def test_reasoning_says_how_long_it_took_and_that_it_can_be_wrong(widget: AnswerMessage) -> None:
    widget.show_message(answer("One month.", THOUGHT))
    assert widget.reasoning.summary == "Thought for 14 s · 212 tokens · raw notes, can be wrong"
    widget.reasoning.finish(0.2)
    assert widget.reasoning.summary == "Thought for less than 1 s · raw notes, can be wrong"


def test_the_line_counts_the_seconds_while_the_model_thinks(widget: AnswerMessage, qtbot: QtBot) -> None:
    widget.show_thinking(11.0, running=True)
    assert widget.reasoning.summary == "Thinking, 11 s"
    assert widget.reasoning.isVisible()
    qtbot.waitUntil(lambda: widget.reasoning.summary == "Thinking, 12 s", timeout=2500)
    widget.show_thinking(12.4, running=False)
    assert not widget.reasoning.isVisible()


def test_thoughts_that_grow_continue_in_the_open_panel(widget: AnswerMessage) -> None:
    widget.show_parts((Reasoning("First"),))
    widget.reasoning.set_open(True)
    widget.show_parts((Reasoning("First, second"),))
    assert widget.reasoning.text == "First, second"


def test_tools_are_steps_within_the_reasoning(widget: AnswerMessage) -> None:
    call, result = ToolCall("container.exec", "{}"), ToolResult("container.exec", "there is no such tool")
    widget.show_message(answer("Sorry.", THOUGHT, call, result))
    assert "Called container.exec: there is no such tool" in widget.reasoning.text
    assert widget.text == "Sorry."


def test_copy_gives_the_answer_without_the_thoughts(widget: AnswerMessage, qtbot: QtBot) -> None:
    widget.show_message(answer("**One** month.", THOUGHT))
    button = next(each for each in widget.meta.findChildren(QPushButton) if each.text() == "Copy")
    hands.click(button)
    assert QGuiApplication.clipboard().text() == "**One** month."
    assert button.text() == "Copied"


def test_a_right_click_on_the_answer_or_on_copy_offers_markdown_and_plain_text(theme: Theme, qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    widget = AnswerMessage(theme, page)
    page.show()
    widget.show_message(answer("**One** month.\n\n- `a`\n- b", THOUGHT))
    view = widget.blocks.views[0]
    assert isinstance(view, TextView)
    place = view.rect().center()
    QApplication.sendEvent(
        view.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, view.mapToGlobal(place))
    )
    [menu] = view.findChildren(QMenu)
    button = next(each for each in widget.meta.findChildren(QPushButton) if each.text() == "Copy")
    for source in (menu, button):
        offered = {action.text(): action for action in source.actions()}
        offered["Copy the answer as plain text"].trigger()
        assert QGuiApplication.clipboard().text() == "One month.\n\n- a\n- b"
        offered["Copy the answer as Markdown"].trigger()
        assert QGuiApplication.clipboard().text() == "**One** month.\n\n- `a`\n- b"
    menu.close()


def test_blocks_that_did_not_change_keep_their_widgets(widget: AnswerMessage) -> None:
    text = "One.\n\n```python\nx = 1\n```\n\nTwo.\n\nThree"
    widget.show_parts((Text(text[:40]),))
    before = widget.blocks.views
    widget.show_parts((Text(text),))
    after = widget.blocks.views
    assert after[: len(before) - 1] == before[:-1]
    assert len(after) == 4


def test_an_answer_streamed_in_pieces_ends_as_if_it_had_come_at_once(widget: AnswerMessage, theme: Theme) -> None:
    text = "# T\n\nOne *two*\n\n- a\n- b\n\n```py\nx = 1\ny = 2\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nEnd"
    for end in range(1, len(text) + 1, 3):
        widget.show_parts((Text(text[:end]),))
    widget.show_message(answer(text))
    whole = AnswerMessage(theme)
    whole.show_message(answer(text))
    assert [describe(view) for view in widget.blocks.views] == [describe(view) for view in whole.blocks.views]


def describe(view: object) -> tuple[str, str]:
    if isinstance(view, CodeBlock):
        return "code", view.view.toPlainText()
    assert isinstance(view, ProseView)
    return "prose", view.html


def test_finished_prose_can_be_selected_over_its_paragraphs(widget: AnswerMessage) -> None:
    widget.show_message(answer("One.\n\nTwo.\n\nThree."))
    (view,) = widget.blocks.views
    assert isinstance(view, ProseView)
    view.selectAll()
    assert view.textCursor().selection().toPlainText() == "One.\nTwo.\nThree."


def test_code_in_a_line_keeps_its_spaces(widget: AnswerMessage) -> None:
    widget.show_message(answer("Type `a    b`  and\n`  c`."))
    [view] = [each for each in widget.findChildren(ProseView) if each.isVisible()]
    assert view.toPlainText() == "Type a    b and   c."


def test_code_says_its_language_and_copies_itself(widget: AnswerMessage, qtbot: QtBot) -> None:
    widget.show_message(answer(CODE))
    block = widget.blocks.views[1]
    assert isinstance(block, CodeBlock)
    copy = block.findChild(QPushButton)
    assert isinstance(copy, QPushButton)
    hands.click(copy)
    assert QGuiApplication.clipboard().text() == "x = 1"
    assert copy.text() == "Copied"


def test_code_is_coloured_and_follows_the_theme(widget: AnswerMessage, theme: Theme) -> None:
    widget.show_message(answer("```python\nx = 1  # é😀 one\n```"))
    block = widget.blocks.views[0]
    assert isinstance(block, CodeBlock)

    def colours() -> list[str]:
        formats = block.view.document().firstBlock().layout().formats()
        return [each.format.foreground().color().name() for each in formats]

    assert LIGHT.syntax_comment in colours()
    theme.choose("dark")
    assert DARK.syntax_comment in colours()


def test_nothing_is_loaded_whatever_the_html_asks_for(widget: AnswerMessage, theme: Theme) -> None:
    view = ProseView(theme, widget)
    kind = QTextDocument.ResourceType.ImageResource.value
    for address in ("file:///etc/hostname", "http://example.org/x.png", "/etc/hostname", "qrc:/x", "data:image/png;,"):
        assert view.loadResource(kind, QUrl(address)) is None
    view.set_html('<p>a<img src="file:///etc/hostname">b</p>')
    view.setSource(QUrl("file:///etc/hostname"))
    assert "a" in view.toPlainText()
    assert not view.openLinks()
    assert not view.openExternalLinks()


def test_a_link_that_is_clicked_is_only_told_about(widget: AnswerMessage, qtbot: QtBot) -> None:
    widget.show_message(answer("[here](https://example.org/a)"))
    view = widget.blocks.views[0]
    assert isinstance(view, ProseView)
    with qtbot.waitSignal(widget.link_activated) as caught:
        view.anchorClicked.emit(QUrl("https://example.org/a"))
    assert caught.args == [QUrl("https://example.org/a")]
    assert view.toPlainText() == "here"


def test_the_pale_line_says_how_fast_and_how_it_ended(widget: AnswerMessage) -> None:
    widget.show_message(answer("Once", status=Status.STOPPED))
    assert widget.meta.text == "Stopped 9.8 tokens/s · 212 tokens"
    widget.show_message(answer("Once", status=Status.INTERRUPTED, statistics=None))
    assert widget.meta.text == "Interrupted: the answer was cut off when the app closed"


def test_a_failure_is_a_notice_with_what_to_do(widget: AnswerMessage) -> None:
    failed = message(Role.ASSISTANT, status=Status.FAILED, failure=Failure("Out of memory.", "Close <b>programs</b>."))
    widget.show_message(failed)
    assert widget.notice.isVisible()
    assert widget.notice.text == "Out of memory. Close <b>programs</b>."


def test_before_the_first_word_the_progress_stands_in_its_place(widget: AnswerMessage) -> None:
    widget.show_progress("Reading your message: 1,200 of 4,000 tokens, 23 s left", 0.3)
    assert widget.progress.isVisible()
    widget.show_message(answer("Done"))
    assert not widget.progress.isVisible()


def test_text_is_as_high_as_its_content_and_needs_no_scrolling(widget: AnswerMessage, qtbot: QtBot) -> None:
    widget.show_message(answer("word " * 200))
    view = widget.blocks.views[0]
    assert isinstance(view, ProseView)
    qtbot.waitUntil(lambda: view.height() >= view.document().size().height() > 100)
    assert view.verticalScrollBar().maximum() == 0

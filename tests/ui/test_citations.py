"""Citations in an answer: small marks to click or to reach by keys, sources below, and what the answer rests on."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.domain.chat import Message, Role, Status, Text
from app.ui import cite_chips, document_words
from app.ui.answer_message import AnswerMessage
from app.ui.document_words import Grounds
from app.ui.prose_view import ProseView
from app.ui.theme import Theme
from tests.ui import hands
from tests.ui.documents import CITATIONS, FALSE, FIRST, SECOND, TEXT, cited, of_lease
from tests.ui.fakes import answer, message


@pytest.fixture
def widget(theme: Theme, qtbot: QtBot) -> AnswerMessage:
    widget = AnswerMessage(theme)
    widget.resize(680, 400)
    qtbot.addWidget(widget)
    widget.show()
    return widget


def prose(widget: AnswerMessage) -> ProseView:
    found = widget.blocks.views[0]
    assert isinstance(found, ProseView)
    return found


def chip_places(widget: AnswerMessage) -> list[QPoint]:
    document = prose(widget).document()
    return [cite_chips.rectangle(document, chip).center().toPoint() for chip in cite_chips.chips_in(document)]


def labels(widget: AnswerMessage) -> list[str]:
    return [chip.label for chip in cite_chips.chips_in(prose(widget).document())]


def test_a_mark_becomes_a_number_and_what_the_model_was_not_shown_a_doubted_one(widget: AnswerMessage) -> None:
    widget.show_message(cited())
    assert labels(widget) == ["1", "2", "3?"]
    assert prose(widget).toPlainText().strip() == "Three months[1], or one[2]. Never on Sundays[3?]."


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"- {TEXT}\n- again{FIRST}",
        f"| a | b |\n|---|---|\n| {FIRST} | x{SECOND} |\n\n{FALSE}",
        f"# T{FIRST}\n\n> q{SECOND}",
    ],
)
def test_a_click_on_a_mark_opens_its_citation_wherever_it_stands(
    widget: AnswerMessage, qtbot: QtBot, text: str
) -> None:
    widget.show_message(cited(text))
    heard: list[int] = []
    widget.citation_opened.connect(lambda citations, place: heard.append(place) if citations == CITATIONS else None)
    for place in chip_places(widget):
        hands.click(prose(widget).viewport(), place)
    wanted = [place for place, citation in enumerate(CITATIONS) for _ in range(text.count(citation.mark))]
    assert sorted(heard) == wanted


def test_marks_are_reached_by_keys(widget: AnswerMessage, qtbot: QtBot) -> None:
    widget.show_message(cited())
    view = prose(widget)
    view.activateWindow()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    hands.press(view, Qt.Key.Key_Tab)
    hands.press(view, Qt.Key.Key_Tab)
    with qtbot.waitSignal(widget.citation_opened) as caught:
        hands.press(view, Qt.Key.Key_Return)
    assert caught.args is not None
    assert caught.args[1] in (0, 1)
    assert view.textCursor().selectedText() == f"[{caught.args[1] + 1}]"


def test_a_mark_says_file_page_and_how_the_passage_begins(widget: AnswerMessage) -> None:
    widget.show_message(cited())
    cursor = QTextCursor(prose(widget).document())
    tips = []
    for chip in cite_chips.chips_in(prose(widget).document()):
        cursor.setPosition(chip.start + 1)
        tips.append(cursor.charFormat().toolTip())
    assert tips[0] == "<qt>lease.pdf, page 5: “The tenant shall give notice of three months.”</qt>"
    assert "was not shown these lines" in tips[2]


def test_a_forged_link_opens_nothing(widget: AnswerMessage, qtbot: QtBot) -> None:
    widget.show_message(cited("See [one](cite:0) and <cite:1>."))
    assert labels(widget) == []
    with qtbot.assertNotEmitted(widget.citation_opened), qtbot.assertNotEmitted(widget.link_activated):
        for bad in ("cite:7", "cite:-1", "cite:x", "cite:"):
            widget.blocks.link_activated.emit(QUrl(bad))


def test_while_the_answer_comes_marks_are_dots_and_never_half_written(widget: AnswerMessage) -> None:
    for end in range(1, len(TEXT) + 1):
        widget.show_parts((Text(TEXT[:end]),))
        shown = prose(widget).toPlainText()
        assert "【" not in shown
        assert "†" not in shown
    assert prose(widget).toPlainText().count("•") == 3
    widget.show_message(cited())
    assert labels(widget) == ["1", "2", "3?"]


def test_copying_gives_numbers_and_with_sources_their_list(widget: AnswerMessage) -> None:
    widget.show_message(cited())
    by_text = {each.text(): each for each in widget.meta.findChildren(QPushButton)}
    hands.click(by_text["Copy"])
    assert QGuiApplication.clipboard().text() == "Three months[1], or one[2]. Never on Sundays[3]."
    hands.click(by_text["Copy with sources"])
    assert QGuiApplication.clipboard().text().split("\n\n")[1].splitlines() == [
        "[1] lease.pdf, page 5",
        "[2] notes.md",
        "[3]  (not verified)",
    ]


def test_a_selection_is_copied_with_numbers(widget: AnswerMessage) -> None:
    widget.show_message(cited())
    view = prose(widget)
    view.selectAll()
    view.copy()
    assert QGuiApplication.clipboard().text().strip() == "Three months[1], or one[2]. Never on Sundays[3?]."


def test_the_sources_stand_below_once_each_and_are_folded_after_four(widget: AnswerMessage, qtbot: QtBot) -> None:
    marks = [f"【{number}†L1】" for number in range(1, 7)]
    citations = [of_lease(number, number, mark) for number, mark in enumerate(marks, start=1)]
    again = of_lease(1, 1, "【1†L2】")
    widget.show_message(cited(" ".join((*marks, again.mark)), *citations, again))
    rows = widget.sources.rows
    assert [row.accessibleName() for row in rows] == [f"{n}, lease.pdf, page {n}" for n in range(1, 7)]
    assert [row.isVisible() for row in rows] == [True] * 4 + [False] * 2
    more = widget.sources.findChild(QPushButton, "more_sources")
    assert isinstance(more, QPushButton)
    assert more.text() == "2 more sources"
    hands.click(more)
    assert all(row.isVisible() for row in rows)
    with qtbot.waitSignal(widget.citation_opened) as caught:
        QTest.keyClick(rows[5], Qt.Key.Key_Return)
    assert caught.args is not None
    assert caught.args[1] == 5


def test_an_answer_says_what_it_was_drawn_from(widget: AnswerMessage) -> None:
    widget.show_message(cited())
    assert "Drawn from 2 passages in 2 files" in widget.meta.text
    widget.show_message(answer("From memory."))
    assert "Drawn" not in widget.meta.text
    assert not widget.sources.isVisible()


def test_the_number_of_files_is_told_where_it_is_known() -> None:
    assert document_words.drawn_from(Grounds(5, 3, 13)) == "Drawn from 5 passages in 3 of 13 files"
    assert document_words.drawn_from(Grounds(1, 1, 1)) == "Drawn from 1 passage in 1 file"
    assert document_words.drawn_from(Grounds(2, 1)) == "Drawn from 2 passages in 1 file"


def test_an_answer_without_documents_keeps_what_looks_like_a_mark(widget: AnswerMessage) -> None:
    stopped: Message = message(Role.ASSISTANT, Text(f"a{FIRST}"), status=Status.STOPPED)
    widget.show_message(stopped)
    assert FIRST in prose(widget).toPlainText()


def test_marks_follow_the_theme(widget: AnswerMessage, theme: Theme) -> None:
    widget.show_message(cited())
    place = chip_places(widget)[0] - QPoint(4, 5)

    def colour() -> str:
        return prose(widget).grab().toImage().pixelColor(place).name()

    light = colour()
    assert light == theme.palette.accent_soft
    theme.choose("dark")
    assert colour() == theme.palette.accent_soft != light

"""The list of conversations."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from app.domain.chat import Conversation, new_conversation_id
from app.ui.conversation_delegate import ConversationDelegate
from app.ui.conversation_list import ConversationList
from app.ui.conversation_model import Index, RowRole, rows
from app.ui.theme import Theme
from tests.ui import hands
from tests.ui.fakes import conversation

TODAY = date(2026, 11, 24)


def dated(title: str, moment: datetime) -> Conversation:
    return Conversation(new_conversation_id(), title, moment, moment, moment.date())


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, 5).astimezone().astimezone(UTC)


@pytest.fixture
def view(theme: Theme, qtbot: QtBot) -> ConversationList:
    view = ConversationList(theme)
    view.resize(240, 400)
    qtbot.addWidget(view)
    view.show()
    qtbot.waitExposed(view)
    view.activateWindow()
    return view


@pytest.fixture
def three(view: ConversationList) -> list[Conversation]:
    three = [conversation(title, age=timedelta(minutes=at)) for at, title in enumerate(("First", "Second", "Third"))]
    view.show_conversations(three, datetime.now().astimezone().date())
    return three


def centre(view: ConversationList, which: Conversation) -> QPoint:
    return view.visualRect(view.rows.index(view.rows.row_of(which.id))).center()


def test_conversations_stand_newest_first_under_their_time() -> None:
    listed = rows(
        [
            dated("Old", noon(date(2025, 11, 9))),
            dated("Month", noon(date(2026, 11, 2))),
            dated("Today", noon(TODAY)),
            dated("Week", noon(date(2026, 11, 20))),
            dated("Yesterday", noon(date(2026, 11, 23))),
        ],
        TODAY,
    )
    assert [(row.text, row.detail(TODAY)) for row in listed] == [
        ("Today", ""),
        ("Today", "12:05"),
        ("Yesterday", ""),
        ("Yesterday", "12:05"),
        ("Earlier", ""),
        ("Week", "Friday"),
        ("Month", "2 November"),
        ("Old", "9 November 2025"),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_changes_the_rows_are_those_of_a_list_made_anew(view: ConversationList, seed: int) -> None:
    source = random.Random(seed)
    known = [dated(f"Talk {number}", noon(TODAY) - timedelta(hours=11 * number)) for number in range(12)]
    chosen = known[5]
    view.show_conversations(known, TODAY)
    view.select(chosen.id)
    for number in range(40):
        at = source.randrange(len(known))
        match source.choice(("new", "gone", "used", "renamed", "pinned", "nothing")):
            case "new":
                known.append(dated(f"New {number}", noon(TODAY) + timedelta(minutes=number)))
            case "gone" if len(known) > 1 and known[at].id != chosen.id:
                del known[at]
            case "used":
                known[at] = replace(known[at], updated_at=noon(TODAY) + timedelta(minutes=number))
            case "renamed":
                known[at] = replace(known[at], title=f"Renamed {number}")
            case "pinned":
                known[at] = replace(known[at], pinned_at=None if known[at].pinned_at else noon(TODAY))
        view.show_conversations(known, TODAY)
        wanted = rows(known, TODAY)
        shown = [view.rows.index(row) for row in range(view.rows.rowCount())]
        assert [(each.data(), each.data(RowRole.ID), each.data(RowRole.PINNED)) for each in shown] == [
            (row.text, row.id, row.pinned) for row in wanted
        ]
        assert view.selected == chosen.id


def test_a_new_title_is_painted_without_laying_out_the_list_anew(view: ConversationList, theme: Theme) -> None:
    class Counting(ConversationDelegate):
        asked = 0

        def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
            self.asked += 1
            return super().sizeHint(option, index)

    known = [dated(f"Talk {number}", noon(TODAY) - timedelta(minutes=number)) for number in range(500)]
    delegate = Counting(theme, view, view.rows.is_heading)
    view.setItemDelegate(delegate)
    view.show_conversations(known, TODAY)
    QApplication.processEvents()
    assert delegate.asked >= len(known)
    delegate.asked = 0
    before = view.grab().toImage()
    view.show_conversations([replace(known[0], title="Renamed"), *known[1:]], TODAY)
    QApplication.processEvents()
    assert delegate.asked < 50
    assert view.grab().toImage() != before


def test_news_do_not_take_the_reader_away_from_the_place_that_is_looked_at(view: ConversationList) -> None:
    known = [dated(f"Talk {number}", noon(TODAY) - timedelta(minutes=number)) for number in range(60)]
    view.show_conversations(known, TODAY)
    view.select(known[0].id)
    view.verticalScrollBar().setValue(1500)
    known[0] = replace(known[0], title="A title of the model's")
    view.show_conversations(known, TODAY)
    view.select(known[0].id)
    QApplication.processEvents()
    assert view.verticalScrollBar().value() == 1500


def test_a_conversation_without_a_title_still_has_a_name() -> None:
    assert rows([dated("", noon(TODAY))], TODAY)[1].text == "Untitled"


def test_a_click_selects_and_headings_cannot_be_selected(
    view: ConversationList, three: list[Conversation], qtbot: QtBot
) -> None:
    with qtbot.waitSignal(view.conversation_selected) as caught:
        hands.click(view.viewport(), centre(view, three[1]))
    assert caught.args == [three[1].id]
    with qtbot.assertNotEmitted(view.conversation_selected):
        hands.click(view.viewport(), view.visualRect(view.rows.index(0)).center())
    assert view.selected == three[1].id


def test_arrow_keys_walk_over_the_conversations(
    view: ConversationList, three: list[Conversation], qtbot: QtBot
) -> None:
    view.select(three[0].id)
    hands.press(view, Qt.Key.Key_Down)
    assert view.selected == three[1].id


def test_selecting_from_outside_tells_nobody(view: ConversationList, three: list[Conversation], qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.conversation_selected):
        view.select(three[2].id)
        view.show_conversations(three[1:], datetime.now().astimezone().date())
    assert view.selected == three[2].id


def rename(view: ConversationList, text: str, key: Qt.Key) -> None:
    view.rename_selected()
    editor = view.viewport().findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    editor.setText(text)
    hands.press(editor, key)
    QApplication.processEvents()


def test_a_title_is_edited_in_its_place(view: ConversationList, three: list[Conversation], qtbot: QtBot) -> None:
    view.select(three[1].id)
    with qtbot.waitSignal(view.rename_requested) as caught:
        rename(view, "  Better ", Qt.Key.Key_Return)
    assert caught.args == [three[1].id, "Better"]


@pytest.mark.parametrize(("text", "key"), [("", Qt.Key.Key_Return), ("Second", Qt.Key.Key_Return)])
def test_an_empty_or_equal_title_changes_nothing(
    view: ConversationList, three: list[Conversation], qtbot: QtBot, text: str, key: Qt.Key
) -> None:
    view.select(three[1].id)
    with qtbot.assertNotEmitted(view.rename_requested):
        rename(view, text, key)


def test_escape_leaves_the_title(view: ConversationList, three: list[Conversation], qtbot: QtBot) -> None:
    view.select(three[1].id)
    with qtbot.assertNotEmitted(view.rename_requested):
        rename(view, "Other", Qt.Key.Key_Escape)


def test_a_title_that_is_edited_survives_news(view: ConversationList, three: list[Conversation], qtbot: QtBot) -> None:
    view.select(three[1].id)
    view.rename_selected()
    view.show_conversations(three[:2], datetime.now().astimezone().date())
    editor = view.viewport().findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    assert view.rows.row_of(three[2].id) > 0
    hands.press(editor, Qt.Key.Key_Escape)
    QApplication.processEvents()
    assert view.rows.row_of(three[2].id) == -1
    assert view.selected == three[1].id


def test_delete_asks_for_the_trash(view: ConversationList, three: list[Conversation], qtbot: QtBot) -> None:
    view.select(three[2].id)
    with qtbot.waitSignal(view.trash_requested) as caught:
        hands.press(view, Qt.Key.Key_Delete)
    assert caught.args == [[three[2].id], "Third"]


def test_the_context_menu_offers_rename_and_trash(
    view: ConversationList, three: list[Conversation], qtbot: QtBot
) -> None:
    view.customContextMenuRequested.emit(centre(view, three[0]))
    menu = view.findChild(QMenu)
    assert isinstance(menu, QMenu)
    with qtbot.waitSignal(view.trash_requested) as caught:
        next(action for action in menu.actions() if "trash" in action.text()).trigger()
    assert caught.args == [[three[0].id], "First"]
    menu.close()


def test_screen_readers_hear_title_and_time(view: ConversationList, three: list[Conversation]) -> None:
    index = view.rows.index(view.rows.row_of(three[0].id))
    text = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert text == f"First, {index.data(RowRole.DETAIL)}"

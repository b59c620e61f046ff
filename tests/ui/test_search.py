"""Finding, in all conversations and in the one on the page; and drafts that stay where they were typed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.chat import Reasoning
from app.domain.search import SearchHit
from app.errors import AppError
from app.ui.actions import Act
from app.ui.main_window import MainWindow
from app.ui.widgets.text_view import TextView
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fakes import NOW, FakeCore, answer, conversation, question

LONG = conversation(
    "Lease",
    question("How much notice for the flat?"),
    answer("One **month**. A flat costs 𝒳 more.\n\n```\nflat = 1\n```"),
    *[each for n in range(30) for each in (question(f"Question {n}"), answer(f"Answer {n}"))],
)
OTHER = conversation("Other", question("What else?"), answer("Nothing."))
PLACE = LONG.messages[1]
HIT = SearchHit(LONG.id, PLACE.id, "Lease", "A flat costs more.", ((2, 6),), NOW)


def marked(window: MainWindow) -> list[str]:
    views = window.panels.pages.transcript.findChildren(TextView)
    return [each.cursor.selectedText() for view in views for each in view.extraSelections()]


def search(window: MainWindow, text: str) -> None:
    window.actions_by_name[Act.SEARCH].trigger()
    hands.write(window.panels.sidebar.search.field, text)


def find(window: MainWindow, text: str) -> None:
    window.actions_by_name[Act.FIND].trigger()
    hands.write(window.panels.find_bar.focusWidget() or window.panels.find_bar._field, text)


def test_results_take_the_place_of_the_list_as_one_types(open_window: Opener) -> None:
    core = FakeCore(LONG, OTHER)
    core.search.found = (HIT,)
    window = open_window(core)
    search(window, "flat")
    assert [query.text for query in core.search.queries] == ["f", "fl", "fla", "flat"]
    panel = window.panels.sidebar.search
    assert panel.results.isVisible()
    assert panel.results.count() == 1
    assert not window.panels.sidebar.conversations.isVisible()
    hands.press(panel.field, Qt.Key.Key_Escape)
    assert panel.field.text() == ""
    assert window.panels.sidebar.conversations.isVisible()
    assert not panel.results.isVisible()


def test_a_result_leads_to_the_message_and_marks_the_words(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(LONG, OTHER)
    core.search.found = (HIT,)
    window = open_window(core)
    search(window, "flat")
    hands.press(window.panels.sidebar.search.field, Qt.Key.Key_Return)
    transcript = window.panels.pages.transcript
    row = transcript.answer(PLACE.id)
    assert row is not None
    assert marked(window) == ["flat", "flat"]
    qtbot.waitUntil(lambda: not row.visibleRegion().isEmpty(), timeout=2000)
    assert not transcript.following


def test_a_place_deep_in_a_message_comes_into_sight(open_window: Opener, qtbot: QtBot) -> None:
    long = conversation("Long", question("Much?"), answer("".join(f"Paragraph {n} here.\n\n" for n in range(300))))
    core = FakeCore(long)
    core.search.found = (SearchHit(long.id, long.messages[1].id, "Long", "Paragraph 250", (), NOW),)
    window = open_window(core)
    search(window, "paragraph 250")
    hands.press(window.panels.sidebar.search.field, Qt.Key.Key_Return)
    view = next(
        each for each in window.panels.pages.transcript.findChildren(TextView) if "Paragraph 250 " in each.toPlainText()
    )
    cursor = next(QTextCursor(each.cursor) for each in view.extraSelections() if each.cursor.selectedText() == "250")
    qtbot.waitUntil(lambda: view.visibleRegion().contains(view.cursorRect(cursor).center()), timeout=2000)


def test_thoughts_in_which_something_was_found_open(open_window: Opener) -> None:
    talk = conversation("A", question("Q?"), answer("It says so.", Reasoning("Ponder the axolotl, it says.", 1.0)))
    core = FakeCore(talk)
    core.search.found = (SearchHit(talk.id, talk.messages[1].id, "A", "Ponder the axolotl", (), NOW),)
    window = open_window(core)
    search(window, "says axolotl")
    hands.press(window.panels.sidebar.search.field, Qt.Key.Key_Return)
    row = window.panels.pages.transcript.answer(talk.messages[1].id)
    assert row is not None
    assert row.reasoning.is_open
    assert "axolotl" in marked(window)


def test_the_fields_leave_the_window_its_shortcuts(open_window: Opener) -> None:
    window = open_window(FakeCore(LONG))
    search(window, "flat")
    field = window.panels.sidebar.search.field
    for key, left in ((Qt.Key.Key_E, True), (Qt.Key.Key_K, True), (Qt.Key.Key_A, False), (Qt.Key.Key_Z, False)):
        # With this a field is asked whether it wants a key that is a shortcut of its window.
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.ControlModifier)
        event.ignore()
        QApplication.sendEvent(field, event)
        assert event.isAccepted() is not left, key


def test_nothing_and_what_failed_are_said(open_window: Opener) -> None:
    core = FakeCore(LONG)
    window = open_window(core)
    search(window, "x")
    assert window.panels.sidebar.search.note == "Nothing found"
    core.search.found = AppError("It broke.", "Mend it.")
    search(window, "y")
    assert window.panels.sidebar.search.note == "It broke. Mend it."


def test_find_goes_from_the_last_place_to_the_first_and_round(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(LONG)
    window = open_window(core)
    window.panels.sidebar.conversations.conversation_selected.emit(LONG.id)
    bar = window.panels.find_bar
    find(window, "flat")
    assert bar.count == "3 of 3"
    for expected in ("2 of 3", "1 of 3", "3 of 3"):
        hands.press(bar._field, Qt.Key.Key_Return)
        assert bar.count == expected
    hands.press(bar._field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert bar.count == "1 of 3"
    assert marked(window) == ["flat"]
    find(window, "unheard of")
    assert bar.count == "Not found"
    hands.press(bar._field, Qt.Key.Key_Escape)
    assert bar.isHidden()
    assert marked(window) == []


def test_what_is_typed_stays_with_its_conversation(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore(LONG, OTHER)
    core.notes.drafts[LONG.id] = "half a question"
    window = open_window(core)
    composer = window.panels.composer
    composer.set_text("for a new one")
    window.panels.sidebar.conversations.conversation_selected.emit(LONG.id)
    qtbot.waitUntil(lambda: composer.text == "half a question", timeout=2000)
    assert core.notes.drafts[None] == "for a new one"
    window.actions_by_name[Act.NEW].trigger()
    qtbot.waitUntil(lambda: composer.text == "for a new one", timeout=2000)


def test_what_was_sent_is_no_draft_any_more(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    window.panels.composer.set_text("hello")
    qtbot.waitUntil(lambda: core.notes.drafts.get(None) == "hello", timeout=3000)
    window.panels.composer.submit()
    qtbot.waitUntil(lambda: not any(core.notes.drafts.values()), timeout=3000)
    assert window.panels.composer.text == ""


def test_what_is_typed_is_kept_when_the_window_closes(open_window: Opener) -> None:
    core = FakeCore()
    window = open_window(core)
    window.panels.composer.set_text("do not lose me")
    window.close()
    assert core.notes.drafts[None] == "do not lose me"

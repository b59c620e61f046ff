"""The document at the right: opened at what is cited, marked, and usable by keys alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.documents.render import FailureReason, RenderFailure
from app.ui.document_panel import DocumentPanel
from app.ui.file_opener import FileOpener, may_run
from app.ui.main_window import MainWindow
from app.ui.widgets.file_chip import FileChip
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.documents import CITATIONS, LEASE, NOTES, SHA, core_with_documents
from tests.ui.fakes import FakeCore, FakePages
from tests.ui.test_window import last_answer, named

GONE = RenderFailure(FailureReason.GONE, "The file is no longer where it was.")
CHANGED = RenderFailure(FailureReason.CHANGED, "The file has changed since it was read.")
FAILED = RenderFailure(FailureReason.FAILED, "This page can’t be drawn.")


def opened(open_window: Opener, core: FakeCore, qtbot: QtBot, place: int = 0) -> tuple[MainWindow, DocumentPanel]:
    """A window on the conversation, with one of the answer's citations opened."""
    window = open_window(core)
    window.resize(1280, 860)
    QApplication.processEvents()
    window.panels.sidebar.conversations.conversation_selected.emit(core.chat.conversations()[0].id)
    last_answer(window).citation_opened.emit(CITATIONS, place)
    qtbot.waitUntil(window.panels.document.isVisible)
    return window, window.panels.document


def text(panel: DocumentPanel, name: str) -> str:
    label = panel.findChild(QLabel, name)
    assert isinstance(label, QLabel)
    return label.text()


def test_a_citation_opens_its_page_with_the_passage_marked(open_window: Opener, qtbot: QtBot) -> None:
    core = core_with_documents()
    _, panel = opened(open_window, core, qtbot)
    assert panel.shows_pages
    assert text(panel, "document_name") == "lease.pdf"
    assert text(panel, "document_page") == "page 5 of 6"
    qtbot.waitUntil(lambda: 5 in panel.pages.drawn)
    picture = panel.pages.viewport().grab().toImage()
    marked = QColor(panel._theme.palette.mark)
    coloured = [
        (x, y)
        for y in range(0, picture.height(), 3)
        for x in range(0, picture.width(), 8)
        if picture.pixelColor(x, y) == marked
    ]
    assert coloured
    # In the upper half, where it is looked for.
    assert max(y for _, y in coloured) < picture.height() / 2


def test_only_pages_in_sight_and_beside_it_are_drawn(open_window: Opener, qtbot: QtBot) -> None:
    core = core_with_documents()
    pages = FakePages()
    core.pages = pages
    _, panel = opened(open_window, core, qtbot)
    qtbot.waitUntil(lambda: 5 in panel.pages.drawn)
    assert {page for _, page in pages.asked} <= {3, 4, 5, 6}
    panel.pages.go_to_page(1)
    qtbot.waitUntil(lambda: 1 in panel.pages.drawn)
    assert 5 not in panel.pages.drawn


def test_other_formats_are_shown_as_text_with_the_words_marked(open_window: Opener, qtbot: QtBot) -> None:
    _, panel = opened(open_window, core_with_documents(), qtbot, place=1)
    assert not panel.shows_pages
    assert panel.text.marked_text == "Note 300."
    assert panel.notice == ""
    (selection,) = panel.text.extraSelections()
    assert selection.cursor.selectedText() == "Note 300."
    assert 0 < panel.text.cursorRect(selection.cursor).top() < panel.text.height() / 2


def test_n_and_p_step_through_the_citations_that_lead_somewhere(open_window: Opener, qtbot: QtBot) -> None:
    _, panel = opened(open_window, core_with_documents(), qtbot)
    assert text(panel, "citation_place") == "1 of 2"
    hands.press(panel.pages, Qt.Key.Key_N)
    assert not panel.shows_pages
    assert text(panel, "citation_place") == "2 of 2"
    hands.press(panel.text, Qt.Key.Key_N)
    assert text(panel, "citation_place") == "2 of 2"
    hands.press(panel.text, Qt.Key.Key_P)
    assert panel.shows_pages


def test_page_keys_zoom_keys_and_escape(open_window: Opener, qtbot: QtBot) -> None:
    _, panel = opened(open_window, core_with_documents(), qtbot)
    pages = panel.pages
    hands.press(pages, Qt.Key.Key_PageUp)
    assert (pages.page, text(panel, "document_page")) == (4, "page 4 of 6")
    hands.press(pages, Qt.Key.Key_PageDown)
    assert pages.page == 5
    control = Qt.KeyboardModifier.ControlModifier
    fit = panel.findChild(QPushButton, "fit_width")
    assert isinstance(fit, QPushButton)
    hands.press(pages, Qt.Key.Key_Plus, control)
    assert fit.text() == "120 %"
    assert pages.horizontalScrollBar().maximum() > 0
    assert pages.page == 5
    hands.press(pages, Qt.Key.Key_Minus, control)
    hands.press(pages, Qt.Key.Key_Minus, control)
    assert fit.text() == "83 %"
    hands.press(pages, Qt.Key.Key_0, control)
    assert fit.text() == "100 %"
    hands.press(pages, Qt.Key.Key_Escape)
    assert not panel.isVisible()


def test_escape_in_the_document_does_not_stop_the_answer(open_window: Opener, qtbot: QtBot) -> None:
    core = core_with_documents()
    window, panel = opened(open_window, core, qtbot)
    stop = next(action for action in window.actions() if action.objectName() == "action_stop")
    stop.setEnabled(True)
    with qtbot.assertNotEmitted(stop.triggered):
        hands.press(panel.pages, Qt.Key.Key_Escape)
    assert not panel.isVisible()


@pytest.mark.parametrize("failure", [GONE, CHANGED])
def test_a_pdf_whose_file_is_gone_or_changed_is_shown_as_it_was_read(
    open_window: Opener, qtbot: QtBot, failure: RenderFailure
) -> None:
    core = core_with_documents()
    pages = FakePages()
    pages.failure = failure
    core.pages = pages
    _, panel = opened(open_window, core, qtbot)
    qtbot.waitUntil(lambda: not panel.shows_pages)
    assert panel.notice == f"{failure.sentence} Below is its text as it was read."
    unit = LEASE.units[4]
    assert panel.text.marked_text == LEASE.text[unit.start : unit.end]
    assert text(panel, "document_page") == "page 5 of 6"
    assert named(panel, "open_elsewhere").isEnabled() is (failure is CHANGED)
    hands.press(panel.text, Qt.Key.Key_PageUp)
    assert text(panel, "document_page") == "page 4 of 6"


def test_a_page_that_cannot_be_drawn_says_so_and_the_mark_stays(open_window: Opener, qtbot: QtBot) -> None:
    core = core_with_documents()
    pages = FakePages()
    pages.failure = FAILED
    core.pages = pages
    _, panel = opened(open_window, core, qtbot)
    qtbot.waitUntil(lambda: len(pages.asked) > 0)
    assert panel.shows_pages
    assert panel.notice == ""
    qtbot.wait(150)
    # It is not asked for again and again.
    assert len(pages.asked) == len(set(pages.asked))


def test_a_text_whose_file_is_gone_says_so(open_window: Opener, qtbot: QtBot) -> None:
    core = core_with_documents()
    pages = FakePages()
    pages.failure = GONE
    core.pages = pages
    _, panel = opened(open_window, core, qtbot, place=1)
    assert panel.notice.startswith("The file is no longer where it was.")
    assert panel.text.marked_text == "Note 300."


def test_a_document_that_the_index_lost_leaves_its_passage(open_window: Opener, qtbot: QtBot) -> None:
    core = core_with_documents()
    core.documents.documents = {}
    _, panel = opened(open_window, core, qtbot)
    assert panel.text.toPlainText() == CITATIONS[0].passage
    assert "no longer kept here" in panel.notice
    assert not named(panel, "open_elsewhere").isEnabled()


def test_the_files_of_a_message_are_chips_that_open_them(open_window: Opener, qtbot: QtBot) -> None:
    core = core_with_documents()
    window, panel = opened(open_window, core, qtbot)
    chips = window.panels.pages.transcript.findChildren(FileChip)
    assert [chip.text() for chip in chips] == ["lease.pdf", "notes.md"]
    hands.click(chips[1])
    assert (panel.shows_pages, panel.text.toPlainText()) == (False, NOTES.text)
    hands.press(chips[0], Qt.Key.Key_Return)
    assert (panel.shows_pages, panel.pages.page) == (True, 1)
    assert not named(panel, "citation_on").isVisible()


def test_another_conversation_closes_the_document(open_window: Opener, qtbot: QtBot) -> None:
    window, panel = opened(open_window, core_with_documents(), qtbot)
    window.actions_by_name[next(act for act in window.actions_by_name if act == "new")].trigger()
    assert not panel.isVisible()


def test_in_a_narrow_window_the_document_takes_the_place_of_the_conversation(open_window: Opener, qtbot: QtBot) -> None:
    window, panel = opened(open_window, core_with_documents(), qtbot)
    transcript = window.panels.pages.transcript
    assert (panel.isVisible(), transcript.isVisible()) == (True, True)
    window.resize(760, 500)
    QApplication.processEvents()
    assert (panel.isVisible(), transcript.isVisible()) == (True, False)
    hands.press(panel.pages, Qt.Key.Key_Escape)
    assert (panel.isVisible(), transcript.isVisible()) == (False, True)
    last_answer(window).citation_opened.emit(CITATIONS, 0)
    window.actions_by_name[next(act for act in window.actions_by_name if act == "focus_composer")].trigger()
    assert window.panels.composer.isVisible()


def test_nothing_is_cut_off_beside_an_open_document(open_window: Opener, qtbot: QtBot) -> None:
    window, _ = opened(open_window, core_with_documents(), qtbot)
    for width in (1000, 1040, 1280):
        window.resize(width, 700)
        QApplication.processEvents()
        transcript = window.panels.pages.transcript
        page = transcript.widget()
        assert page is not None
        assert page.width() <= transcript.viewport().width()
        composer = window.panels.composer
        for child in composer.findChildren(QPushButton):
            if child.isVisible() and child.objectName() != "library":
                assert child.width() >= child.minimumSizeHint().width(), (width, child.text())


def test_the_width_of_the_panel_is_remembered(open_window: Opener, qtbot: QtBot) -> None:
    core = core_with_documents()
    window, panel = opened(open_window, core, qtbot)
    window._splitter.setSizes([250, 530, 500])
    width = panel.width()
    hands.press(panel.pages, Qt.Key.Key_Escape)
    assert core.settings.document_width == width
    last_answer(window).citation_opened.emit(CITATIONS, 0)
    QApplication.processEvents()
    assert abs(panel.width() - width) <= 2
    window.close()
    assert abs(core.settings.document_width - width) <= 2


def test_what_could_run_code_is_opened_only_after_asking(open_window: Opener, qtbot: QtBot) -> None:
    window = open_window(core_with_documents())
    urls: list[QUrl] = []
    opener = FileOpener(window, urls.append)
    opener.open(Path("/home/me/lease.pdf"))
    assert [url.toLocalFile() for url in urls] == ["/home/me/lease.pdf"]
    opener.open(Path("/home/me/run.sh"))
    assert len(urls) == 1
    dialog = window.findChild(QDialog)
    assert isinstance(dialog, QDialog)
    agree = dialog.findChild(QPushButton, "open_file")
    assert isinstance(agree, QPushButton)
    hands.click(agree)
    assert urls[-1].toLocalFile() == "/home/me/run.sh"
    opener.show_in_folder(Path("/home/me/run.sh"))


@pytest.mark.parametrize("name", ["a.py", "a.html", "a.desktop", "a.exe", "a.docm", "a.pdf.bat", "a", "a.svg", "A.SH"])
def test_what_is_not_known_to_be_harmless_is_asked_about(name: str) -> None:
    assert may_run(Path(name))


def test_a_document_of_millions_of_characters_is_shown_around_the_passage(open_window: Opener, qtbot: QtBot) -> None:
    core = core_with_documents()
    huge = "A line of a very long file, with an emoji 🔥 in it.\n" * 60_000
    core.documents.documents[SHA] = replace(NOTES, sha256=SHA, name="huge.txt", text=huge)
    start = 1_500_017
    citation = replace(CITATIONS[1], sha256=SHA, start=start, end=start + 40, document="huge.txt")
    window, panel = opened(open_window, core, qtbot)
    last_answer(window).citation_opened.emit((citation,), 0)
    assert panel.text.marked_text == huge[start : start + 40]
    (selection,) = panel.text.extraSelections()
    assert selection.cursor.selectedText().replace("\u2029", "\n") == huge[start : start + 40]
    first, last = panel.text.shown
    assert first < start < last
    assert last - first < 400_000

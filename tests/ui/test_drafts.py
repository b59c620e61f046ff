"""What is written and not yet sent, in the real window on the real database."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.ui.actions import Act
from tests.ui.hands import click, press, write
from tests.ui.real_window import RealWindow, Start


def chips(window: RealWindow) -> list[str]:
    return [chip.text() for chip in window.window.panels.composer.attachments.chips]


def test_who_types_without_a_pause_loses_no_more_than_a_second(start: Start, qtbot: QtBot) -> None:
    window = start()
    began = time.monotonic()
    while time.monotonic() - began < 1.4:
        write(window.named("composer"), "word ")
        qtbot.wait(50)
    assert len(window.core.notes.draft(None)) > 20


def test_what_was_sent_is_no_draft_from_that_moment_on(start: Start) -> None:
    window = start()
    window.send("Hello")
    [conversation] = window.core.chat.conversations()
    window.wait(lambda: not window.core.notes.draft(None))
    write(window.named("composer"), "And then?")
    window.wait(lambda: window.core.notes.draft(conversation.id) == "And then?")
    press(window.named("composer"), Qt.Key.Key_Return)
    assert window.core.notes.draft(conversation.id) == ""


def test_a_message_taken_back_from_a_conversation_of_its_own_can_be_sent_anew(start: Start) -> None:
    window = start()
    window.send("One")
    window.window.actions_by_name[Act.NEW].trigger()
    window.send("Two")
    assert len(window.core.chat.conversations()) == 2
    click(window.named("take_back"))
    window.wait(lambda: window.window.panels.composer.text == "Two")
    # A kill now would not take it.
    assert window.core.notes.draft(None) == "Two"
    assert [each.title for each in window.core.chat.conversations()] == ["One"]
    press(window.named("composer"), Qt.Key.Key_Return)
    window.core.chat.stop()
    window.wait(lambda: window.core.chat.running is None and not window.core.outbox.waiting())
    assert {each.title for each in window.core.chat.conversations()} == {"One", "Two"}


def test_text_and_files_that_were_not_sent_are_there_after_a_restart(start: Start, tmp_path: Path) -> None:
    note, gone = tmp_path / "note.txt", tmp_path / "gone.txt"
    for file in (note, gone):
        file.write_text("Buy bread.")
    window = start()
    write(window.named("composer"), "What shall I buy?")
    window.window.panels.composer.files_pasted.emit([note, gone])
    window.wait(lambda: chips(window) == ["note.txt", "gone.txt"])
    gone.unlink()
    window = start()
    assert window.window.panels.composer.text == "What shall I buy?"
    assert chips(window) == ["note.txt", "gone.txt"]
    documents = window.core.documents
    assert documents is not None
    window.wait(lambda: documents.pending()[0].ready and bool(documents.pending()[1].reason))
    press(window.named("composer"), Qt.Key.Key_Return)
    window.wait(lambda: bool(window.core.chat.conversations()))
    window = start()
    assert (window.window.panels.composer.text, chips(window)) == ("", [])

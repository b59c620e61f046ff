"""The dialog of the libraries."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from app.domain.chat import Excerpt, Shown, ToolCall, ToolResult
from app.domain.documents import FileStatus
from app.services.document_events import Library, LibraryFile
from app.ui.library_dialog import LibraryDialog
from app.ui.tool_steps import tool_step
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fakes import FakeCore
from tests.ui.test_window import named

HOME = Path("/home/me/Contracts")
CONTRACTS = Library("Contracts", (HOME,), files=128, indexed=85, failed=2, waiting=40, passages=1402, seconds_left=200)
FILES = [
    LibraryFile(HOME / "2024" / "lease.pdf", 1, FileStatus.INDEXED, pages=18, passages=31),
    LibraryFile(HOME / "bank.pdf", 1, FileStatus.ENCRYPTED, "The file is protected by a password."),
    LibraryFile(HOME / "scan.pdf", 1, FileStatus.NO_TEXT, "There is no text in this file (a scan?)."),
]


def opened(open_window: Opener, core: FakeCore) -> LibraryDialog:
    window = open_window(core)
    window.panels.composer.attach.libraries_requested.emit()
    dialog = window.findChild(LibraryDialog)
    assert isinstance(dialog, LibraryDialog)
    return dialog


@pytest.fixture
def core() -> FakeCore:
    core = FakeCore()
    core.documents.put(CONTRACTS)
    core.documents.table["Contracts"] = FILES
    return core


def test_a_library_is_made_of_folders_and_named_after_the_first(open_window: Opener) -> None:
    core = FakeCore()
    dialog = opened(open_window, core)
    create = named(dialog, "create_library")
    assert not create.isEnabled()
    dialog.form.add_folders([HOME, Path("/home/me/Mail"), HOME])
    hands.click(create)
    (library,) = core.documents.libraries()
    assert (library.name, library.folders) == ("Contracts", (HOME, Path("/home/me/Mail")))
    assert dialog.current == "Contracts"


def test_a_name_is_taken_once(open_window: Opener, core: FakeCore) -> None:
    dialog = opened(open_window, core)
    hands.click(named(dialog, "new_library"))
    dialog.form.add_folders([HOME])
    assert not named(dialog, "create_library").isEnabled()
    name = named(dialog, "new_library_name")
    assert isinstance(name, QLineEdit)
    name.setText("Other contracts")
    assert named(dialog, "create_library").isEnabled()


def test_progress_is_told_with_the_time_left_and_can_be_paused(open_window: Opener, core: FakeCore) -> None:
    dialog = opened(open_window, core)
    counts = named(dialog, "library_counts")
    assert isinstance(counts, QLabel)
    assert counts.text() == "128 files · 1,402 passages · 2 with problems"
    assert dialog.page.progress == "Reading, 40 files left, 3 min 20 s left"
    pause = named(dialog, "pause_library")
    assert isinstance(pause, QAbstractButton)
    hands.click(pause)
    assert core.documents.libraries()[0].paused
    assert (dialog.page.progress, pause.text()) == ("Paused, 40 files left", "Resume")
    hands.click(pause)
    assert not core.documents.libraries()[0].paused
    hands.click(named(dialog, "rescan_library"))
    assert ("rescan", "Contracts") in core.documents.calls


def test_what_is_told_of_a_library_is_shown_at_once_or_soon(open_window: Opener, core: FakeCore, qtbot: QtBot) -> None:
    dialog = opened(open_window, core)
    for waiting in range(40, -1, -1):
        core.documents.put(Library("Contracts", (HOME,), 128, 128 - waiting, 0, waiting, 1402))
    qtbot.waitUntil(lambda: dialog.page.progress == "Up to date")


def test_the_table_can_show_problems_only(open_window: Opener, core: FakeCore) -> None:
    dialog = opened(open_window, core)
    table = dialog.page.files
    model = table.model()
    assert [model.index(row, 0).data() for row in range(table.count)] == ["2024/lease.pdf", "bank.pdf", "scan.pdf"]
    assert [model.index(0, column).data() for column in range(4)] == ["2024/lease.pdf", "Indexed", "18", "31"]
    hands.press(named(dialog, "problems_only"), Qt.Key.Key_Space)
    assert [model.index(row, 1).data() for row in range(table.count)] == [
        "The file is protected by a password",
        "There is no text in this file (a scan?)",
    ]
    assert model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) == "The file is protected by a password."


def test_removing_asks_first_and_says_that_files_stay(open_window: Opener, core: FakeCore, qtbot: QtBot) -> None:
    dialog = opened(open_window, core)
    hands.click(named(dialog, "remove_library"))
    box = dialog.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    assert "stay where they are" in box.informativeText()
    assert core.documents.libraries()
    hands.click(named(box, "confirm_remove"))
    assert core.documents.libraries() == []
    assert dialog.current == ""
    assert dialog.form.isVisible()


def test_the_sidebar_leads_to_the_libraries(open_window: Opener, core: FakeCore) -> None:
    window = open_window(core)
    action = next(each for each in window.panels.sidebar.menu.actions() if each.text() == "Libraries…")
    assert action.isVisible()
    action.trigger()
    assert window.findChild(LibraryDialog) is not None


def shown(*files: str, cursor: int | None = 0) -> Shown:
    """A page with an excerpt of each of these files: ten lines, from the fortieth on."""
    excerpts = (
        Excerpt(name, sha256(name.encode()).hexdigest(), i, 40, 100 * i, "\n".join(["words"] * 10))
        for i, name in enumerate(files)
    )
    return Shown(cursor, 3, tuple(excerpts))


WRONG = "Invalid link id 99."
THREE = shown("lease.pdf", "lease.pdf", "n.md")
NONE = shown(cursor=None)


@pytest.mark.parametrize(
    ("name", "arguments", "output", "page", "step"),
    [
        ("browser.search", '{"query": "notice"}', "", THREE, "Searched “notice”: 3 passages in 2 files"),
        ("browser.search", '{"query": "x"}', "No results for x.", NONE, "Searched “x”: nothing found"),
        ("browser.open", '{"id": 0}', "", shown("lease.pdf"), "Opened lease.pdf, lines 40 to 49"),
        ("browser.open", '{"id": 99}', WRONG, None, f"Called browser.open: {WRONG}"),
        ("browser.find", '{"pattern": "deposit"}', "", shown("a.md"), "Looked for “deposit”: 1 passage in 1 file"),
        ("browser.find", '{"pattern": "x"}', "", NONE, "Looked for “x”: nothing found"),
        ("browser.search", "[1]", "What?", None, "Called browser.search: What?"),
    ],
)
def test_a_step_says_what_the_model_did(name: str, arguments: str, output: str, page: Shown | None, step: str) -> None:
    assert tool_step(ToolCall(name, arguments), ToolResult(name, output, shown=page)) == step

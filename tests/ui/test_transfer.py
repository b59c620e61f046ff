"""Taking conversations out and in, from the window: what is asked, what is told, and real files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDrag, QDropEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.chat import ConversationId, Failure
from app.errors import TransferError
from app.export.formats import Format
from app.export.lossless import to_json_pieces
from app.export.reading import Unread
from app.export.transcript import Choices
from app.services.transfer_events import ExportRequest, Imported, ImportReport, Known
from app.ui.actions import Act
from app.ui.conversation_model import RowRole
from app.ui.error_box import ErrorBox
from app.ui.export_dialog import ExportDialog
from app.ui.list_dialog import ListDialog
from app.ui.main_window import MainWindow
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.text_view import TextView
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fakes import FakeCore, answer, conversation, question
from tests.ui.real_window import Start

LEASE = conversation("Lease: notice?", question("How much notice?"), answer("One month."))
OTHER = conversation("Other", question("What else?"), answer("Nothing."))


def dialog_of(window: MainWindow) -> ExportDialog:
    found = window.findChild(ExportDialog)
    assert isinstance(found, ExportDialog)
    return found


def agree(dialog: ExportDialog, form: Format, *ticked: str) -> None:
    field = dialog.findChild(ChoiceField, "export_format")
    assert isinstance(field, ChoiceField)
    place = list(Format).index(form)
    field.set_value(place)
    field.chosen.emit(place)
    for name in ticked:
        box = dialog.findChild(QCheckBox, name)
        assert isinstance(box, QCheckBox)
        box.click()
    agreed = dialog.findChild(QPushButton, "choose_place")
    assert isinstance(agreed, QPushButton)
    hands.click(agreed)


def test_a_conversation_is_dragged_out_as_a_file_and_not_into_its_own_window(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = start()
    window.ask("Hello")
    dragged: list[QMimeData] = []
    monkeypatch.setattr(QDrag, "exec", lambda drag, *_: dragged.append(drag.mimeData()))
    view = window.window.panels.sidebar.conversations
    place = view.visualRect(view.rows.index(1)).center()
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    for step in range(1, 4):
        moved = QPointF(place + QPoint(0, 10 * step))
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        on_screen = QPointF(view.viewport().mapToGlobal(moved))
        QApplication.sendEvent(view.viewport(), QMouseEvent(QEvent.Type.MouseMove, moved, on_screen, left, left, none))
    [url] = dragged[0].urls()
    file = Path(url.toLocalFile())
    assert file.name == "Hello.md"
    assert "A scripted answer." in file.read_text()
    assert file.is_relative_to(tmp_path / "data")
    again = start()
    assert not file.exists()
    assert [each.title for each in again.core.chat.conversations()] == ["Hello"]


def choose_place(window: MainWindow, path: Path) -> QFileDialog:
    place = next(each for each in window.findChildren(QFileDialog) if each.isVisible())
    place.fileSelected.emit(str(path))
    return place


def exporting(window: MainWindow, core: FakeCore, tmp_path: Path) -> None:
    window.panels.sidebar.conversations.conversation_selected.emit(LEASE.id)
    window.actions_by_name[Act.EXPORT].trigger()
    agree(dialog_of(window), Format.PDF, "export_reasoning")
    choose_place(window, tmp_path / "lease.pdf")
    assert len(core.transfer.requests) == 1


def test_a_conversation_is_exported_as_was_chosen(open_window: Opener, tmp_path: Path) -> None:
    core = FakeCore(LEASE, OTHER)
    window = open_window(core)
    exporting(window, core, tmp_path)
    wanted = ExportRequest((LEASE.id,), Format.PDF, tmp_path / "lease.pdf", Choices(reasoning=True), overwrite=True)
    assert core.transfer.requests == [wanted]
    core.transfer.progress[0](0, 1)
    assert window.panels.banner.text == "Exporting… 0 of 1"
    core.transfer.ends[0]((tmp_path / "lease.pdf",))
    assert window.panels.banner.text == f"Exported {tmp_path / 'lease.pdf'}"


def test_the_name_of_a_file_is_that_of_the_conversation(open_window: Opener, tmp_path: Path) -> None:
    core = FakeCore(LEASE)
    window = open_window(core)
    window.panels.sidebar.conversations.export_requested.emit([LEASE.id])
    agree(dialog_of(window), Format.MARKDOWN)
    place = choose_place(window, tmp_path / "x.md")
    assert [Path(name).name for name in place.selectedFiles()] == ["Lease notice.md"]


def test_several_go_into_a_folder_and_nothing_there_is_replaced(open_window: Opener, tmp_path: Path) -> None:
    core = FakeCore(LEASE, OTHER)
    window = open_window(core)
    window.panels.sidebar.export_all_requested.emit()
    agree(dialog_of(window), Format.HTML)
    place = choose_place(window, tmp_path)
    assert place.fileMode() is QFileDialog.FileMode.Directory
    [request] = core.transfer.requests
    assert set(request.conversations) == {LEASE.id, OTHER.id}
    assert (request.into_folder, request.overwrite) == (True, False)


def test_json_is_one_file_with_everything(open_window: Opener, tmp_path: Path) -> None:
    core = FakeCore(LEASE, OTHER)
    window = open_window(core)
    window.panels.sidebar.export_all_requested.emit()
    agree(dialog_of(window), Format.JSON)
    assert not any(box.isEnabled() for box in dialog_of(window).findChildren(QCheckBox))
    choose_place(window, tmp_path / "all.json")
    assert core.transfer.requests[0].into_folder is False


def test_what_runs_can_be_stopped_and_what_fails_is_told(open_window: Opener, tmp_path: Path) -> None:
    core = FakeCore(LEASE)
    window = open_window(core)
    exporting(window, core, tmp_path)
    window.panels.banner.acted.emit(window.panels.banner.cause)
    assert core.transfer.stopped
    core.transfer.ends[0](TransferError("The disk is full.", "Free some space."))
    box = window.findChild(ErrorBox)
    assert isinstance(box, ErrorBox)
    assert "The disk is full." in " ".join(view.toPlainText() for view in box.findChildren(TextView))
    assert window.panels.banner.cause is None


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, buttons, keys))


def own_json(path: Path) -> Path:
    path.write_text("".join(to_json_pieces([LEASE])), encoding="utf-8")
    return path


def chatgpt_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps([{"title": "T", "mapping": {}}]))
    return path


def test_files_with_conversations_that_are_dropped_come_in(open_window: Opener, tmp_path: Path) -> None:
    core = FakeCore()
    window = open_window(core)
    files = [own_json(tmp_path / "a.json"), chatgpt_zip(tmp_path / "b.zip")]
    drop(window, *files)
    assert core.transfer.files == files
    first = ImportReport((Imported(ConversationId("1"), "A", is_copy=True),), (), ())
    second = ImportReport((), (Known(ConversationId("2"), "B"),), (Unread("C", "it has no messages"),))
    core.transfer.ends[0](first)
    core.transfer.ends[1](second)
    assert window.panels.banner.text == (
        "1 conversation imported As a copy, because another version is here: 1 conversation. "
        "Here already, left unchanged: 1 conversation. Not imported: “C”: it has no messages."
    )


def test_all_that_could_not_be_imported_can_be_read(open_window: Opener, tmp_path: Path) -> None:
    core = FakeCore()
    window = open_window(core)
    drop(window, own_json(tmp_path / "a.json"))
    partly = Unread("With a picture", "an image was left out", partly=True)
    unread = (partly, *(Unread(f"T{index}", "it has no messages") for index in range(9)), Unread("", "it ends"))
    core.transfer.ends[0](ImportReport((), (), unread))
    assert "Incomplete: “With a picture”: an image was left out. Not imported: “T0”" in window.panels.banner.text
    shown = window.panels.banner.findChildren(QPushButton)
    hands.click(next(each for each in shown if each.text() == "Show all…"))
    dialog = window.findChild(ListDialog)
    assert isinstance(dialog, ListDialog)
    entries = [dialog.list.item(row) for row in range(dialog.list.count())]
    assert [entry.text() for entry in entries] == ["With a picture", *(f"T{index}" for index in range(9)), "The file"]
    assert entries[0].data(RowRole.DETAIL) == "Incomplete: an image was left out"
    assert entries[-1].data(RowRole.DETAIL) == "Not imported: it ends"


@pytest.mark.parametrize("content", ['{"temperature": [21, 22]}', "", "[1, 2"])
def test_any_other_json_is_a_document(open_window: Opener, tmp_path: Path, content: str) -> None:
    core = FakeCore()
    window = open_window(core)
    (tmp_path / "data.json").write_text(content)
    drop(window, tmp_path / "data.json")
    assert core.transfer.files == []
    assert [file.path for file in core.documents.pending()] == [tmp_path / "data.json"]


def test_nothing_comes_in_where_nothing_can_be_written(open_window: Opener, tmp_path: Path) -> None:
    core = FakeCore(LEASE)
    core.chat.read_only = Failure("A newer version wrote this.", "You can read and export.")
    window = open_window(core)
    drop(window, own_json(tmp_path / "a.json"))
    assert core.transfer.files == []
    box = window.findChild(ErrorBox)
    assert isinstance(box, ErrorBox)
    assert "A newer version wrote this." in " ".join(view.toPlainText() for view in box.findChildren(TextView))


def test_the_file_that_is_chosen_comes_in(open_window: Opener, tmp_path: Path, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    window.panels.sidebar.import_requested.emit()
    place = next(each for each in window.findChildren(QFileDialog) if each.isVisible())
    with qtbot.waitSignal(place.filesSelected):
        place.filesSelected.emit([str(tmp_path / "a.json")])
    assert core.transfer.files == [tmp_path / "a.json"]


@pytest.mark.parametrize("by_shortcut", [True, False])
def test_where_there_is_nothing_to_export_it_is_said(open_window: Opener, by_shortcut: bool) -> None:
    window = open_window(FakeCore())
    if by_shortcut:
        window.actions_by_name[Act.EXPORT].trigger()
    else:
        window.panels.sidebar.export_all_requested.emit()
    assert isinstance(window.findChild(ErrorBox), ErrorBox)
    assert window.findChild(ExportDialog) is None

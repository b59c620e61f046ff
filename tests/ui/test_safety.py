"""Trouble that lasts, backups and the trash, in the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.core import Core
from app.domain.chat import Failure, Role
from app.engine.scripted import ScriptedEngine
from app.paths import Paths
from app.services.events import Saved, StorageFailed
from app.services.safety_events import BackupMade, DamageFound, Purged, SafetyFailed
from app.store.backups import Backup, Kind
from app.store.errors import DAMAGED
from app.ui import safety_controller
from app.ui.actions import Act
from app.ui.backups_dialog import BackupsDialog
from app.ui.banner import Cause
from app.ui.bridge import Bridge
from app.ui.composer_edit import ComposerEdit
from app.ui.confirm_dialog import ConfirmDialog
from app.ui.list_dialog import ListDialog
from app.ui.main_window import MainWindow
from app.ui.message_actions import MessageActions
from app.ui.settings_dialog import SettingsDialog
from app.ui.theme import Theme
from app.ui.trash_dialog import TrashDialog
from app.ui.user_message import UserMessage
from tests.models import TINY
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fakes import NOW, FakeCore, answer, conversation, message, question

FULL = Failure("The disk is full.", "Make room.")
LEASE = conversation("Lease", question("How much notice?"), answer("One month."))
BACKUP = Backup(Path("/data/backups/chat-20261124T080000Z-auto.db"), NOW, Kind.AUTOMATIC, 5_000_000)


def pressed(parent: object, name: str) -> None:
    assert isinstance(parent, ListDialog | ConfirmDialog)
    found = parent.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    assert found.isEnabled()
    hands.click(found)


def banner_button(window: MainWindow) -> QPushButton:
    return next(each for each in window.panels.banner.findChildren(QPushButton) if each.isVisible())


def editor(window: MainWindow) -> ComposerEdit:
    found = window.panels.composer.findChild(ComposerEdit)
    assert isinstance(found, ComposerEdit)
    return found


def modal(kind: type) -> object:
    found = QApplication.activeModalWidget()
    assert isinstance(found, kind)
    return found


class TestTheBanner:
    def test_keeps_telling_that_words_are_not_saved_until_they_are(
        self, open_window: Opener, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(safety_controller, "RETRY", 20)
        core = FakeCore(LEASE)
        window = open_window(core)
        core.chat.tell(StorageFailed(FULL))
        assert window.panels.banner.isVisible()
        assert "kept in memory and on screen" in window.panels.banner.text
        qtbot.waitUntil(lambda: core.chat.calls.count(("save_again",)) >= 2)
        core.chat.tell(Saved())
        assert not window.panels.banner.isVisible()
        tries = core.chat.calls.count(("save_again",))
        qtbot.wait(80)
        assert core.chat.calls.count(("save_again",)) == tries

    def test_lets_saving_be_tried_at_once(self, open_window: Opener) -> None:
        core = FakeCore(LEASE)
        window = open_window(core)
        core.chat.tell(StorageFailed(FULL))
        hands.click(banner_button(window))
        assert core.chat.calls == [("save_again",)]

    def test_of_damage_closes_the_window_that_can_rescue_at_its_next_start(self, open_window: Opener) -> None:
        core = FakeCore(LEASE)
        window = open_window(core)
        core.safety.tell(DamageFound(Failure(DAMAGED.title, DAMAGED.remedy)))
        assert "start it again" in window.panels.banner.text
        hands.click(banner_button(window))
        assert not window.isVisible()

    def test_about_copies_that_are_left_names_them_and_can_be_put_away(self, open_window: Opener) -> None:
        core = FakeCore(LEASE)
        window = open_window(core)
        core.safety.tell(Purged((Path("/data/chat.db.broken-1"),)))
        assert "chat.db.broken-1" in window.panels.banner.text
        hands.click(banner_button(window))
        assert not window.panels.banner.isVisible()

    def test_about_a_backup_goes_with_the_next_one_that_is_made(self, open_window: Opener) -> None:
        core = FakeCore(LEASE)
        window = open_window(core)
        core.safety.tell(SafetyFailed(FULL))
        assert window.panels.banner.cause is Cause.BACKUP
        core.safety.tell(BackupMade(BACKUP))
        assert window.panels.banner.cause is None

    def test_shows_the_most_pressing_trouble_and_then_the_next(self, open_window: Opener) -> None:
        core = FakeCore(LEASE)
        window = open_window(core)
        core.safety.tell(SafetyFailed(FULL))
        core.chat.tell(StorageFailed(FULL))
        causes = [window.panels.banner.cause]
        core.chat.tell(Saved())
        causes.append(window.panels.banner.cause)
        assert causes == [Cause.STORAGE, Cause.BACKUP]


def test_where_nothing_can_be_written_one_can_read_and_nothing_else(open_window: Opener) -> None:
    core = FakeCore(LEASE)
    core.chat.read_only = Failure("A newer version wrote this.", "You can read and export.")
    window = open_window(core)
    assert window.panels.banner.text == "A newer version wrote this. You can read and export."
    hands.write(editor(window), "Hello")
    window.panels.composer.submit()
    conversations = window.panels.sidebar.conversations
    conversations.setCurrentIndex(conversations.rows.index(conversations.rows.row_of(LEASE.id)))
    hands.press(conversations, Qt.Key.Key_Delete)
    conversations.rename_selected()
    assert core.chat.calls == []
    assert window.panels.pages.transcript.shown == 2
    can = {action.text() for action in conversations.menu().actions() if action.isEnabled() and action.text()}
    assert can == {"Copy as Markdown", "Copy as plain text", "Export…"}
    for row in window.panels.pages.transcript.findChildren(MessageActions):
        shown = {button.text() for button in row.findChildren(QPushButton) if button.isVisible()}
        assert shown <= {"Copy"}


def test_a_question_that_could_not_be_rescued_says_so(open_window: Opener) -> None:
    lost = message(Role.USER, failure=Failure("It could not be rescued.", "See the damaged file."))
    core = FakeCore(conversation("Rescued", lost, answer("As you say.")))
    window = open_window(core)
    window.panels.sidebar.conversations.conversation_selected.emit(core.chat.conversations()[0].id)
    shown = window.panels.pages.transcript.findChild(UserMessage)
    assert isinstance(shown, UserMessage)
    assert shown.notice == "It could not be rescued. See the damaged file."


class TestCtrlZ:
    def test_takes_what_was_just_thrown_away_out_of_the_trash(self, open_window: Opener, qtbot: QtBot) -> None:
        core = FakeCore(LEASE)
        window = open_window(core)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        conversations = window.panels.sidebar.conversations
        conversations.conversation_selected.emit(LEASE.id)
        hands.write(editor(window), "A draft")
        conversations.trash_requested.emit([LEASE.id], "Lease")
        hands.press(editor(window), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert [each.title for each in core.chat.conversations()] == ["Lease"]
        assert window.panels.composer.text == "A draft"

    def test_belongs_to_the_text_once_something_was_written(self, open_window: Opener, qtbot: QtBot) -> None:
        core = FakeCore(LEASE)
        window = open_window(core)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        window.panels.sidebar.conversations.trash_requested.emit([LEASE.id], "Lease")
        hands.write(editor(window), "x")
        hands.press(editor(window), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert core.chat.conversations() == []
        assert window.panels.composer.text == ""


class Guarded:
    """A window on a real core with a scripted engine."""

    def __init__(self, theme: Theme, qtbot: QtBot, data: Path) -> None:
        self._qtbot = qtbot
        self.bridge = Bridge()
        self.window = MainWindow(theme)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.core = Core(Paths(data), self.bridge.post, ScriptedEngine(), guarded=True)
        self.core.override_settings(titles=False)
        self.window.attach(self.core, TINY)

    def wait(self, condition: Callable[[], bool]) -> None:
        self._qtbot.waitUntil(condition, timeout=15_000)

    def ask(self, text: str) -> None:
        self.core.chat.send(None, text)
        self.wait(lambda: self.core.chat.running is None)

    def titles(self) -> list[str]:
        return sorted(each.title for each in self.core.chat.conversations())

    def close(self) -> None:
        self.window.close()
        self.core.close()
        self.bridge.close()
        self.window.deleteLater()


@pytest.fixture
def guarded(theme: Theme, qtbot: QtBot, tmp_path: Path) -> Iterator[Guarded]:
    guarded = Guarded(theme, qtbot, tmp_path / "data")
    yield guarded
    guarded.close()


def test_a_backup_made_in_the_window_can_be_gone_back_to(guarded: Guarded) -> None:
    guarded.ask("First")
    guarded.window.panels.sidebar.backups_requested.emit()
    dialog = modal(BackupsDialog)
    assert isinstance(dialog, BackupsDialog)
    pressed(dialog, "make")
    guarded.wait(lambda: dialog.status == "The backup is made, and was found whole.")
    guarded.wait(lambda: "1 conversation, 2 messages" in dialog.list.item(0).data(Qt.ItemDataRole.AccessibleTextRole))
    guarded.ask("Second")
    pressed(dialog, "restore")
    pressed(modal(ConfirmDialog), "agree")
    dialog.reject()
    assert dialog.isVisible(), "it can't be closed while it goes back"
    guarded.wait(lambda: dialog.status.startswith("Your conversations are those of"))
    assert guarded.titles() == ["First"]
    assert guarded.window.panels.sidebar.conversations.rows.rowCount() == 2
    assert [backup.kind for backup in guarded.core.safety.backups()] == [Kind.RESTORE, Kind.MANUAL]
    dialog.reject()


def test_while_an_answer_is_written_nothing_is_gone_back_to(guarded: Guarded) -> None:
    guarded.ask("First")
    guarded.window.panels.sidebar.backups_requested.emit()
    dialog = modal(BackupsDialog)
    assert isinstance(dialog, BackupsDialog)
    pressed(dialog, "make")
    guarded.wait(lambda: dialog.list.count() == 1)
    guarded.core.chat.send(None, "Second")
    pressed(dialog, "restore")
    pressed(modal(ConfirmDialog), "agree")
    assert dialog.status == "An answer is still being written. Wait for its end, or stop it first."
    guarded.wait(lambda: guarded.core.chat.running is None)
    assert guarded.titles() == ["First", "Second"]
    dialog.reject()


def test_the_trash_gives_back_one_and_deletes_another_for_good(guarded: Guarded) -> None:
    for text in ("Keep me", "Delete me"):
        guarded.ask(text)
    for each in guarded.core.chat.conversations():
        guarded.core.chat.move_to_trash(each.id)
    guarded.window.panels.sidebar.trash_requested.emit()
    dialog = modal(TrashDialog)
    assert isinstance(dialog, TrashDialog)
    assert {dialog.list.item(row).text() for row in range(2)} == {"Keep me", "Delete me"}
    row = next(row for row in range(2) if dialog.list.item(row).text() == "Keep me")
    dialog.list.setCurrentRow(row)
    pressed(dialog, "restore")
    assert guarded.titles() == ["Keep me"]
    assert "goes for good on" in dialog.list.item(0).data(Qt.ItemDataRole.AccessibleTextRole)
    pressed(dialog, "delete")
    pressed(modal(ConfirmDialog), "agree")
    guarded.wait(lambda: dialog.status == "Deleted for good, in the backups too. No copy is left.")
    assert guarded.core.chat.conversations(trashed=True) == []
    assert guarded.titles() == ["Keep me"]
    dialog.reject()


def test_emptying_the_trash_can_be_thought_better_of(open_window: Opener) -> None:
    core = FakeCore(replace(LEASE, trashed_at=NOW))
    window = open_window(core)
    window.panels.sidebar.trash_requested.emit()
    dialog = modal(TrashDialog)
    assert isinstance(dialog, TrashDialog)
    pressed(dialog, "empty")
    confirm = modal(ConfirmDialog)
    assert isinstance(confirm, ConfirmDialog)
    confirm.reject()
    assert core.safety.calls == []
    pressed(dialog, "empty")
    pressed(modal(ConfirmDialog), "agree")
    assert core.safety.calls == [("delete_forever", LEASE.id)]
    dialog.reject()


def test_what_may_be_deleted_for_good_in_the_trash_can_no_longer_be_undone_beside_it(open_window: Opener) -> None:
    window = open_window(FakeCore(LEASE))
    window.panels.sidebar.conversations.trash_requested.emit([LEASE.id], "Lease")
    assert window.panels.snackbar.isVisible()
    window.panels.sidebar.trash_requested.emit()
    assert not window.panels.snackbar.isVisible()
    window.panels.snackbar.undo()
    assert window.panels.sidebar.conversations.rows.row_of(LEASE.id) == -1
    dialog = modal(TrashDialog)
    assert isinstance(dialog, TrashDialog)
    dialog.reject()


def test_the_settings_lead_to_the_backups(open_window: Opener) -> None:
    window = open_window(FakeCore(LEASE))
    window.actions_by_name[Act.SETTINGS].trigger()
    settings = modal(SettingsDialog)
    assert isinstance(settings, SettingsDialog)
    next(each for each in settings.findChildren(QPushButton) if each.text() == "Backups…").click()
    backups = modal(BackupsDialog)
    assert isinstance(backups, BackupsDialog)
    backups.reject()

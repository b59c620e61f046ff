"""A damaged file at the start: what is offered, and that each way leads to conversations that can be opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.errors import AppError, StoreError
from app.jobs import Lane
from app.paths import Paths
from app.services.rescue import Rescuer
from app.store.backups import BackupFolder, Kind
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.errors import LostDatabaseError
from app.store.rescue import Rescue
from app.ui.bridge import Bridge
from app.ui.confirm_dialog import ConfirmDialog
from app.ui.damage_dialog import DamageDialog
from app.ui.ports import RescuerPort
from app.ui.theme import Theme
from tests.services.test_safety import smash, with_many_pages
from tests.ui import hands

Shower = Callable[[RescuerPort], DamageDialog]


@pytest.fixture
def show(theme: Theme, qtbot: QtBot) -> Iterator[Shower]:
    lane, bridge = Lane("rescue"), Bridge()

    def shower(rescuer: RescuerPort) -> DamageDialog:
        error = StoreError("The file with your conversations is damaged.", "", "page 7")
        dialog = DamageDialog(rescuer, error, lane.submit, bridge.post)
        qtbot.addWidget(dialog)
        dialog.open()
        qtbot.waitExposed(dialog)
        return dialog

    yield shower
    lane.close()
    bridge.close()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    data = tmp_path / "data"
    with_many_pages(data)
    BackupFolder.beside(data / "chat.db").make(data / "chat.db", Kind.AUTOMATIC)
    smash(data / "chat.db")
    return Paths(data)


def press(parent: object, name: str) -> None:
    assert isinstance(parent, DamageDialog | ConfirmDialog)
    found = parent.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    assert found.isVisible()
    assert found.isEnabled()
    hands.click(found)


def ready(dialog: DamageDialog, name: str) -> bool:
    found = dialog.findChild(QPushButton, name)
    return isinstance(found, QPushButton) and found.isVisible() and found.isEnabled()


def conversations(paths: Paths) -> int:
    database = open_database(paths.database)
    try:
        return len(ConversationStore(database).conversations())
    finally:
        database.close()


def test_a_repair_says_what_came_back_and_goes_on(show: Shower, qtbot: QtBot, paths: Paths) -> None:
    dialog = show(Rescuer(paths))
    press(dialog, "repair")
    qtbot.waitUntil(lambda: ready(dialog, "go_on"), timeout=15_000)
    assert "Rescued: " in dialog.text
    assert "chat.db.broken-" in dialog.text
    with qtbot.waitSignal(dialog.solved):
        press(dialog, "go_on")
    assert conversations(paths) == 60


def test_the_newest_backup_is_offered_with_what_is_in_it(show: Shower, qtbot: QtBot, paths: Paths) -> None:
    dialog = show(Rescuer(paths))
    qtbot.waitUntil(lambda: ready(dialog, "go_back"), timeout=15_000)
    offered = dialog.findChild(QPushButton, "go_back")
    assert isinstance(offered, QPushButton)
    assert "60 conversations, 0 messages" in offered.accessibleDescription()
    press(dialog, "go_back")
    qtbot.waitUntil(lambda: ready(dialog, "go_on"), timeout=15_000)
    assert "Your conversations are those of" in dialog.text
    assert conversations(paths) == 60
    assert list(paths.data.glob("chat.db.broken-*"))


def test_beginning_anew_asks_first_and_keeps_the_file(show: Shower, qtbot: QtBot, paths: Paths) -> None:
    dialog = show(Rescuer(paths))
    press(dialog, "begin_anew")
    press(QApplication.activeModalWidget(), "agree")
    qtbot.waitUntil(lambda: ready(dialog, "go_on"), timeout=15_000)
    assert conversations(paths) == 0
    assert list(paths.data.glob("chat.db.broken-*"))


class _Endless(Rescuer):
    """Reads until somebody gives up."""

    def rescue(self, progress: Callable[[float], None] = lambda _fraction: None) -> Rescue:
        while True:
            progress(0.5)


def test_one_can_quit_in_the_middle_of_a_repair(show: Shower, qtbot: QtBot, paths: Paths) -> None:
    before = paths.database.read_bytes()
    dialog = show(_Endless(paths))
    press(dialog, "repair")
    with qtbot.waitSignal(dialog.rejected):
        press(dialog, "quit")
    # The lane of the fixture ends only if the repair did.
    assert paths.database.read_bytes() == before


class _Full(Rescuer):
    def rescue(self, progress: Callable[[float], None] = lambda _fraction: None) -> Rescue:
        raise AppError("The disk is too full.", "Free some space.")


def test_a_repair_that_fails_says_why_and_offers_the_choices_again(show: Shower, qtbot: QtBot, paths: Paths) -> None:
    dialog = show(_Full(paths))
    press(dialog, "repair")
    qtbot.waitUntil(lambda: dialog.text == "The disk is too full. Free some space.")
    assert ready(dialog, "repair")


@pytest.mark.parametrize("emptied", [False, True])
def test_a_file_that_is_gone_is_missed_where_there_are_backups_of_it(
    paths: Paths, show: Shower, qtbot: QtBot, emptied: bool
) -> None:
    paths.database.unlink()
    if emptied:
        paths.database.touch()
    with pytest.raises(LostDatabaseError, match="is gone"):
        open_database(paths.database)
    dialog = show(Rescuer(paths))
    press(dialog, "repair")
    qtbot.waitUntil(lambda: ready(dialog, "go_on"))
    assert conversations(paths) > 0


def test_who_begins_anew_without_the_file_is_not_asked_again(paths: Paths) -> None:
    paths.database.unlink()
    assert Rescuer(paths).begin_anew() is None
    assert conversations(paths) == 0

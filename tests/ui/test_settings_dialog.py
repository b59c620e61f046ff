"""The settings dialog: each change reaches the core at once and is there at the next start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.core import Core
from app.domain.chat import Effort
from app.engine.scripted import ScriptedEngine
from app.errors import SettingsError
from app.paths import Paths
from app.services.events import ModelPhase, ModelState
from app.settings import Settings, load_settings, save_settings
from app.ui.actions import Act
from app.ui.error_box import ErrorBox
from app.ui.main_window import MainWindow
from app.ui.settings_dialog import SettingsDialog
from app.ui.theme import Theme
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.number_field import NumberField
from app.ui.widgets.segmented import Segmented
from tests.models import TINY
from tests.ui import hands
from tests.ui.conftest import Opener
from tests.ui.fakes import MODEL, READY, FakeCore, Script, answer, conversation, question

W = TypeVar("W", bound=QWidget)
Shower = Callable[..., SettingsDialog]


@pytest.fixture
def show(theme: Theme, qtbot: QtBot) -> Shower:
    """Opens the dialog on a core."""

    def shower(core: FakeCore | Core, open_url: Callable[[QUrl], bool] = lambda url: True) -> SettingsDialog:
        dialog = SettingsDialog(core, theme, open_url=open_url)
        # The dialog deletes itself when it is closed; qtbot closes what a test leaves open.
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.resize(620, 700)
        dialog.show()
        dialog.activateWindow()
        qtbot.waitUntil(dialog.isActiveWindow)
        return dialog

    return shower


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    """A real one, on a data folder of its own."""
    core = Core(Paths(tmp_path / "data"), lambda closure: closure(), ScriptedEngine([]))
    yield core
    core.close()


def saved(core: Core) -> Settings:
    """What the next start will find."""
    settings, repairs = load_settings(core.paths.settings)
    assert repairs == []
    return settings


def field(dialog: QWidget, kind: type[W], name: str) -> W:
    """The field that screen readers call so."""
    return next(each for each in dialog.findChildren(kind) if each.accessibleName() == name)


def button(dialog: QWidget, text: str) -> QPushButton:
    return next(each for each in dialog.findChildren(QPushButton) if each.text() == text)


def contexts(dialog: QWidget) -> list[QRadioButton]:
    return sorted(dialog.findChildren(QRadioButton), key=lambda each: each.mapTo(dialog, QPoint()).y())


def choose(segmented: Segmented, label: str) -> None:
    hands.click(button(segmented, label))


def type_number(number: NumberField, text: str) -> None:
    number.setFocus()
    number.selectAll()
    hands.write(number, text)
    hands.press(number, Qt.Key.Key_Return)


def says(dialog: QWidget, text: str) -> bool:
    return any(text in label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def test_instructions_are_kept_when_typing_pauses(core: Core, show: Shower, qtbot: QtBot) -> None:
    dialog = show(core)
    text = field(dialog, QPlainTextEdit, "Instructions")
    hands.write(text, "Answer in French.")
    assert core.settings.instructions == ""
    qtbot.waitUntil(lambda: core.settings.instructions == "Answer in French.", timeout=3000)
    assert saved(core).instructions == "Answer in French."


@pytest.mark.parametrize("how", ["Close", "Escape", "the window's button"])
def test_instructions_are_kept_however_the_dialog_is_closed(core: Core, show: Shower, how: str) -> None:
    dialog = show(core)
    text = field(dialog, QPlainTextEdit, "Instructions")
    hands.write(text, "Be brief.")
    if how == "Close":
        hands.click(button(dialog, "Close"))
    elif how == "Escape":
        hands.press(text, Qt.Key.Key_Escape)
    else:
        dialog.close()
    assert not dialog.isVisible()
    assert saved(core).instructions == "Be brief."


def test_instructions_survive_when_the_application_ends_under_the_dialog(
    core: Core, show: Shower, qapp: QApplication
) -> None:
    dialog = show(core)
    hands.write(field(dialog, QPlainTextEdit, "Instructions"), "Be kind.")
    qapp.aboutToQuit.emit()
    assert saved(core).instructions == "Be kind."


def test_the_default_effort_is_kept(core: Core, show: Shower) -> None:
    dialog = show(core)
    for label, effort in (("High", Effort.HIGH), ("None", Effort.NONE), ("Low", Effort.LOW)):
        choose(field(dialog, Segmented, "Thinking"), label)
        assert saved(core).effort is effort


def test_thoughts_can_be_limited_and_set_free_again(core: Core, show: Shower) -> None:
    dialog = show(core)
    limited = next(each for each in dialog.findChildren(QCheckBox))
    budget = field(dialog, NumberField, "Tokens to think at most")
    assert (limited.isChecked(), budget.isEnabled()) == (False, False)
    hands.press(limited, Qt.Key.Key_Space)
    assert saved(core).thinking_budget == 2048
    type_number(budget, "500")
    assert saved(core).thinking_budget == 500
    hands.press(budget, Qt.Key.Key_Up)
    assert saved(core).thinking_budget == 756
    hands.press(limited, Qt.Key.Key_Space)
    assert saved(core).thinking_budget is None
    assert (budget.minimum(), budget.maximum()) == (64, 131072)


def test_titles_can_be_left_to_the_first_words(core: Core, show: Shower) -> None:
    dialog = show(core)
    box = dialog.findChild(QCheckBox, "titles_by_model")
    assert box is not None
    assert box.isChecked()
    box.click()
    assert saved(core).titles is False
    box.click()
    assert saved(core).titles is True


def test_the_temperature_is_the_models_or_a_number(core: Core, show: Shower) -> None:
    dialog = show(core)
    whose, value = field(dialog, Segmented, "Temperature"), field(dialog, NumberField, "Fixed temperature")
    assert not value.isEnabled()
    choose(whose, "Fixed")
    assert saved(core).temperature == 1.0
    hands.press(value, Qt.Key.Key_Down)
    assert (saved(core).temperature, value.text()) == (0.9, "0.9")
    for _ in range(30):
        hands.press(value, Qt.Key.Key_Down)
    assert saved(core).temperature == 0.0
    for _ in range(30):
        hands.press(value, Qt.Key.Key_Up)
    assert saved(core).temperature == 2.0
    choose(whose, "As the model recommends")
    assert saved(core).temperature is None


def test_each_context_has_its_price_and_what_does_not_fit_is_marked(show: Shower) -> None:
    dialog = show(FakeCore())
    assert [each.accessibleName() for each in contexts(dialog)] == [
        "4k tokens, 11.5 GB",
        "8k tokens, 11.6 GB",
        "16k tokens, 11.8 GB, tight",
        "32k tokens, 12.2 GB, more than is free now",
    ]
    assert [each.isChecked() for each in contexts(dialog)] == [False, False, True, False]
    assert says(dialog, "more than is free now")
    assert says(dialog, "loaded anew with the next message")


def test_choosing_a_context_has_the_model_loaded_with_it(core: Core, show: Shower) -> None:
    core.models.use(TINY)
    dialog = show(core)
    assert all("MB" in each.accessibleName() for each in contexts(dialog))
    hands.click(contexts(dialog)[1])
    assert saved(core).context_size == 8192
    hands.press(contexts(dialog)[1], Qt.Key.Key_Up)
    assert saved(core).context_size == 4096
    assert core.models.state.phase is ModelPhase.UNLOADED


def test_without_a_model_contexts_have_no_price_and_can_be_chosen(core: Core, show: Shower) -> None:
    dialog = show(core)
    names = [each.accessibleName() for each in contexts(dialog)]
    assert names == ["4k tokens", "8k tokens", "16k tokens", "32k tokens", "64k tokens", "128k tokens"]
    hands.click(contexts(dialog)[3])
    assert saved(core).context_size == 32768


def test_a_model_file_that_is_gone_leaves_the_contexts_without_a_price(tmp_path: Path, show: Shower) -> None:
    paths = Paths(tmp_path / "data")
    paths.create()
    save_settings(paths.settings, Settings(model_path=str(tmp_path / "gone.gguf")))
    core = Core(paths, lambda closure: closure(), ScriptedEngine([]))
    try:
        dialog = show(core)
        assert contexts(dialog)[0].accessibleName() == "4k tokens"
    finally:
        core.close()


@pytest.mark.parametrize(("size", "place", "label"), [(12000, 2, "12k tokens"), (131072, 3, "32k tokens")])
def test_the_context_in_use_is_marked_whatever_the_file_says(show: Shower, size: int, place: int, label: str) -> None:
    dialog = show(FakeCore(settings=Settings(context_size=size)))
    assert [(at, each.text()) for at, each in enumerate(contexts(dialog)) if each.isChecked()] == [(place, label)]


def test_while_an_answer_is_written_the_model_stays(show: Shower, qtbot: QtBot) -> None:
    core = FakeCore()
    core.chat.script = Script(tick=10_000_000)
    core.chat.send(None, "hello")
    dialog = show(core)
    assert not any(each.isEnabled() for each in contexts(dialog))
    assert not button(dialog, "Unload now").isEnabled()
    assert says(dialog, "An answer is being written. The context can be changed after that.")
    core.chat.stop()
    qtbot.waitUntil(lambda: all(each.isEnabled() for each in contexts(dialog)), timeout=3000)
    assert button(dialog, "Unload now").isEnabled()


def test_the_time_until_the_model_is_unloaded_is_kept(core: Core, show: Shower) -> None:
    dialog = show(core)
    idle = field(dialog, ChoiceField, "Unload the model")
    assert [idle.itemText(at) for at in range(idle.count())] == [
        "Never",
        "After 5 minutes",
        "After 15 minutes",
        "After 30 minutes",
        "After 60 minutes",
        "After 2 hours",
    ]
    hands.press(idle, Qt.Key.Key_Down)
    assert saved(core).idle_minutes == 60
    hands.press(idle, Qt.Key.Key_Home)
    assert saved(core).idle_minutes == 0


def test_a_time_of_ones_own_is_offered_too(show: Shower) -> None:
    dialog = show(FakeCore(settings=Settings(idle_minutes=45)))
    idle = field(dialog, ChoiceField, "Unload the model")
    assert (idle.currentText(), idle.count()) == ("After 45 minutes", 7)


def test_the_model_is_unloaded_now_if_it_is_in_memory(show: Shower, qtbot: QtBot) -> None:
    core = FakeCore()
    dialog = show(core)
    assert says(dialog, "The model is in memory now.")
    hands.click(button(dialog, "Unload now"))
    assert core.models.calls == [("unload",)]
    core.models.become(ModelState(ModelPhase.UNLOADED, MODEL))
    qtbot.waitUntil(lambda: not button(dialog, "Unload now").isEnabled(), timeout=3000)
    assert says(dialog, "The model is not in memory now.")
    core.models.become(READY)
    qtbot.waitUntil(lambda: button(dialog, "Unload now").isEnabled(), timeout=3000)


def write_states(core: Core) -> list[Path]:
    core.paths.states.mkdir()
    files = [core.paths.states / name for name in ("a.0123.state", "shared-1.0123.state", "b.0123.part")]
    for path in files:
        path.write_bytes(bytes(1 << 20))
    (core.paths.states / "notes.txt").write_text("not ours")
    return files


def test_caches_are_measured_and_deleted_and_nothing_else(core: Core, show: Shower) -> None:
    files = write_states(core)
    dialog = show(core)
    assert says(dialog, "They take 3 MB now.")
    hands.click(button(dialog, "Delete them now"))
    assert not any(path.exists() for path in files)
    assert [path.name for path in core.paths.states.iterdir()] == ["notes.txt"]
    assert says(dialog, "There are none now.")
    assert not button(dialog, "Delete them now").isEnabled()
    assert saved_or_default(core).states_mb == Settings().states_mb


def saved_or_default(core: Core) -> Settings:
    return load_settings(core.paths.settings)[0]


def test_the_room_for_caches_is_kept_and_without_any_they_are_deleted_at_once(core: Core, show: Shower) -> None:
    files = write_states(core)
    dialog = show(core)
    room = field(dialog, NumberField, "Room for caches")
    assert room.text() == "4 GB"
    type_number(room, "2.5")
    assert (saved(core).states_mb, room.text()) == (2500, "2.5 GB")
    assert all(path.exists() for path in files)
    type_number(room, "0")
    assert (saved(core).states_mb, room.text()) == (0, "Keep nothing")
    assert not any(path.exists() for path in files)


def test_caches_that_cannot_be_deleted_are_told(core: Core, show: Shower) -> None:
    # A folder under the name of a state: the system refuses to unlink it, as Windows does with open files.
    (core.paths.states / "a.0123.state").mkdir(parents=True)
    dialog = show(core)
    hands.click(button(dialog, "Delete them now"))
    box = dialog.findChild(ErrorBox)
    assert isinstance(box, ErrorBox)
    assert box.isVisible()
    box.close()


def test_the_theme_is_shown_at_once_and_kept(core: Core, show: Shower, theme: Theme) -> None:
    dialog = show(core)
    choose(field(dialog, Segmented, "Theme"), "Dark")
    assert (theme.choice, saved(core).theme) == ("dark", "dark")
    choose(field(dialog, Segmented, "Theme"), "System")
    assert (theme.choice, saved(core).theme) == ("system", "system")


def test_the_folder_with_the_data_is_named_and_shown(core: Core, show: Shower) -> None:
    opened: list[QUrl] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url)
        return True

    dialog = show(core, open_url)
    assert field(dialog, QWidget, "Data folder").property("plainText") == str(core.paths.data)
    hands.click(button(dialog, "Show the folder"))
    assert [Path(url.toLocalFile()) for url in opened] == [core.paths.data]
    assert opened[0].scheme() == "file"
    assert dialog.findChild(ErrorBox) is None


def test_where_there_is_no_file_manager_that_is_said(core: Core, show: Shower) -> None:
    dialog = show(core, lambda url: False)
    hands.click(button(dialog, "Show the folder"))
    box = dialog.findChild(ErrorBox)
    assert isinstance(box, ErrorBox)
    assert box.isVisible()
    box.close()


def test_settings_that_cannot_be_saved_are_told_and_hold_for_this_run(show: Shower) -> None:
    core = FakeCore()
    core.refuse = SettingsError("The settings could not be saved.", "Make room.")
    dialog = show(core)
    choose(field(dialog, Segmented, "Thinking"), "High")
    box = dialog.findChild(ErrorBox)
    assert isinstance(box, ErrorBox)
    assert box.isVisible()
    assert core.settings.effort is Effort.HIGH
    assert dialog.isVisible()
    box.close()


def test_an_error_at_the_end_outlives_the_dialog(open_window: Opener, qtbot: QtBot) -> None:
    core = FakeCore()
    window = open_window(core)
    dialog = opened(window)
    core.refuse = SettingsError("The settings could not be saved.", "Make room.")
    text = field(dialog, QPlainTextEdit, "Instructions")
    hands.write(text, "Be brief.")
    hands.press(text, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.findChild(SettingsDialog) is None)
    box = window.findChild(ErrorBox)
    assert isinstance(box, ErrorBox)
    assert box.isVisible()
    core.refuse = None
    box.close()


def test_what_another_hand_wrote_into_the_file_is_shown_and_not_changed_by_looking(core: Core, show: Shower) -> None:
    written = Settings(
        instructions="Be precise.",
        effort=Effort.LOW,
        thinking_budget=20,
        temperature=0.75,
        states_mb=100,
        context_size=20000,
        idle_minutes=7,
    )
    core.update_settings(**{name: getattr(written, name) for name in Settings.__slots__ if name != "unknown"})
    dialog = show(core)
    assert field(dialog, QPlainTextEdit, "Instructions").toPlainText() == "Be precise."
    assert field(dialog, Segmented, "Thinking").value == "low"
    assert field(dialog, NumberField, "Tokens to think at most").text() == "20"
    assert field(dialog, NumberField, "Fixed temperature").text() == "0.75"
    assert field(dialog, NumberField, "Room for caches").text() == "0.1 GB"
    dialog.close()
    assert saved(core) == written


def test_the_keyboard_alone_reaches_every_field_and_brings_it_into_sight(core: Core, show: Shower) -> None:
    dialog = show(core)
    dialog.resize(500, 340)
    page = dialog.findChild(QScrollArea)
    assert isinstance(page, QScrollArea)
    reached: list[str] = []
    for _ in range(40):
        now = QApplication.focusWidget()
        assert now is not None
        if now.accessibleName() in reached and isinstance(now, QPlainTextEdit):
            break
        reached.append(now.accessibleName() or getattr(now, "text", str)())
        if page.isAncestorOf(now):
            shown = page.viewport().rect()
            assert shown.intersects(now.rect().translated(now.mapTo(page.viewport(), QPoint()))), reached
        hands.press(now, Qt.Key.Key_Tab)
    for name in (
        "Instructions",
        "Medium",
        "Stop thinking after",
        "As the model recommends",
        "16k tokens",
        "Unload the model",
        "Room for caches",
        "Address of the hub",
        "Token for the hub",
        "System",
        "Data folder",
        "Show the folder",
        "Close",
    ):
        assert name in reached, reached


def test_enter_in_a_field_does_not_close_the_dialog(core: Core, show: Shower) -> None:
    dialog = show(core)
    type_number(field(dialog, NumberField, "Room for caches"), "8")
    assert dialog.isVisible()
    assert saved(core).states_mb == 8000


def test_a_number_that_is_still_being_typed_is_kept_when_the_dialog_closes(core: Core, show: Shower) -> None:
    dialog = show(core)
    room = field(dialog, NumberField, "Room for caches")
    room.setFocus()
    room.selectAll()
    hands.write(room, "12")
    hands.press(room, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert saved(core).states_mb == 12000


def test_the_wheel_scrolls_the_page_and_changes_no_field(core: Core, show: Shower) -> None:
    dialog = show(core)
    before = core.settings
    for each in (field(dialog, NumberField, "Room for caches"), field(dialog, ChoiceField, "Unload the model")):
        each.setFocus()
        place = QPointF(each.rect().center())
        turn = QWheelEvent(
            place,
            QPointF(each.mapToGlobal(each.rect().center())),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(each, turn)
    assert core.settings == before


def test_screen_readers_are_told_what_each_field_is(show: Shower) -> None:
    core = FakeCore()
    core.states_size = 5_000_000_000
    dialog = show(core)
    for kind in (QAbstractButton, QPlainTextEdit, NumberField, ChoiceField, Segmented):
        for each in dialog.findChildren(kind):
            interface = QAccessible.queryAccessibleInterface(each)
            assert interface is not None
            assert interface.text(QAccessible.Text.Name), each
    assert "They take 5.0 GB now." in button(dialog, "Delete them now").accessibleDescription()


def test_the_dialog_fits_into_the_smallest_window(open_window: Opener, qtbot: QtBot) -> None:
    window = open_window(FakeCore())
    window.resize(window.minimumSize())
    dialog = opened(window)
    assert dialog.width() <= 720
    assert dialog.height() <= 480
    page = dialog.findChild(QScrollArea)
    assert isinstance(page, QScrollArea)
    content = page.widget()
    assert content is not None
    assert content.minimumSizeHint().width() <= page.viewport().width()
    dialog.close()


def opened(window: MainWindow) -> SettingsDialog:
    window.actions_by_name[Act.SETTINGS].trigger()
    dialog = window.findChild(SettingsDialog)
    assert isinstance(dialog, SettingsDialog)
    assert dialog.isVisible()
    return dialog


def test_the_menu_and_the_shortcut_open_the_same_dialog(open_window: Opener, qtbot: QtBot) -> None:
    window = open_window(FakeCore())
    entries = [action.text() for action in window.panels.sidebar.menu.actions() if not action.isSeparator()]
    assert entries == [
        "Settings…",
        "Theme",
        "Models…",
        "Libraries…",
        "Import conversations…",
        "Export all conversations…",
        "Trash…",
        "Backups…",
        "Help",
    ]
    assert window.actions_by_name[Act.SETTINGS].shortcut().toString() == "Ctrl+,"
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    hands.press(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    first = window.findChild(SettingsDialog)
    assert isinstance(first, SettingsDialog)
    hands.press(first, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.findChild(SettingsDialog) is None)


def test_a_new_conversation_takes_the_default_effort_and_an_old_one_keeps_its_own(open_window: Opener) -> None:
    old = replace(conversation("Lease", question("How long?"), answer("A month.")), effort=Effort.LOW)
    window = open_window(FakeCore(old))
    dialog = opened(window)

    def after_choosing(label: str) -> Effort:
        choose(field(dialog, Segmented, "Thinking"), label)
        return window.panels.composer.effort

    assert after_choosing("High") is Effort.HIGH
    window.panels.sidebar.conversations.conversation_selected.emit(old.id)
    assert after_choosing("None") is Effort.LOW
    dialog.close()


def test_before_there_is_a_core_there_are_no_settings(theme: Theme, qtbot: QtBot) -> None:
    window = MainWindow(theme)
    qtbot.addWidget(window)
    window.actions_by_name[Act.SETTINGS].trigger()
    assert window.findChild(SettingsDialog) is None


def type_text(line: QLineEdit, text: str) -> None:
    line.setFocus()
    line.selectAll()
    hands.press(line, Qt.Key.Key_Delete)
    hands.write(line, text)
    hands.press(line, Qt.Key.Key_Return)


def hub_fields(dialog: QWidget) -> tuple[QLineEdit, QLineEdit]:
    return field(dialog, QLineEdit, "Address of the hub"), field(dialog, QLineEdit, "Token for the hub")


def test_the_hub_and_its_token_are_kept_for_the_user_alone(core: Core, show: Shower) -> None:
    dialog = show(core)
    address, token = hub_fields(dialog)
    type_text(address, " https://mirror.example/hub/ ")
    type_text(token, "hf_secret")
    assert dialog.isVisible()
    assert (saved(core).hub_endpoint, saved(core).hub_token) == ("https://mirror.example/hub", "hf_secret")
    assert "secret" not in token.displayText(), "dots are shown"
    assert says(dialog, "that is sent to this address only")
    assert core.paths.settings.stat().st_mode & 0o777 == 0o600
    assert core.paths.data.stat().st_mode & 0o777 == 0o700
    type_text(address, "")
    assert saved(core).hub_endpoint == address.text() == Settings().hub_endpoint


def test_what_is_no_address_is_said_and_not_kept(core: Core, show: Shower) -> None:
    dialog = show(core)
    address, _ = hub_fields(dialog)
    for text in ("nowhere", "ftp://mirror.example", "https://", "https://a b"):
        type_text(address, text)
        assert says(dialog, "This is no address of a hub"), text
    assert core.settings.hub_endpoint == Settings().hub_endpoint
    type_text(address, "https://mirror.example")
    assert not says(dialog, "This is no address of a hub")


def test_a_token_does_not_go_along_to_another_address(core: Core, show: Shower) -> None:
    core.update_settings(hub_endpoint="https://mirror.example", hub_token="hf_secret")
    dialog = show(core)
    address, token = hub_fields(dialog)
    type_text(address, "https://mirror.example/other")
    assert saved(core).hub_token == "hf_secret", "that is the same server"
    type_text(address, "https://elsewhere.example")
    assert (saved(core).hub_endpoint, saved(core).hub_token) == ("https://elsewhere.example", "")
    assert token.text() == ""
    assert says(dialog, "The token was for the former address")


def test_a_token_that_would_go_in_the_clear_is_warned_of(core: Core, show: Shower) -> None:
    dialog = show(core)
    address, token = hub_fields(dialog)
    type_text(address, "http://mirror.example")
    assert not says(dialog, "so it is not sent")
    type_text(token, "hf_secret")
    assert says(dialog, "so it is not sent")
    type_text(address, "http://127.0.0.1:8000")
    type_text(token, "hf_secret")
    assert not says(dialog, "so it is not sent")

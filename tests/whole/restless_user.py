"""A person who uses the whole window at random, by its widgets, and notes what the window acknowledged.

Everything in here runs in the application's own process; see random_kills, which starts it and kills it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QObject, QPointF, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPushButton, QWidget

from app.core import Core
from app.domain.chat import MessageId
from app.services.events import AnswerGrew, Event, ReasoningGrew, StorageFailed, TurnEnded, TurnStarted
from app.ui.answer_message import AnswerMessage
from app.ui.backups_dialog import BackupsDialog
from app.ui.composer_edit import ComposerEdit
from app.ui.confirm_dialog import ConfirmDialog
from app.ui.conversation_model import RowRole
from app.ui.error_box import ErrorBox
from app.ui.main_window import MainWindow
from app.ui.message_actions import Action
from app.ui.trash_dialog import TrashDialog
from app.ui.user_message import UserMessage
from tests.store.scripted_user import length_of
from tests.ui.hands import click, press, write

_PAUSES = (0, 0, 10, 30, 100)
"""Milliseconds between two things that are done."""
_NOTE_SECONDS = 0.02
_DELETE_WORDS = "Delete for good"


class Journal:
    """A line for each thing that was acknowledged. What is written survives the writer."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, what: str, **fields: Any) -> None:
        line = json.dumps({"what": what, "at": time.monotonic(), **fields})
        os.write(self._file, f"{line}\n".encode())


class RestlessUser(QObject):
    """Begins once the window shows what the core holds."""

    def __init__(self, core: Core, journal: Journal, seed: int, files: Path, statements: int) -> None:
        """files is a folder with documents to drop on the window.

        After so many statements on the conversations the process kills itself, in the middle of something; 0 for never.
        """
        super().__init__()
        self._core = core
        self._journal = journal
        self._random = random.Random(seed)
        self._seed = seed
        self._files = sorted(files.iterdir())
        self._statements = statements
        self._words = 0
        self._lengths: dict[MessageId, int] = {}
        self._noted_at = 0.0
        self._drafts: dict[str, tuple[str, list[str]]] = {}
        self._ends: dict[str, str] = {}
        self._list: dict[str, list[object]] | None = None
        core.chat.subscribe(self._on_event)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_tick)
        self._timer.start(0)
        self._begun = False

    @Slot()
    def _on_tick(self) -> None:
        if not self._begun:
            self._begin()
        self._note_window()
        dialog = QApplication.activeModalWidget()
        try:
            if isinstance(dialog, QDialog):
                self._use_dialog(dialog)
            else:
                self._do_something()
        finally:
            self._note_window()
            self._timer.start(self._random.choice(_PAUSES))

    def _begin(self) -> None:
        self._begun = True
        [self._window] = [each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow)]
        self._panels = self._window.panels
        self._list_view = self._panels.sidebar.conversations
        self._transcript = self._panels.pages.transcript
        [self._edit] = self._panels.composer.findChildren(ComposerEdit, "composer")
        self._note_window()
        self._journal.note("up")
        if self._statements:
            # The connection on which everything is stored.
            connection: sqlite3.Connection = self._core._store._database.conn
            connection.set_trace_callback(self._on_statement)

    def _on_statement(self, statement: str) -> None:
        """The worst moments for an end are those between two statements."""
        self._statements -= 1
        if self._statements == 0:
            self._journal.note("killed", statement=" ".join(statement.split())[:60])
            os.kill(os.getpid(), signal.SIGKILL)

    # What is noted

    def _on_event(self, event: Event) -> None:
        match event:
            case TurnStarted(_, _, answer):
                self._lengths[answer.id] = length_of(answer)
            case AnswerGrew(message_id, text) | ReasoningGrew(message_id, text):
                self._lengths[message_id] = self._lengths.get(message_id, 0) + len(text)
                if time.monotonic() - self._noted_at > _NOTE_SECONDS:
                    self._journal.note("grew", message=message_id, length=self._lengths[message_id])
                    self._noted_at = time.monotonic()
            case TurnEnded(message):
                self._journal.note(
                    "ended", message=message.id, length=length_of(message), conversation=message.conversation_id
                )
            case StorageFailed(failure):
                self._journal.note("failed", title=failure.title)

    def _note_window(self) -> None:
        """Note what the window shows, as far as it has changed: what is being written, and the list."""
        place = self._current or ""
        draft = (self._panels.composer.text, sorted(chip.text() for chip in self._panels.composer.attachments.chips))
        if self._drafts.get(place, ("", [])) != draft:
            self._drafts[place] = draft
            self._journal.note("draft", place=place, text=draft[0], files=draft[1])
        last = next(reversed(self._transcript._rows), None)
        if place and last is not None and self._ends.get(place) != last:
            self._ends[place] = last
            self._journal.note("shows", conversation=place, message=last)
        rows = self._list_view.rows
        shown: dict[str, list[object]] = {}
        for at in range(rows.rowCount()):
            row = rows.index(at)
            if row.data(RowRole.ID):
                shown[row.data(RowRole.ID)] = [row.data(), row.data(RowRole.PINNED)]
        before = self._list or {}
        news = {key: row for key, row in shown.items() if before.get(key) != row}
        gone = sorted(before.keys() - shown.keys())
        if news or gone or self._list is None:
            self._journal.note("list", shown=news, gone=gone, whole=self._list is None)
        self._list = shown

    @property
    def _current(self) -> str | None:
        return self._window._presenter.chat.current if self._window._presenter is not None else None

    # What is done

    def _do_something(self) -> None:
        choices: list[tuple[Callable[[], None], int]] = [
            (self._type, 14),
            (self._send, 7),
            (self._stop, 2),
            (self._edit_message, 6),
            (self._answer_again, 3),
            (self._change_version, 3),
            (self._branch_off, 1),
            (self._choose, 5),
            (self._begin_anew, 3),
            (self._use_menu, 4),
            (self._rename, 2),
            (self._throw_away, 2),
            (self._undo, 2),
            (self._take_back, 1),
            (self._drop_file, 2),
            (self._search, 2),
            (self._open_trash, 2),
            (self._open_backups, 1),
        ]
        doing, weights = zip(*choices, strict=True)
        self._random.choices(doing, weights)[0]()

    def _some_words(self) -> str:
        """Words that nobody has written before, so that they can be found again."""
        self._words += 1
        return f"words {self._seed}x{self._words}. "

    def _type(self) -> None:
        if not self._edit.isVisible():
            return
        self._panels.composer.take_focus()
        write(self._edit, self._some_words())
        if self._random.random() < 0.2:
            press(self._edit, Qt.Key.Key_Backspace)

    def _send(self) -> None:
        if not self._edit.isVisible():
            return
        if not self._panels.composer.text.strip():
            self._type()
            self._note_window()
        text, place = self._panels.composer.text.strip(), self._current
        press(self._edit, Qt.Key.Key_Return)
        if not self._panels.composer.text:
            # The composer is empty: the window has taken it.
            self._journal.note("taken", text=text, conversation=self._current)
            if place is None:
                self._drafts[""] = ("", [])
                self._journal.note("draft", place="", text="", files=[])

    def _stop(self) -> None:
        self._press_button(self._panels.composer, "stop")

    def _edit_message(self) -> None:
        editor = self._transcript.findChild(ComposerEdit, "message_editor")
        if editor is None:
            row = self._some_row(UserMessage)
            if row is not None:
                self._press(row.message_actions.button(Action.EDIT))
        elif self._random.random() < 0.6:
            write(editor, self._some_words())
        elif self._random.random() < 0.2:
            press(editor, Qt.Key.Key_Escape)
        else:
            text, conversation = editor.text.strip(), self._current
            self._note_move()
            press(editor, Qt.Key.Key_Return)
            if self._transcript.findChild(ComposerEdit, "message_editor") is not editor:
                self._journal.note("taken", text=text, conversation=conversation)

    def _answer_again(self) -> None:
        row = self._some_row(AnswerMessage)
        if row is not None:
            self._note_move()
            self._press(row.message_actions.button(self._random.choice((Action.AGAIN, Action.CONTINUE))))

    def _note_move(self) -> None:
        """Another branch of the conversation on the page may be shown next."""
        self._ends.pop(self._current or "", None)
        self._journal.note("moving", conversation=self._current)

    def _change_version(self) -> None:
        switches = [
            row.message_actions.versions
            for row in self._transcript.findChildren(QWidget)
            if isinstance(row, UserMessage | AnswerMessage) and row.message_actions.versions.text
        ]
        if switches:
            self._note_move()
            self._press(self._random.choice(self._random.choice(switches).findChildren(QPushButton)))

    def _branch_off(self) -> None:
        row = self._some_row(AnswerMessage)
        if row is not None:
            self._press(row.message_actions.button(Action.BRANCH))

    def _choose(self) -> None:
        rows = self._list_view.rows
        found = [rows.index(at) for at in range(rows.rowCount()) if rows.index(at).data(RowRole.ID)]
        if found and self._list_view.isVisible():
            index = self._random.choice(found)
            self._list_view.scrollTo(index)
            click(self._list_view.viewport(), self._list_view.visualRect(index).center())

    def _begin_anew(self) -> None:
        self._press_button(self._panels.sidebar, "new_conversation")

    def _use_menu(self) -> None:
        self._choose()
        chosen = self._list_view.all_selected
        if not chosen:
            return
        menu = self._list_view.menu()
        action = self._random.choice([each for each in menu.actions() if each.text() in ("Pin", "Unpin", "Duplicate")])
        self._journal.note("doing", action=action.text(), conversations=chosen)
        action.trigger()
        menu.close()
        menu.deleteLater()

    def _rename(self) -> None:
        chosen = self._list_view.selected
        if chosen is None or not self._list_view.isVisible():
            return
        self._journal.note("doing", action="Rename", conversations=[chosen])
        self._list_view.rename_selected()
        editor = self._list_view.viewport().findChild(QLineEdit)
        if editor is not None:
            editor.setText("")
            write(editor, f"Title {self._some_words()}")
            press(editor, Qt.Key.Key_Return)

    def _throw_away(self) -> None:
        chosen = self._list_view.all_selected
        if chosen and self._list_view.isVisible():
            self._journal.note("doing", action="Trash", conversations=chosen)
            press(self._list_view, Qt.Key.Key_Delete)

    def _undo(self) -> None:
        if self._panels.snackbar.isVisible():
            self._journal.note("doing", action="Undo", conversations=list(self._panels.snackbar._key))  # type: ignore[call-overload]
            self._press(self._panels.snackbar.findChild(QPushButton))

    def _take_back(self) -> None:
        self._press_button(self._panels.waiting, "take_back")

    def _drop_file(self) -> None:
        if not self._edit.isVisible():
            return
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self._random.choice(self._files)))])
        buttons, modifiers = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        place = QPointF(self._window.rect().center())
        self._window.dropEvent(QDropEvent(place, Qt.DropAction.CopyAction, data, buttons, modifiers))

    def _search(self) -> None:
        panel = self._panels.sidebar.search
        if not panel.field.text():
            write(panel.field, self._random.choice(("words", "word1", "thought2", "title")))
        elif self._random.random() < 0.5:
            press(panel.field, Qt.Key.Key_Return)
        else:
            press(panel.field, Qt.Key.Key_Escape)

    def _open_trash(self) -> None:
        self._panels.sidebar.trash_requested.emit()

    def _open_backups(self) -> None:
        self._panels.sidebar.backups_requested.emit()

    def _use_dialog(self, dialog: QDialog) -> None:
        match dialog:
            case ErrorBox():
                self._journal.note("told", title=dialog._error.title, details=dialog._error.details)
                dialog.accept()
            case ConfirmDialog():
                self._press_button(dialog, "agree")
            case TrashDialog():
                self._use_trash(dialog)
            case BackupsDialog() if self._random.random() < 0.5:
                self._press_button(dialog, "make")
            case _:
                dialog.reject()

    def _use_trash(self, dialog: TrashDialog) -> None:
        what = self._random.choice(("restore", "restore", "delete", "close"))
        chosen = dialog.list.chosen
        if what == "close" or not chosen:
            dialog.reject()
            return
        self._journal.note("doing", action=what, conversations=chosen)
        self._press_button(dialog, what)

    # By which means

    def _some_row(self, kind: type[Any]) -> Any:
        rows = [row for row in self._transcript.findChildren(kind) if row.isVisible()]
        return self._random.choice(rows) if rows else None

    def _press_button(self, parent: QWidget, name: str) -> None:
        found = parent.findChildren(QPushButton, name) + [
            each for each in parent.findChildren(QWidget, name) if not isinstance(each, QPushButton)
        ]
        if found:
            self._press(found[0])

    def _press(self, button: QWidget | None) -> None:
        if button is not None and button.isVisible() and button.isEnabled():
            self._journal.note("pressed", button=button.objectName() or button.accessibleName())
            click(button)

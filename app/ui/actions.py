"""Everything that has a shortcut, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


class Act(StrEnum):
    """What can be done by a shortcut."""

    NEW = "new"
    RENAME = "rename"
    UNDO_TRASH = "undo_trash"
    SEARCH = "search"
    FIND = "find"
    EXPORT = "export"
    STOP = "stop"
    ANSWER_NOW = "answer_now"
    FOCUS_COMPOSER = "focus_composer"
    TOGGLE_SIDEBAR = "toggle_sidebar"
    OPEN_MODEL = "open_model"
    SETTINGS = "settings"
    ATTACH = "attach"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class _Entry:
    act: Act
    text: str
    shortcut: str


_TABLE = (
    _Entry(Act.NEW, str(QT_TRANSLATE_NOOP("Actions", "New conversation")), "Ctrl+N"),
    _Entry(Act.RENAME, str(QT_TRANSLATE_NOOP("Actions", "Rename the conversation")), "F2"),
    _Entry(Act.UNDO_TRASH, str(QT_TRANSLATE_NOOP("Actions", "Take out of the trash again")), "Ctrl+Z"),
    _Entry(Act.SEARCH, str(QT_TRANSLATE_NOOP("Actions", "Search everything")), "Ctrl+K, Ctrl+Shift+F"),
    _Entry(Act.FIND, str(QT_TRANSLATE_NOOP("Actions", "Find in this conversation")), "Ctrl+F"),
    _Entry(Act.EXPORT, str(QT_TRANSLATE_NOOP("Actions", "Export this conversation…")), "Ctrl+E"),
    _Entry(Act.STOP, str(QT_TRANSLATE_NOOP("Actions", "Stop the answer")), "Esc"),
    _Entry(Act.ANSWER_NOW, str(QT_TRANSLATE_NOOP("Actions", "Answer now")), "Ctrl+Return"),
    _Entry(Act.FOCUS_COMPOSER, str(QT_TRANSLATE_NOOP("Actions", "Write a message")), "Ctrl+L"),
    _Entry(Act.TOGGLE_SIDEBAR, str(QT_TRANSLATE_NOOP("Actions", "Show or hide the conversations")), "Ctrl+B"),
    _Entry(Act.OPEN_MODEL, str(QT_TRANSLATE_NOOP("Actions", "Open a model file")), "Ctrl+O"),
    _Entry(Act.SETTINGS, str(QT_TRANSLATE_NOOP("Actions", "Settings…")), "Ctrl+,"),
    _Entry(Act.ATTACH, str(QT_TRANSLATE_NOOP("Actions", "Attach files")), "Ctrl+Shift+A"),
    _Entry(Act.QUIT, str(QT_TRANSLATE_NOOP("Actions", "Quit")), "Ctrl+Q"),
)


def build_actions(window: QWidget) -> dict[Act, QAction]:
    """Make the actions and give them to the window."""
    actions = {}
    for entry in _TABLE:
        action = QAction(QCoreApplication.translate("Actions", entry.text), window)
        action.setObjectName(f"action_{entry.act}")
        # "Ctrl+K, Ctrl+Shift+F" as one sequence would be two keys after each other.
        action.setShortcuts([QKeySequence(keys) for keys in entry.shortcut.split(", ")])
        window.addAction(action)
        actions[entry.act] = action
    actions[Act.UNDO_TRASH].setEnabled(False)
    actions[Act.STOP].setEnabled(False)
    actions[Act.ANSWER_NOW].setEnabled(False)
    return actions

"""In the composer: the paperclip with its menu, and the library that the conversation uses."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QPaintEvent
from PySide6.QtWidgets import QMenu, QPushButton, QStyle, QStyleOptionButton, QStylePainter, QToolButton, QWidget

from app.ui.icons import line_icon
from app.ui.theme import Theme
from app.ui.widgets.controls import make_flat

LONGEST = 18
_AROUND_TEXT = 26
_LEAST_TEXT = 30


class AttachButton(QToolButton):
    """Opens a menu: attach files, or see to the libraries."""

    files_requested = Signal()
    libraries_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        description = self.tr("Attach files, or use a library (Ctrl+Shift+A)")
        self.setObjectName("attach")
        self.setAccessibleName("attach")
        self.setAccessibleDescription(description)
        self.setToolTip(description)
        self.setProperty("tone", "icon")
        self.setIconSize(QSize(16, 16))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        self._files = menu.addAction(self.tr("Attach files…"))
        self._libraries = menu.addAction(self.tr("Libraries…"))
        self.setMenu(menu)
        self._files.triggered.connect(self.files_requested)
        self._libraries.triggered.connect(self.libraries_requested)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.setIcon(line_icon("attach", self._theme.palette.mute))


class LibraryButton(QPushButton):
    """Says which library is used, and lets the user choose another or none. Hidden while there is no library."""

    chosen = Signal(str)  # name, empty for none

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._used = ""
        make_flat(self, self.tr("The library that this conversation draws from"))
        self.setObjectName("library")
        self.setProperty("tone", "library")
        # Where there is little room the books must do.
        self.setMinimumWidth(34)
        self._menu = QMenu(self)
        self._group = QActionGroup(self)
        self.setMenu(self._menu)
        self._group.triggered.connect(self._on_triggered)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.hide()

    @property
    def used(self) -> str:
        """The library that is used; empty for none."""
        return self._used

    def show_libraries(self, names: Sequence[str], used: str | None) -> None:
        """Offer these libraries; used is the one that the conversation draws from."""
        self._used = used or ""
        self._menu.clear()
        for action in self._group.actions():
            self._group.removeAction(action)
        for name in ("", *names):
            action = QAction(name.replace("&", "&&") or self.tr("No library"), self._group)
            action.setCheckable(True)
            action.setChecked(name == self._used)
            action.setData(name)
            self._menu.addAction(action)
        shown = self._used or self.tr("No library")
        self.setText(shown if len(shown) <= LONGEST else shown[: LONGEST - 1].rstrip() + "…")
        self.setAccessibleName(self.tr("Library: {name}").format(name=shown))
        self.setProperty("used", bool(self._used))
        self.style().polish(self)
        self._on_theme_changed()
        self.setVisible(bool(names))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """As a button, but with a name that is cut rather than clipped where there is little room."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.width() - self.iconSize().width() - _AROUND_TEXT
        if room < self.fontMetrics().horizontalAdvance(option.text):
            cut = self.fontMetrics().elidedText(option.text, Qt.TextElideMode.ElideRight, room)
            option.text = cut if room > _LEAST_TEXT else ""
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        self.chosen.emit(action.data())

    @Slot()
    def _on_theme_changed(self) -> None:
        palette = self._theme.palette
        self.setIcon(line_icon("library", palette.accent if self._used else palette.mute))

"""What the window of very many conversations is measured by: a list that is scrolled, a search as one types, a long
conversation that is opened, each until it is painted, beside the plainest widget that could do it."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QEventLoop, QObject, QStringListModel, QTimer, Slot
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QAbstractItemView, QApplication, QListView, QPlainTextEdit, QWidget

from app.core import Core
from app.domain.chat import ConversationId
from app.ui.main_window import MainWindow
from tests.ui.hands import click, write

_STEPS = 300
_ROUNDS = 5
_ROW = 52
_TYPED = ("table", "bace", "hajeki", "fo gu")
"""As words come in the made-up language of tests.bench.many."""
_PATIENCE = 20.0


class Measures(QObject):
    """Measures once the list is painted, and closes the window. results are seconds, by name."""

    def __init__(self, core: Core, long_id: str, began: float) -> None:
        """long_id is the conversation to open, empty if the start is all that is measured, which was at began."""
        super().__init__()
        self._began = began
        self.results: dict[str, float | list[float]] = {}
        self._core = core
        self._long = ConversationId(long_id)
        # Behind what fills the window.
        QTimer.singleShot(0, self._begin)

    @Slot()
    def _begin(self) -> None:
        try:
            self._measure()
        finally:
            self._window.close()

    def _measure(self) -> None:
        [window] = [each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow)]
        self._window = window
        self._panels = window.panels
        self._list = self._panels.sidebar.conversations
        # What waits to be laid out and painted is done now.
        QApplication.processEvents()
        self._list.viewport().repaint()
        self.results["list"] = time.monotonic() - self._began
        if not self._long:
            return
        assert self._list.rows.rowCount() > 10_000
        self.results["scroll"] = scrolled(self._list)
        self.results["plain scroll"] = scrolled(self._plain_list())
        self.results["open"] = [self._open() for _ in range(_ROUNDS)]
        self.results["plain open"] = [self._plain_open() for _ in range(_ROUNDS)]
        self.results["typed"] = self._typed()
        self.results["changed"] = [self._changed() for _ in range(_ROUNDS)]

    def _plain_list(self) -> QListView:
        rows = self._list.rows
        view = QListView(self._window)
        view.setModel(QStringListModel([str(rows.index(at).data()) for at in range(rows.rowCount())], view))
        view.setUniformItemSizes(True)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setGeometry(self._list.geometry())
        view.show()
        view.raise_()
        Painted(view.viewport()).wait()
        return view

    def _open(self) -> float:
        """From a click on the long conversation until its end is on the page; another one is shown before."""
        for conversation_id in (self._core.chat.conversations()[7].id, self._long):
            index = self._list.rows.index(self._list.rows.row_of(conversation_id))
            self._list.scrollTo(index)
            last = self._core.chat.conversation(conversation_id).messages[-1]
            QApplication.processEvents()
            began = time.monotonic()
            click(self._list.viewport(), self._list.visualRect(index).center())
            row = self._panels.pages.transcript.message(last.id)
            assert row is not None
            Painted(row).wait()
            taken = time.monotonic() - began
            rest()
        return taken

    def _plain_open(self) -> float:
        """The same words in one view without any looks."""
        began = time.monotonic()
        messages = self._core.chat.conversation(self._long).messages
        view = QPlainTextEdit("\n\n".join(message.text for message in messages), self._window)
        view.setGeometry(self._panels.pages.geometry())
        view.show()
        view.moveCursor(QTextCursor.MoveOperation.End)
        Painted(view.viewport()).wait()
        taken = time.monotonic() - began
        view.deleteLater()
        rest()
        return taken

    def _typed(self) -> list[float]:
        """From each key until the results for it are painted."""
        panel = self._panels.sidebar.search
        taken = []
        for words in _TYPED:
            for letter in words:
                began = time.monotonic()
                told = Told(self._core)
                write(panel.field, letter)
                wait_for(told.heard)
                panel.results.viewport().repaint()
                taken.append(time.monotonic() - began)
            panel.field.clear()
            rest()
        return taken

    def _changed(self) -> float:
        """How long the window stands still when one conversation changes, as at each end of an answer."""
        began = time.monotonic()
        self._core.chat.rename(self._long, f"Changed at {began}")
        QApplication.processEvents()
        self._list.viewport().repaint()
        return time.monotonic() - began


class Told:
    """Whether a search that is begun after this was made has been answered."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._search = core.search.search
        self.heard_it = False
        core.search.search = self._begin  # type: ignore[method-assign, assignment]

    def heard(self) -> bool:
        return self.heard_it

    def _begin(self, query: object, on_found: Callable[[object], None]) -> None:
        self._core.search.search = self._search  # type: ignore[method-assign]

        def found(what: object) -> None:
            on_found(what)
            self.heard_it = True

        self._search(query, found)  # type: ignore[arg-type]


class Painted(QObject):
    """Waits for the next time that a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._painted = False
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self._painted |= event.type() == QEvent.Type.Paint
        return False

    def wait(self) -> None:
        wait_for(lambda: self._painted)


def scrolled(view: QAbstractItemView) -> list[float]:
    """Seconds for each step of a list that is scrolled: by a turn of the wheel first, then through all of it."""
    bar = view.verticalScrollBar()
    taken = []
    for number in range(_STEPS):
        began = time.monotonic()
        bar.setValue(bar.value() + (3 * _ROW if number < _STEPS // 2 else bar.maximum() // _STEPS))
        view.viewport().repaint()
        taken.append(time.monotonic() - began)
    bar.setValue(0)
    return taken


def wait_for(condition: Callable[[], bool]) -> None:
    """Handle events until it is so, and sleep in between as the application does: Python runs one thread at a time."""
    end = time.monotonic() + _PATIENCE
    waking = QTimer()
    waking.start(100)
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def rest(seconds: float = 0.3) -> None:
    """Let everything come to its end that goes on behind what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)

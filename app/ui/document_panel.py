"""The document at the right of the conversation, open at what is cited."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from app.domain.documents import Mark, StoredDocument, Unit, UnitKind
from app.ui import document_words as words
from app.ui.header import HEIGHT
from app.ui.icons import line_icon
from app.ui.page_view import STEP, PageView
from app.ui.passage_view import PassageView
from app.ui.theme import Theme
from app.ui.widgets.controls import flat_button, icon_button, plain_label
from app.ui.widgets.elided_label import ElidedLabel

LEAST_WIDTH = 300


class DocumentPanel(QFrame):
    """Shows pages or text, and tells what the reader wants; where it comes from is somebody else's concern."""

    closed = Signal()
    citation_wanted = Signal(int)  # 1 for the next one, -1 for the one before
    open_requested = Signal()
    folder_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._units: tuple[Unit, ...] = ()
        self._document: StoredDocument | None = None
        self._offset = 0
        self._icons: dict[QToolButton, str] = {}
        self._build_head()
        self._build_tools()
        self._build()
        self._connect()

    def _build_head(self) -> None:
        self._name = ElidedLabel("title", self)
        self._name.setObjectName("document_name")
        self._where = plain_label("", "small", self)
        self._where.setObjectName("document_page")
        self._open = self._tool("open", self.tr("Open elsewhere"), "open_elsewhere")
        self._close = self._tool("close", self.tr("Close the document (Esc)"), "close_document")
        self._menu = QMenu(self)
        self._open_action = QAction(self.tr("Open with the system’s application"), self._menu)
        self._folder_action = QAction(self.tr("Show in folder"), self._menu)
        self._menu.addActions([self._open_action, self._folder_action])
        self._open.setMenu(self._menu)
        self._open.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._head = QFrame(self)
        self._head.setProperty("tone", "header")
        self._head.setFixedHeight(HEIGHT)
        row = QHBoxLayout(self._head)
        row.setContentsMargins(16, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(self._name)
        row.addWidget(self._where)
        row.addStretch(1)
        row.addWidget(self._open)
        row.addWidget(self._close)

    def _build_tools(self) -> None:
        self._page_back = self._tool("up", self.tr("Previous page (Page Up)"), "page_back")
        self._page_on = self._tool("down", self.tr("Next page (Page Down)"), "page_on")
        self._cite_back = self._tool("left", self.tr("Previous citation (P)"), "citation_back")
        self._cite_on = self._tool("right", self.tr("Next citation (N)"), "citation_on")
        self._cited = plain_label("", "small", self)
        self._cited.setObjectName("citation_place")
        self._smaller = self._tool("minus", self.tr("Smaller (Ctrl+−)"), "smaller")
        self._larger = self._tool("plus", self.tr("Larger (Ctrl++)"), "larger")
        self._fit = flat_button("100 %", self.tr("Fit the width (Ctrl+0)"), self)
        self._fit.setObjectName("fit_width")
        self._tools = QFrame(self)
        self._tools.setProperty("tone", "documenttools")
        row = QHBoxLayout(self._tools)
        row.setContentsMargins(10, 3, 8, 3)
        row.setSpacing(2)
        groups: tuple[tuple[QWidget, ...], ...] = (
            (self._page_back, self._page_on),
            (self._cite_back, self._cited, self._cite_on),
            (self._smaller, self._fit, self._larger),
        )
        for place, group in enumerate(groups):
            if place:
                row.addStretch(1)
            for widget in group:
                row.addWidget(widget)

    def _build(self) -> None:
        self.setObjectName("document_panel")
        self.setAccessibleName("document_panel")
        self.setProperty("tone", "document")
        self.setMinimumWidth(LEAST_WIDTH)
        self._notice = plain_label("", "documentnotice", self)
        self._notice.setObjectName("document_notice")
        self._notice.setWordWrap(True)
        self._notice.hide()
        self._pages = PageView(self._theme, self)
        self._text = PassageView(self._theme, self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._pages)
        self._stack.addWidget(self._text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self._head, self._tools, self._notice):
            layout.addWidget(widget)
        layout.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self._close.clicked.connect(self.closed)
        self._page_back.clicked.connect(self._on_page_back)
        self._page_on.clicked.connect(self._on_page_on)
        self._cite_back.clicked.connect(self._on_citation_back)
        self._cite_on.clicked.connect(self._on_citation_on)
        self._smaller.clicked.connect(self._on_smaller)
        self._larger.clicked.connect(self._on_larger)
        self._fit.clicked.connect(self._pages.fit_width)
        self._open_action.triggered.connect(self.open_requested)
        self._folder_action.triggered.connect(self.folder_requested)
        self._pages.page_changed.connect(self._on_page_changed)
        self._pages.zoom_changed.connect(self._on_zoom_changed)
        self._text.offset_changed.connect(self._on_offset_changed)
        self._theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @property
    def pages(self) -> PageView:
        return self._pages

    @property
    def text(self) -> PassageView:
        return self._text

    @property
    def notice(self) -> str:
        """What is said of the file; empty where all is well."""
        return self._notice.text() if not self._notice.isHidden() else ""

    @property
    def shows_pages(self) -> bool:
        return self._stack.currentWidget() is self._pages

    def show_pages(self, document: StoredDocument, marks: Sequence[Mark]) -> None:
        """Show a PDF's pages with these places marked."""
        if document != self._document or not self.shows_pages:
            self._begin(document, self._pages)
            self._pages.set_pages(document.units)
        self._pages.set_marks(marks)
        self._on_page_changed(self._pages.page)

    def show_text(self, document: StoredDocument, start: int, end: int) -> None:
        """Show a document's text with these characters marked."""
        self._begin(document, self._text)
        self._text.show_text(document.text, start, end)
        self._on_offset_changed(start)

    def say(self, notice: str) -> None:
        """Say how the file stands; an empty text takes the line away."""
        self._notice.setText(notice)
        self._notice.setVisible(bool(notice))

    def set_reachable(self, reachable: bool) -> None:
        """Whether there is a file that could be opened."""
        self._open.setEnabled(reachable)

    def set_citation(self, place: int, count: int) -> None:
        """Say which citation of how many is shown, from 1; without any there is nothing to step through."""
        for widget in (self._cite_back, self._cite_on, self._cited):
            widget.setVisible(count > 0)
        self._cited.setText(self.tr("{place} of {count}").format(place=place, count=count))
        self._cited.setToolTip(self.tr("Citation {place} of {count}").format(place=place, count=count))
        self._cite_back.setEnabled(place > 1)
        self._cite_on.setEnabled(place < count)

    def take_focus(self) -> None:
        (self._pages if self.shows_pages else self._text).setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """Keep the window's shortcuts off the keys that mean something here."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._act(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        act = self._act(event)
        if act is None:
            super().keyPressEvent(event)
        else:
            act()

    def _act(self, event: QKeyEvent) -> Callable[[], object] | None:
        """What a key means here; None for all others."""
        controlled = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        key = Qt.Key
        acts: dict[Qt.Key, Callable[[], object]] = (
            {
                key.Key_Plus: self._on_larger,
                key.Key_Equal: self._on_larger,
                key.Key_Minus: self._on_smaller,
                key.Key_0: self._pages.fit_width,
            }
            if controlled
            else {
                key.Key_Escape: self.closed.emit,
                key.Key_N: self._on_citation_on,
                key.Key_P: self._on_citation_back,
                key.Key_PageDown: self._on_page_on,
                key.Key_PageUp: self._on_page_back,
                key.Key_Space: self._on_page_on,
            }
        )
        return acts.get(Qt.Key(event.key()))

    def _tool(self, icon: str, description: str, name: str) -> QToolButton:
        result = icon_button(description, self)
        result.setObjectName(name)
        self._icons[result] = icon
        return result

    def _begin(self, document: StoredDocument, view: QWidget) -> None:
        self._document, self._units = document, document.units
        self._name.setText(document.name)
        self._stack.setCurrentWidget(view)
        paged = view is self._pages
        for widget in (self._smaller, self._fit, self._larger):
            widget.setVisible(paged)
        for widget in (self._page_back, self._page_on):
            widget.setVisible(paged or len(document.units) > 1)

    def _step(self, direction: int) -> None:
        if self.shows_pages:
            self._pages.go_to_page(self._pages.page + direction)
        elif len(self._units) > 1 and self._document is not None:
            start = self._unit_beside(self._offset, direction).start
            self._text.go_to(start)
            # A short text does not scroll.
            self._on_offset_changed(start)
        else:
            self._text.step(direction)

    def _unit_beside(self, offset: int, direction: int) -> Unit:
        index = max((place for place, unit in enumerate(self._units) if unit.start <= offset), default=0)
        return self._units[max(0, min(index + direction, len(self._units) - 1))]

    @Slot()
    def _on_page_back(self) -> None:
        self._step(-1)

    @Slot()
    def _on_page_on(self) -> None:
        self._step(1)

    @Slot()
    def _on_citation_back(self) -> None:
        self.citation_wanted.emit(-1)

    @Slot()
    def _on_citation_on(self) -> None:
        self.citation_wanted.emit(1)

    @Slot()
    def _on_smaller(self) -> None:
        self._pages.zoom_by(1 / STEP)

    @Slot()
    def _on_larger(self) -> None:
        self._pages.zoom_by(STEP)

    @Slot(int)
    def _on_page_changed(self, page: int) -> None:
        self._where.setText(words.unit_of(UnitKind.PAGE, page, self._pages.count) if page else "")

    @Slot(int)
    def _on_zoom_changed(self, per_cent: int) -> None:
        self._fit.setText(self.tr("{number} %").format(number=per_cent))

    @Slot(int)
    def _on_offset_changed(self, offset: int) -> None:
        self._offset = offset
        kind = self._document.unit_kind if self._document is not None else None
        if kind is None or not self._units:
            self._where.setText("")
            return
        unit = self._unit_beside(offset, 0)
        self._where.setText(words.unit_of(kind, unit.number, len(self._units)))

    @Slot()
    def _on_theme_changed(self) -> None:
        for each, icon in self._icons.items():
            each.setIcon(line_icon(icon, self._theme.palette.mute))

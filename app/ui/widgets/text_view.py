"""Read-only text that takes part in a page: as high as its content, and scrolled by the page alone."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QResizeEvent, QTextBlockFormat, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QWidget


class TextView(QTextBrowser):
    """Text that can be selected with mouse and keyboard, loads nothing and opens nothing by itself."""

    link_activated = Signal(QUrl)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line_height = 100
        self._build_frame()
        self._build_behaviour()
        self._connect_signals()

    def _build_frame(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self.viewport().setAutoFillBackground(False)

    def _build_behaviour(self) -> None:
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setUndoRedoEnabled(False)
        self.setAcceptDrops(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )

    def _connect_signals(self) -> None:
        self.anchorClicked.connect(self.link_activated)
        self.document().documentLayout().documentSizeChanged.connect(self._on_size_changed)

    def set_plain(self, text: str, line_height: int = 100) -> None:
        """Show text as it is, with a line height in per cent."""
        self._line_height = line_height
        self.setPlainText(text)
        self._space_lines(0)

    def append_plain(self, text: str) -> None:
        """Continue the text; a selection the user made stays."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        start = cursor.position()
        cursor.insertText(text)
        self._space_lines(start)

    def ideal_width(self, limit: int) -> int:
        """The width at which the text needs the fewest lines, but no more than limit."""
        document = self.document()
        document.setTextWidth(limit)
        return min(limit, math.ceil(document.idealWidth()) + 1)

    def loadResource(self, _kind: int, _name: QUrl | str) -> object:
        """Load nothing: an answer must not be able to open a file or name a server."""
        return None

    def doSetSource(self, _name: QUrl | str, _kind: object = None) -> None:
        """Go nowhere: this is not a browser."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the text, and with what it is a part of."""
        menu = self.createStandardContextMenu(event.pos())
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        around = self.parentWidget()
        while around is not None and not around.isWindow():
            menu.addActions(around.actions())
            around = around.parentWidget()
        menu.popup(event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the text cursor to those who move it with keys, and spare it those who only clicked."""
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.setCursorWidth(1 if by_key else 0)
        super().focusInEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(40, 0)

    @Slot()
    def _on_size_changed(self) -> None:
        self._fit()

    def _fit(self) -> None:
        height = math.ceil(self.document().size().height())
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)

    def _space_lines(self, position: int) -> None:
        cursor = QTextCursor(self.document())
        cursor.setPosition(position)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        spacing = QTextBlockFormat()
        spacing.setLineHeight(self._line_height, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.mergeBlockFormat(spacing)

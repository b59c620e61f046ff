"""The conversation as a page: messages in one readable column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.domain.chat import Message, MessageId, Role
from app.ui.answer_message import AnswerMessage
from app.ui.icons import line_icon
from app.ui.scroll_keeper import ScrollKeeper
from app.ui.theme import Theme
from app.ui.user_message import UserMessage
from app.ui.widgets.controls import icon_button

COLUMN = 680
MARGIN = 24
FIRST = 8
"""Messages that are shown at once."""
SOON = 40
"""Messages that are shown a moment later; older ones come when the reader scrolls up to them."""
SLICE = 7
"""Of these so many at a time, so that nobody who types meanwhile has to wait for them all."""
MORE = 20
NEAR_TOP = 300
NEAR_EDGE = 80


Before = Callable[[Message], Sequence[Message]]


class Transcript(QScrollArea):
    """Shows messages, newest last, and stays at the newest unless the reader scrolled up."""

    link_activated = Signal(QUrl)
    answer_now_requested = Signal()
    choice_made = Signal(str, str)  # id of an answer, key of what was chosen
    all_requested = Signal()  # the model shall see the whole conversation
    citation_opened = Signal(object, int)  # an answer's citations, and which of them
    attachment_opened = Signal(object)  # Attachment
    action_requested = Signal(str, str)  # message id, value of an Action
    edit_submitted = Signal(str, str)  # message id, what is asked in its place
    version_chosen = Signal(str)  # message id

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._older: list[Message] = []
        self._oldest: Message | None = None
        self._before: Before | None = None
        self._rows: dict[MessageId, UserMessage | AnswerMessage] = {}
        self._in_sight_from: MessageId | None = None
        self._versions: Mapping[MessageId, Sequence[MessageId]] = {}
        self._busy = False
        self._read_only = False
        self._fresh = False
        self._build()
        self._build_jump()
        self._connect()

    def _build(self) -> None:
        self.setObjectName("transcript")
        self.setAccessibleName("transcript")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._page = QWidget()
        self._page.setProperty("tone", "page")
        self._column = QWidget(self._page)
        self._column.setMaximumWidth(COLUMN + 2 * MARGIN)
        self._messages = QVBoxLayout(self._column)
        self._messages.setContentsMargins(MARGIN, 22, MARGIN, 28)
        self._messages.setSpacing(20)
        self._messages.addStretch(1)
        centre = self._centre = QHBoxLayout(self._page)
        centre.setContentsMargins(0, 0, 0, 0)
        centre.addStretch(1)
        centre.addWidget(self._column, 1000)
        centre.addStretch(1)
        self.setWidget(self._page)

    def _build_jump(self) -> None:
        self._jump = icon_button(self.tr("Jump to the latest message"), self)
        self._jump.setProperty("tone", "jump")
        self._jump.setFixedSize(34, 34)
        self._jump.hide()
        self._keeper = ScrollKeeper(self.verticalScrollBar())

    def _connect(self) -> None:
        self._jump.clicked.connect(self._on_jump_clicked)
        self._keeper.following_changed.connect(self._on_following_changed)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self._theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @property
    def shown(self) -> int:
        """How many messages have widgets."""
        return len(self._rows)

    @property
    def following(self) -> bool:
        """Whether the page stays at its end while it grows."""
        return self._keeper.following

    def clear(self) -> None:
        """Show nothing."""
        self._older = []
        self._oldest = self._before = None
        for row in self._rows.values():
            self._messages.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = {}

    def show_messages(
        self, messages: Sequence[Message], in_sight_from: MessageId | None = None, before: Before | None = None
    ) -> None:
        """Show a conversation from its end, and from where on the model sees it.

        before gives messages that came before one, some at a time, where these are not all.
        """
        self.clear()
        self._oldest, self._before = (messages[0], before) if messages else (None, None)
        self._in_sight_from = in_sight_from
        self._older = list(messages[:-FIRST])
        for message in messages[-FIRST:]:
            self.add(message)
        self._keeper.follow()
        self._fresh = True

    def add(self, message: Message) -> AnswerMessage | None:
        """Put a message at the end; an answer's widget is returned."""
        row = self._make(message)
        self._messages.insertWidget(self._messages.count() - 1, row)
        row.show()
        return row if isinstance(row, AnswerMessage) else None

    def answer(self, message_id: MessageId) -> AnswerMessage | None:
        """The widget of an answer, if it is on the page."""
        row = self._rows.get(message_id)
        return row if isinstance(row, AnswerMessage) else None

    def message(self, message_id: MessageId) -> UserMessage | AnswerMessage | None:
        return self._rows.get(message_id)

    def set_versions(self, versions: Mapping[MessageId, Sequence[MessageId]]) -> None:
        """Say for each message which ones stand in its place, oldest first; holds for rows that are still to come."""
        self._versions = versions
        for message_id, row in self._rows.items():
            row.message_actions.show_versions(message_id, versions.get(message_id, ()))

    def set_busy(self, busy: bool) -> None:
        """Whether an answer is being written, so that none can be asked for."""
        self._busy = busy
        for row in self._rows.values():
            row.message_actions.set_busy(busy)

    def set_read_only(self) -> None:
        """Offer nothing that would have to be stored."""
        self._read_only = True
        for row in self._rows.values():
            row.message_actions.set_read_only()

    def top_of_family(self, message_id: MessageId) -> int:
        """How far below the top of the view the version of a message stands that is shown; 0 if none is."""
        for version in self._versions.get(message_id, ()):
            if version in self._rows:
                return self._rows[version].mapTo(self.viewport(), QPoint(0, 0)).y()
        return 0

    def bring(self, message_id: MessageId, top: int = MARGIN) -> bool:
        """Scroll so that a message stands so far below the top of the view. False if there is no such message."""
        while message_id not in self._rows and self._has_older:
            self.show_older()
        row = self._rows.get(message_id)
        if row is None:
            return False
        self._keeper.release()
        self._lay_out()
        self._keeper.leave(row.mapTo(self._page, QPoint(0, 0)).y() - top)
        return True

    def show_within(self, row: QWidget, view: QWidget, place: QRect) -> None:
        """Scroll as little as possible so that a place in a message is in sight."""
        if self._rows and row.isVisibleTo(self._page):
            at = view.mapTo(self._page, place.center())
            self.ensureVisible(at.x(), at.y(), 0, NEAR_EDGE)

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._keeper.follow()

    def show_older(self, count: int = MORE) -> None:
        """Add older messages above, without moving what is in sight."""
        if len(self._older) < count:
            self._read_older()
        if not self._older:
            return
        self._keeper.hold()
        batch, self._older = self._older[-count:], self._older[:-count]
        rows = [self._make(message) for message in batch]
        for index, row in enumerate(rows):
            self._messages.insertWidget(index, row)
            row.show()
        QTimer.singleShot(0, self._on_older_laid_out)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._fresh and event.type() == QEvent.Type.Paint:
            # What is read first is there. The rest is made behind it.
            self._fresh = False
            QTimer.singleShot(0, self._on_shown)
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_jump()

    def _make(self, message: Message) -> UserMessage | AnswerMessage:
        row: UserMessage | AnswerMessage
        if message.role is Role.USER:
            row = UserMessage(message, message.id == self._in_sight_from, self._column)
            row.all_requested.connect(self.all_requested)
            row.attachment_opened.connect(self.attachment_opened)
            row.edit_submitted.connect(partial(self.edit_submitted.emit, message.id))
        else:
            row = AnswerMessage(self._theme, self._column)
            row.link_activated.connect(self.link_activated)
            row.citation_opened.connect(self.citation_opened)
            row.answer_now_requested.connect(self.answer_now_requested)
            row.choice_made.connect(partial(self.choice_made.emit, message.id))
            row.show_message(message)
            row.message_actions.requested.connect(partial(self.action_requested.emit, message.id))
        row.message_actions.version_chosen.connect(self.version_chosen)
        row.message_actions.show_versions(message.id, self._versions.get(message.id, ()))
        row.message_actions.set_busy(self._busy)
        if self._read_only:
            row.message_actions.set_read_only()
        self._rows[message.id] = row
        return row

    @property
    def _has_older(self) -> bool:
        return bool(self._older) or (
            self._before is not None and self._oldest is not None and self._oldest.parent_id is not None
        )

    def _read_older(self) -> None:
        if self._before is None or self._oldest is None or self._oldest.parent_id is None:
            return
        messages = self._before(self._oldest)
        if messages:
            self._oldest = messages[0]
            self._older = [*messages, *self._older]
        else:
            # What led there is lost, or can't be read.
            self._before = None

    def _lay_out(self) -> None:
        """Give every row its place now: a page that was just filled has none before the next round of events."""
        for _ in range(2):
            QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
            self._centre.activate()
            self._messages.activate()

    @Slot()
    def _on_jump_clicked(self) -> None:
        self._keeper.follow()

    @Slot(bool)
    def _on_following_changed(self, following: bool) -> None:
        self._jump.setVisible(not following)
        self._jump.raise_()

    @Slot(int)
    def _on_scrolled(self, value: int) -> None:
        if value < NEAR_TOP and not self._keeper.following:
            self.show_older()

    @Slot(int, int)
    def _on_range_changed(self, _minimum: int, maximum: int) -> None:
        # The bar keeps its room, but shows itself only when there is something to scroll.
        self.verticalScrollBar().setEnabled(maximum > 0)

    @Slot()
    def _on_shown(self) -> None:
        if self.shown < SOON and self._older:
            self.show_older(min(SLICE, SOON - self.shown))
            QTimer.singleShot(0, self._on_shown)

    @Slot()
    def _on_older_laid_out(self) -> None:
        self._lay_out()
        self._keeper.release()

    @Slot()
    def _on_theme_changed(self) -> None:
        self._jump.setIcon(line_icon("down", self._theme.palette.mute))

    def _place_jump(self) -> None:
        area = self.viewport().geometry()
        self._jump.move(area.center().x() - self._jump.width() // 2, area.bottom() - self._jump.height() - 8)

"""Between what is typed into the search fields and what is found: in all conversations, and in the one on the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.domain.chat import MessageId
from app.domain.search import Finder, SearchHit, SearchQuery
from app.errors import AppError
from app.ui.answer_message import AnswerMessage
from app.ui.chat_controller import ChatController
from app.ui.find_bar import FindBar
from app.ui.marking import best_of, places, remove_marks, show_marks
from app.ui.panels import Panels
from app.ui.ports import CorePort
from app.ui.theme import Theme

MARKED_FOR = 3000
REVEALED_AT = 90
"""Pixels below the top of the view at which a message is shown that was found."""


class SearchController(QObject):
    """Shows results, and leads to the place that is chosen."""

    failed = Signal(object)  # AppError

    def __init__(self, core: CorePort, panels: Panels, chat: ChatController, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._core = core
        self._chat = chat
        self._theme = theme
        self._panel = panels.sidebar.search
        self._bar: FindBar = panels.find_bar
        self._transcript = panels.pages.transcript
        self._found: list[tuple[MessageId, int]] = []
        self._at = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(MARKED_FOR)
        self._timer.timeout.connect(self._on_marked_for_long)
        self._panel.query_changed.connect(self._on_query_changed)
        self._panel.hit_chosen.connect(self._on_hit_chosen)
        self._bar.text_changed.connect(self._on_find_changed)
        self._bar.moved.connect(self._on_moved)
        self._bar.closed.connect(self._on_closed)
        chat.changed.connect(self._on_conversation_changed)
        self._shown = chat.current

    @Slot()
    def find_here(self) -> None:
        """Let the user look for words in the conversation on the page."""
        if self._chat.current is not None:
            self._bar.open()
            self._on_find_changed(self._bar.text)

    @Slot()
    def repeat(self) -> None:
        """Look once more: the conversations are others now."""
        self._on_query_changed(self._panel.query)

    @Slot(object)
    def _on_query_changed(self, query: SearchQuery) -> None:
        if query.words:
            self._core.search.search(query, self._on_found)
        else:
            self._core.search.forget()

    def _on_found(self, found: Sequence[SearchHit] | AppError) -> None:
        if isinstance(found, AppError):
            self._panel.show_failure(f"{found.title} {found.remedy}".strip())
        else:
            self._panel.show_hits(found, datetime.now().astimezone().date())

    @Slot(object)
    def _on_hit_chosen(self, hit: SearchHit) -> None:
        self._chat.show_conversation(hit.conversation_id)
        if hit.message_id is None or self._chat.current != hit.conversation_id:
            return
        if not self._transcript.bring(hit.message_id, REVEALED_AT) and not self._show_version(hit.message_id):
            return
        self._mark_for_a_moment(hit.message_id, hit.words or self._panel.query.words)

    def _show_version(self, message_id: MessageId) -> bool:
        """Go to another branch, on which the message is."""
        try:
            conversation = self._core.versions.show(message_id)
        except AppError as error:
            self.failed.emit(error)
            return False
        self._chat.show_conversation(conversation.id)
        return self._transcript.bring(message_id, REVEALED_AT)

    def _mark_for_a_moment(self, message_id: MessageId, words: tuple[str, ...]) -> None:
        row = self._transcript.message(message_id)
        if row is None:
            return
        if isinstance(row, AnswerMessage) and not _holds(row.text, words) and _holds(row.reasoning.text, words):
            # What was found is in the thoughts.
            row.reasoning.set_open(True)
            self._transcript.bring(message_id, REVEALED_AT)
        remove_marks(self._transcript)
        found = places(row, words)
        show_marks(found, self._theme)
        if found:
            view, cursor = found[best_of(found, words)]
            self._transcript.show_within(row, view, view.cursorRect(cursor))
        self._timer.start()

    @Slot()
    def _on_marked_for_long(self) -> None:
        if self._bar.isHidden():
            remove_marks(self._transcript)

    @Slot(str)
    def _on_find_changed(self, text: str) -> None:
        self._found = []
        if self._chat.current is not None and text.strip():
            finder = Finder((text,))
            for message in self._core.chat.conversation(self._chat.current).messages:
                self._found += [(message.id, number) for number in range(finder.count(message.text))]
        # The reader is at the end of a conversation: the last place is the nearest.
        self._at = len(self._found) - 1
        self._show_place()

    @Slot(int)
    def _on_moved(self, step: int) -> None:
        if self._found:
            self._at = (self._at + step) % len(self._found)
            self._show_place()

    def _show_place(self) -> None:
        remove_marks(self._transcript)
        self._bar.show_count(self._at + 1, len(self._found))
        if not self._found:
            return
        message_id, number = self._found[self._at]
        if not self._transcript.bring(message_id, REVEALED_AT):
            return
        row = self._transcript.message(message_id)
        found = places(row, (self._bar.text,)) if row is not None else []
        if row is None or not found:
            return
        # Markdown may have hidden a place, in a link's address for example.
        number = min(number, len(found) - 1)
        show_marks(found, self._theme, number)
        view, cursor = found[number]
        self._transcript.show_within(row, view, view.cursorRect(cursor))

    @Slot()
    def _on_closed(self) -> None:
        self._found = []
        remove_marks(self._transcript)

    @Slot()
    def _on_conversation_changed(self) -> None:
        if self._chat.current != self._shown:
            self._shown = self._chat.current
            self._bar.close_bar()


def _holds(text: str, words: tuple[str, ...]) -> bool:
    return all(Finder((word,)).count(text) for word in words)

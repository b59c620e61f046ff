"""One answer in the transcript: its thoughts, its blocks, and what there is to say about it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QUrl, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.citation_marks import CITATION_SCHEME, CitationMark, with_numbers, without_open_mark
from app.domain.chat import Citation, Message, Part, Reasoning, Status, Text
from app.export.blocks import read_blocks
from app.export.text import blocks_to_text
from app.markup import GrowingBlocks, render_blocks
from app.ui import document_words
from app.ui.block_stack import BlockStack
from app.ui.message_actions import MessageActions
from app.ui.meta_line import MetaLine
from app.ui.reasoning_panel import ReasoningPanel
from app.ui.source_list import SourceList
from app.ui.theme import Theme
from app.ui.widgets.notice import Choice, Notice
from app.ui.widgets.progress_line import ProgressLine


class AnswerMessage(QWidget):
    """Shows a stored answer, or one that grows. What it copies is the answer, never the thoughts."""

    link_activated = Signal(QUrl)
    answer_now_requested = Signal()
    choice_made = Signal(str)  # key of a choice that was offered
    citation_opened = Signal(object, int)  # the answer's citations, and which of them

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = ""
        self._citations: tuple[Citation, ...] = ()
        # Whether what looks like a citation is one is known at the end.
        self._growing = GrowingBlocks(citations=None)
        self._build()
        self._build_actions()
        self._connect()

    def _build(self) -> None:
        self._reasoning = ReasoningPanel(self._theme, self)
        self._progress = ProgressLine(self)
        self._blocks = BlockStack(self._theme, self)
        self._sources = SourceList(self._theme, self)
        self._notice = Notice(self)
        self._meta = MetaLine(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        for widget in (self._reasoning, self._progress, self._blocks, self._sources, self._notice, self._meta):
            widget.hide()
            layout.addWidget(widget)

    def _build_actions(self) -> None:
        """What a right click on the answer or on its Copy button offers beside what Qt does."""
        for label, copy in (
            (self.tr("Copy the answer as Markdown"), self._on_copy_requested),
            (self.tr("Copy the answer as plain text"), self._on_plain_copy_requested),
        ):
            action = QAction(label, self)
            action.triggered.connect(copy)
            self.addAction(action)
            self._meta.offer_copy(action)

    def _connect(self) -> None:
        self._blocks.link_activated.connect(self._on_link_activated)
        self._sources.opened.connect(self._on_source_opened)
        self._reasoning.answer_now_requested.connect(self.answer_now_requested)
        self._meta.copy_requested.connect(self._on_copy_requested)
        self._meta.copy_with_sources_requested.connect(self._on_copy_with_sources_requested)
        self._notice.chosen.connect(self.choice_made)

    @property
    def text(self) -> str:
        """The answer proper, as Copy gives it: citations are numbers in brackets."""
        return with_numbers(self._text, self._marks())

    @property
    def reasoning(self) -> ReasoningPanel:
        return self._reasoning

    @property
    def blocks(self) -> BlockStack:
        return self._blocks

    @property
    def sources(self) -> SourceList:
        return self._sources

    @property
    def meta(self) -> MetaLine:
        return self._meta

    @property
    def message_actions(self) -> MessageActions:
        return self._meta.message_actions

    @property
    def notice(self) -> Notice:
        return self._notice

    @property
    def progress(self) -> ProgressLine:
        return self._progress

    def show_progress(self, words: str, fraction: float | None) -> None:
        """Say what happens before the first word; empty words take the line away."""
        self._progress.setVisible(bool(words))
        self._progress.set_progress(words, fraction)

    def show_thinking(self, seconds: float, running: bool, can_answer: bool = False) -> None:
        """Count the seconds of thought, or stop counting."""
        if running:
            self._reasoning.run(seconds, can_answer)
        else:
            self._reasoning.finish(seconds)

    def offer(self, choices: Sequence[Choice]) -> None:
        """Let the user choose how to go on after a failure."""
        self._notice.set_choices(choices)

    def show_parts(self, parts: Sequence[Part], final: bool = False) -> None:
        """Show what there is of the answer."""
        self._text = "\n\n".join(part.text for part in parts if isinstance(part, Text) and part.text)
        self._reasoning.show_parts(parts)
        self._citations = tuple(part for part in parts if isinstance(part, Citation))
        if final:
            blocks = render_blocks(self._text, self._marks())
        else:
            blocks = self._growing.update(without_open_mark(self._text))
        self._blocks.set_blocks(blocks, final)
        self._blocks.setVisible(bool(self._text))

    def show_message(self, message: Message) -> None:
        """Show an answer that has ended, or as far as it is."""
        if message.status is Status.STREAMING:
            self.show_parts(message.parts)
            self._notice.hide()
            self._meta.hide()
            return
        self.show_progress("", None)
        thoughts = [part for part in message.parts if isinstance(part, Reasoning)]
        self._reasoning.finish(sum(part.seconds for part in thoughts), sum(part.tokens for part in thoughts))
        self.show_parts(message.parts, final=True)
        self._sources.show_citations(self._citations)
        self._meta.set_grounds(document_words.grounds_of(message))
        self._notice.setVisible(message.failure is not None)
        if message.failure is not None:
            self._notice.set_failure(message.failure.title, message.failure.remedy)
        self._meta.show_message(message)
        self._meta.show()

    @Slot()
    def _on_copy_requested(self) -> None:
        QGuiApplication.clipboard().setText(self.text)

    @Slot()
    def _on_plain_copy_requested(self) -> None:
        QGuiApplication.clipboard().setText(blocks_to_text(read_blocks(self.text)))

    @Slot()
    def _on_copy_with_sources_requested(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.text}\n\n{document_words.source_lines(self._citations)}")

    @Slot(QUrl)
    def _on_link_activated(self, url: QUrl) -> None:
        if url.scheme() != CITATION_SCHEME:
            self.link_activated.emit(url)
        elif url.path().isdecimal() and int(url.path()) < len(self._citations):
            self._on_source_opened(int(url.path()))

    @Slot(int)
    def _on_source_opened(self, place: int) -> None:
        self.citation_opened.emit(self._citations, place)

    def _marks(self) -> dict[str, list[CitationMark]]:
        """What stands in the text for each mark of a citation."""
        marks: dict[str, list[CitationMark]] = {}
        for place, citation in enumerate(self._citations):
            if citation.mark:
                tip = document_words.citation_tip(citation)
                mark = CitationMark(place, citation.number, citation.verified, tip)
                marks.setdefault(citation.mark, []).append(mark)
        return marks

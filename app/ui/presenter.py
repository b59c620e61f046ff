"""Joins the core to the window: takes its events, chooses the page, and says in one line what is going on."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.domain.chat import Failure, Status
from app.errors import AppError
from app.services.events import (
    Event,
    ModelChanged,
    ModelPhase,
    Phase,
    QueueChanged,
    Saved,
    StorageFailed,
    TurnEnded,
    TurnStarted,
)
from app.ui import words
from app.ui.answer_notifier import AnswerNotifier
from app.ui.banner import Cause, Note
from app.ui.chat_controller import ChatController
from app.ui.document_desk import DocumentDesk
from app.ui.draft_controller import DraftController
from app.ui.drop_overlay import MODEL, conversations_in, model_in
from app.ui.error_box import show_error
from app.ui.list_controller import ListController
from app.ui.live_answer import LiveAnswer
from app.ui.model_desk import ModelDesk
from app.ui.panels import Panels
from app.ui.ports import CorePort
from app.ui.queue_controller import QueueController
from app.ui.safety_controller import SafetyController
from app.ui.search_controller import SearchController
from app.ui.theme import Theme
from app.ui.transfer_controller import TransferController
from app.ui.version_controller import VersionController

TICK = 1000
IDLE_TICK = 15_000

_log = logging.getLogger(__name__)


class Presenter(QObject):
    """Lives as long as the core is shown in a window."""

    busy_changed = Signal(bool)  # a turn runs

    def __init__(self, core: CorePort, panels: Panels, theme: Theme, window: QObject) -> None:
        super().__init__(window)
        self._core = core
        self._panels = panels
        self._theme = theme
        self._trouble = ""
        self._build()
        self._connect()

    def _build(self) -> None:
        widget = self._panels.pages.window()
        self.chat = ChatController(self._core, self._panels, self)
        self.desk = ModelDesk(self._core, self._panels, widget)
        self.models = self.desk.chosen
        self.queue = QueueController(self._core, self._panels, self)
        self.safety = SafetyController(self._core, self._panels, self._theme, widget)
        self.documents = DocumentDesk(self._core, self._panels, self._theme, self.chat.send, widget)
        self.versions = VersionController(self._core, self._panels, self.chat, self)
        self.search = SearchController(self._core, self._panels, self.chat, self._theme, self)
        self.transfer = TransferController(self._core, self._panels, self._theme, self.chat, widget)
        self.list = ListController(self._core, self._panels, self.chat, self)
        self.drafts = DraftController(self._core, self._panels, self.chat, self)
        self.notifier = AnswerNotifier(widget)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._idle_timer = QTimer(self)
        self._idle_timer.setInterval(IDLE_TICK)

    def _connect(self) -> None:
        self._core.chat.subscribe(self._on_event)
        self.chat.changed.connect(self._on_changed)
        self.chat.failed.connect(self._on_failed)
        self.desk.failed.connect(self._on_failed)
        self.queue.failed.connect(self._on_failed)
        self.queue.emptied.connect(self.chat.begin)
        self.safety.replaced.connect(self.chat.begin)
        self.safety.replaced.connect(self.search.repeat)
        self.documents.failed.connect(self._on_failed)
        self.versions.failed.connect(self._on_failed)
        self.search.failed.connect(self._on_failed)
        self.list.failed.connect(self._on_failed)
        self.transfer.failed.connect(self._on_failed)
        self._panels.sidebar.theme_chosen.connect(self._on_theme_chosen)
        self._timer.timeout.connect(self._on_tick)
        self._idle_timer.timeout.connect(self._core.idle.tick)
        self._idle_timer.start()

    def start(self, initial_model: Path | None = None) -> None:
        """Show everything, then begin to load the model."""
        self._theme.choose(self._core.settings.theme)
        self._trouble = " ".join(self._core.repairs)
        self.safety.start()
        self.chat.start()
        self.drafts.start()
        self.desk.start(initial_model)
        self._refresh()

    def take_files(self, paths: list[Path]) -> None:
        """Take files that were dropped on the window: a model is used, conversations come in, others are documents."""
        model = model_in(paths)
        conversations = conversations_in(paths)
        if model is not None:
            self.models.choose(model)
        elif conversations:
            self.transfer.import_files(conversations)
        elif self.takes_documents:
            self.documents.take(paths)

    def open_files(self, paths: list[Path]) -> None:
        """Open files that the application was started with. Nobody chose to import a conversation: that is asked."""
        # Mostly there are none, and the window need not wait for what reads them.
        from app.export.reading import holds_conversations

        model = model_in(paths)
        if model is not None:
            self.models.choose(model)
        others = [path for path in paths if path.suffix.lower() != MODEL]
        conversations = [path for path in others if holds_conversations(path)]
        documents = [path for path in others if path not in conversations]
        if conversations:
            self.transfer.offer_import(conversations)
        if documents and self.documents.takes_files:
            self.documents.take(documents)
            if not self.models.usable:
                self._say_documents_wait(documents)

    def _say_documents_wait(self, documents: list[Path]) -> None:
        """What was opened is nowhere in sight before there is a model to talk to."""
        what = documents[0].name if len(documents) == 1 else self.tr("{count} files").format(count=len(documents))
        title = self.tr("{what} will go with your first message.").format(what=what)
        self._panels.banner.put(Cause.WAITING, Note(title, self.tr("Choose a model first."), closable=True, good=True))

    def takes(self, paths: list[Path]) -> bool:
        """Whether files that are dropped here are of any use."""
        return self.takes_documents or model_in(paths) is not None or bool(conversations_in(paths))

    @property
    def takes_documents(self) -> bool:
        """Whether there is a message that files could go with."""
        return self.documents.takes_files and not self._panels.composer.isHidden()

    def _on_event(self, event: Event) -> None:
        self.documents.handle(event)
        self.desk.handle(event)
        self.notifier.handle(event)
        match event:
            case ModelChanged():
                if self.models.usable:
                    self._panels.banner.remove(Cause.WAITING)
                if event.state.phase is ModelPhase.READY:
                    self._trouble = ""
            case QueueChanged():
                self.queue.show(self.chat.current)
            case StorageFailed() | Saved():
                self.safety.handle(event)
            case TurnStarted():
                self._trouble = ""
                self.chat.handle(event)
            case TurnEnded(message):
                if message.status is Status.FAILED and message.failure is not None:
                    self._trouble = sentence(message.failure)
                self.chat.handle(event)
            case _:
                self.chat.handle(event)
                return
        self._refresh()

    @Slot()
    def _on_changed(self) -> None:
        busy = self.chat.live is not None
        if busy != self._timer.isActive():
            if busy:
                self._timer.start()
            else:
                self._timer.stop()
            self.busy_changed.emit(busy)
        self.queue.show(self.chat.current)
        self.documents.show(self.chat.current)
        self._refresh()

    @Slot()
    def _on_tick(self) -> None:
        self._say()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        _log.warning("%s %s", error, error.details)
        show_error(error, self._panels.pages.window())

    @Slot(str)
    def _on_theme_chosen(self, choice: str) -> None:
        self._theme.choose(choice)
        try:
            self._core.update_settings(theme=choice)
        except AppError as error:
            self._on_failed(error)

    def _refresh(self) -> None:
        pages = self._panels.pages
        choosing = self.chat.current is None and not self.models.usable
        if self.chat.current is not None:
            pages.show_transcript()
        elif choosing:
            pages.show_first_run()
        else:
            pages.show_empty()
        composer = self._panels.composer
        if composer.isHidden() is not choosing:
            composer.setVisible(not choosing)
            (pages.first_run if choosing else composer).take_focus()
        self._say()

    def _say(self) -> None:
        live, state = self.chat.live, self.models.state
        if live is not None:
            self._panels.status.say(turn_words(live), live.progress.fraction)
        elif self._trouble:
            self._panels.status.say(self._trouble, warns=True)
        else:
            warns = state.failure is not None and state.phase is not ModelPhase.LOADING
            fraction = state.fraction if state.phase is ModelPhase.LOADING else None
            self._panels.status.say(words.model_status(state), fraction, warns)


def sentence(failure: Failure) -> str:
    return f"{failure.title} {failure.remedy}".strip()


def turn_words(live: LiveAnswer) -> str:
    """What the running turn does now."""
    match live.progress.phase:
        case Phase.LOADING | Phase.PREFILL:
            return words.waiting(live.progress)
        case Phase.THINKING:
            return words.thinking(live.thinking_seconds)
        case Phase.ANSWERING:
            return words.answering(live.tokens_per_second)

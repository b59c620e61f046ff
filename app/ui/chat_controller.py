"""Between the conversations of the core and the panels that show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QObject, Signal, Slot

from app.domain.chat import Conversation, ConversationId, Effort, Message, MessageId, Role, Status
from app.errors import AppError
from app.services.ahead import Attached
from app.services.events import (
    AnswerGrew,
    ChoiceOffered,
    ContextCounted,
    ConversationsChanged,
    Event,
    Phase,
    ReasoningGrew,
    ToolUsed,
    TurnEnded,
    TurnProgress,
    TurnStarted,
)
from app.services.offers import LeaveOut, Offer
from app.ui import words
from app.ui.live_answer import LiveAnswer
from app.ui.panels import Panels
from app.ui.ports import CorePort
from app.ui.throttle import Throttle
from app.ui.widgets.notice import Choice

READ = 60
"""Messages that are read at a time: more than a page has room for, and far fewer than a long conversation has."""
_AGAIN = "again"


class ChatController(QObject):
    """Knows which conversation is shown and what the running turn has written."""

    changed = Signal()  # another conversation is shown, or a turn began, moved on or ended
    failed = Signal(object)  # AppError

    def __init__(self, core: CorePort, panels: Panels, parent: QObject) -> None:
        super().__init__(parent)
        self._core = core
        self._panels = panels
        self._transcript = panels.pages.transcript
        self._current: ConversationId | None = None
        self._live: LiveAnswer | None = None
        self._sending = False
        self._offers: dict[MessageId, tuple[Offer, ...]] = {}
        self._throttle = Throttle(self._render, self)
        self._connect()

    def _connect(self) -> None:
        conversations = self._panels.sidebar.conversations
        conversations.conversation_selected.connect(self.show_conversation)
        conversations.rename_requested.connect(self._on_rename_requested)
        conversations.trash_requested.connect(self._on_trash_requested)
        self._panels.sidebar.new_requested.connect(self.begin)
        self._panels.snackbar.undone.connect(self._on_undone)
        self._panels.composer.stop_requested.connect(self.stop)
        self._transcript.answer_now_requested.connect(self.answer_now)
        self._transcript.choice_made.connect(self._on_choice_made)
        self._transcript.all_requested.connect(self._on_all_requested)
        self._panels.composer.effort_chosen.connect(self._on_effort_chosen)

    @property
    def current(self) -> ConversationId | None:
        """The conversation that is shown; None while it has no message yet."""
        return self._current

    @property
    def live(self) -> LiveAnswer | None:
        """The running turn."""
        return self._live

    def start(self) -> None:
        """Show what there is."""
        self._show_list()
        self.begin()

    @Slot()
    def begin(self) -> None:
        """Show a conversation that has not begun."""
        self._current = None
        self._transcript.clear()
        self._panels.sidebar.conversations.select(None)
        self._panels.header.set_title("")
        self._panels.composer.set_effort(self._core.settings.effort)
        self._panels.composer.set_context(0, 0)
        # First: whoever hears of the change may add what is going to come with the next message.
        self._core.chat.prepare(None)
        self.changed.emit()
        self._panels.composer.take_focus()

    @Slot(str)
    def show_conversation(self, conversation_id: str) -> None:
        """Show a conversation, and the running answer if it belongs to it."""
        try:
            conversation = self._core.chat.latest(ConversationId(conversation_id), READ)
        except AppError as error:
            self.failed.emit(error)
            return
        self._current = conversation.id
        self._show_messages(conversation)
        self._panels.sidebar.conversations.select(conversation.id)
        self._show_title(conversation)
        self._panels.composer.set_effort(conversation.effort)
        self._show_context(conversation.messages)
        self._core.chat.prepare(conversation.id)
        self.changed.emit()
        if self._live is not None:
            self._render()

    @Slot()
    def stop(self) -> None:
        """Stop the running turn."""
        self._core.chat.stop()

    @Slot()
    def answer_now(self) -> None:
        """End the running turn's thinking, if it thinks."""
        if self._live is not None and self._live.thinking:
            self._live.hurried = True
            self._core.chat.answer_now()
            self._throttle.request()

    @Slot()
    def submit_or_answer_now(self) -> None:
        """What Ctrl+Enter does while a turn runs: it sends what is written, and else ends the thinking."""
        if self._panels.composer.text.strip():
            self._panels.composer.submit()
        else:
            self.answer_now()

    def handle(self, event: Event) -> None:
        """Take what the core tells."""
        match event:
            case ConversationsChanged():
                self._show_list()
            case TurnStarted():
                self._on_turn_started(event)
            case TurnEnded():
                self._on_turn_ended(event.message)
            case ChoiceOffered(message_id, offers):
                self._offers[message_id] = offers
                self._show_choices(message_id)
            case ContextCounted(conversation_id, tokens, size) if conversation_id == self._current:
                self._panels.composer.set_context(tokens, size)
            case TurnProgress() | ReasoningGrew() | AnswerGrew() | ToolUsed():
                self._on_turn_grew(event)
            case _:
                pass

    def _on_turn_started(self, event: TurnStarted) -> None:
        self._live = LiveAnswer(event)
        if self._sending and self._current is None:
            # It is stored. Before the conversation is another one, whose draft it would be taken for.
            self._panels.composer.clear()
            self._current = event.conversation_id
            self._transcript.clear()
        if event.conversation_id == self._current:
            if self._transcript.message(event.user.id) is None:
                self._transcript.add(event.user)
                self._transcript.add(event.answer)
            else:
                # It is answered again, perhaps with less of the conversation in the model's sight.
                self._show_messages(self._core.chat.latest(event.conversation_id, READ))
            self._transcript.follow()
        self._panels.composer.set_running(True)
        self.changed.emit()
        self._throttle.request()

    def _on_turn_grew(self, event: TurnProgress | ReasoningGrew | AnswerGrew | ToolUsed) -> None:
        if self._live is None or event.message_id != self._live.started.answer.id:
            return
        match event:
            case TurnProgress():
                moved = event.phase is not self._live.progress.phase or event.phase in (Phase.LOADING, Phase.PREFILL)
                self._live.move_on(event)
                if moved:
                    self.changed.emit()
            case ReasoningGrew():
                self._live.grow_reasoning(event)
            case AnswerGrew():
                self._live.grow_answer(event)
            case ToolUsed():
                self._live.add_tool(event)
        self._throttle.request()

    def _on_turn_ended(self, message: Message) -> None:
        self._throttle.cancel()
        self._live = None
        self._panels.composer.set_running(False)
        answer = self._transcript.answer(message.id)
        if answer is not None:
            answer.show_message(message)
            self._show_context((message,))
            if message.status is Status.FAILED:
                self._show_choices(message.id)
        self.changed.emit()

    def _render(self) -> None:
        """Show how far the running answer is, if it is on the page."""
        live = self._live
        answer = self._transcript.answer(live.started.answer.id) if live is not None else None
        if live is None or answer is None:
            return
        progress = live.progress
        waits = progress.phase in (Phase.LOADING, Phase.PREFILL)
        answer.show_progress(words.waiting(progress) if waits else "", progress.fraction)
        answer.show_parts(live.parts)
        if live.thinking or live.thinking_seconds:
            answer.show_thinking(live.thinking_seconds, live.thinking, not live.hurried)

    def _show_messages(self, conversation: Conversation) -> None:
        self._transcript.show_messages(conversation.messages, conversation.in_sight_from, self._before)
        if conversation.messages and conversation.messages[-1].status is Status.FAILED:
            self._show_choices(conversation.messages[-1].id)

    def _before(self, message: Message) -> Sequence[Message]:
        """Older messages, for the reader who scrolls up."""
        try:
            return self._core.chat.before(message, READ)
        except AppError as error:
            self.failed.emit(error)
            return ()

    def _show_choices(self, message_id: MessageId) -> None:
        """Let the user go on after an answer that failed: as was offered, or by trying again."""
        answer = self._transcript.answer(message_id)
        if answer is None or self._current is None:
            return
        messages = self._core.chat.latest(self._current, 1).messages
        last = messages[-1] if messages else None
        if last is None or last.id != message_id or last.role is not Role.ASSISTANT or last.status is not Status.FAILED:
            return
        answer.offer(choices_for(self._offers.get(message_id, ())))

    def _show_list(self) -> None:
        conversations = self._core.chat.conversations()
        today = datetime.now().astimezone().date()
        shown = self._panels.sidebar.conversations
        shown.show_conversations(conversations, today)
        if len(shown.all_selected) < 2:
            shown.select(self._current)
        for conversation in conversations:
            if conversation.id == self._current:
                self._show_title(conversation)

    def _show_title(self, conversation: Conversation) -> None:
        self._panels.header.set_title(conversation.title or words.untitled())

    def _show_context(self, messages: tuple[Message, ...]) -> None:
        known = [message.statistics for message in messages if message.statistics is not None]
        if known:
            self._panels.composer.set_context(known[-1].context_tokens, known[-1].context_size)
        elif len(messages) != 1:
            self._panels.composer.set_context(0, 0)

    @Slot(str, str)
    def _on_choice_made(self, answer_id: str, key: str) -> None:
        message_id = MessageId(answer_id)
        offers = self._offers.get(message_id, ())
        try:
            if key == _AGAIN:
                self._core.chat.answer_again(message_id)
            else:
                self._core.chat.accept(message_id, offers[int(key)])
        except AppError as error:
            self.failed.emit(error)
            return
        self._offers.pop(message_id, None)

    @Slot()
    def _on_all_requested(self) -> None:
        if self._current is None:
            return
        try:
            self._core.chat.show_from(self._current, None)
        except AppError as error:
            self.failed.emit(error)
            return
        self.show_conversation(self._current)

    @Slot(str)
    def send(self, text: str, attached: Attached | None = None) -> bool:
        """Send a message in the conversation that is shown, or begin one; whether that went well."""
        self._sending = True
        try:
            self._current = self._core.outbox.submit(self._current, text, self._panels.composer.effort, attached)
        except AppError as error:
            self.failed.emit(error)
            return False
        finally:
            self._sending = False
        self._panels.composer.clear()
        self._panels.sidebar.conversations.select(self._current)
        self.changed.emit()
        return True

    @Slot(str)
    def _on_effort_chosen(self, value: str) -> None:
        try:
            self._core.update_settings(effort=Effort(value))
            if self._current is not None:
                self._core.chat.set_effort(self._current, Effort(value))
        except AppError as error:
            self.failed.emit(error)

    @Slot(str, str)
    def _on_rename_requested(self, conversation_id: str, title: str) -> None:
        try:
            self._core.chat.rename(ConversationId(conversation_id), title)
        except AppError as error:
            self.failed.emit(error)

    @Slot(list, str)
    def _on_trash_requested(self, conversation_ids: list[ConversationId], title: str) -> None:
        try:
            for conversation_id in conversation_ids:
                self._core.chat.move_to_trash(conversation_id)
        except AppError as error:
            self.failed.emit(error)
            return
        if self._current in conversation_ids:
            self.begin()
        if len(conversation_ids) == 1:
            what = self.tr("“{title}” is in the trash").format(title=words.one_line(title)[:40])
        else:
            what = self.tr("{count} conversations are in the trash").format(count=len(conversation_ids))
        self._panels.snackbar.offer_undo(conversation_ids, what)
        self._panels.composer.yield_undo()

    @Slot(object)
    def _on_undone(self, conversation_ids: list[ConversationId]) -> None:
        try:
            for conversation_id in conversation_ids:
                self._core.chat.restore(conversation_id)
        except AppError as error:
            self.failed.emit(error)
            return
        self.show_conversation(conversation_ids[0])


def choices_for(offers: tuple[Offer, ...]) -> list[Choice]:
    """The buttons for what was offered; trying again helps only where nothing else has to change first."""
    choices = [
        Choice(str(place), words.leave_out(offer), words.leave_out_more(offer))
        if isinstance(offer, LeaveOut)
        else Choice(str(place), words.use_context(offer), words.use_context_more())
        for place, offer in enumerate(offers)
    ]
    return choices or [Choice(_AGAIN, words.try_again())]

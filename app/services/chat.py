"""Conversations and the turn that runs: what a person does in the window or on the command line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from app.domain.chat import (
    Attachment,
    Citation,
    Conversation,
    ConversationId,
    Effort,
    Failure,
    FailureKind,
    Message,
    MessageId,
    Part,
    Role,
    Statistics,
    Status,
    Text,
)
from app.domain.dialect import PromptOptions
from app.engine.base import Engine
from app.errors import AppError, NotFoundError, StoreError
from app.jobs import Lane, Post
from app.markup import title_from
from app.services.ahead import NOTHING_AHEAD, Ahead, Attached
from app.services.browser import Browser
from app.services.events import (
    ChoiceOffered,
    ContextCounted,
    ConversationsChanged,
    Event,
    ModelChanged,
    ModelPhase,
    Phase,
    Saved,
    StorageFailed,
    TurnEnded,
    TurnStarted,
)
from app.services.models import ModelService
from app.services.offers import LeaveOut, Offer, UseContext
from app.services.running import RunningTurn
from app.services.settling import Settler
from app.services.sources import DocumentSource
from app.services.titling import Titles
from app.services.tools import NoTools
from app.services.turn import Outcome, Stop, Turn, TurnEvent, TurnRequest
from app.store.conversations import ConversationStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """What the user chose for every turn; see Settings."""

    temperature: float | None = None
    instructions: str = ""
    thinking_budget: int | None = None
    effort: Effort = Effort.MEDIUM
    titles: bool = True


def no_documents(conversation_id: ConversationId) -> DocumentSource | None:
    """The source of conversations without documents."""
    del conversation_id
    return None


class ChatService:
    """One conversation turn at a time, stored as it grows. Called on the main thread only."""

    def __init__(
        self,
        store: ConversationStore,
        engine: Engine,
        lane: Lane,
        post: Post,
        models: ModelService,
        options: Callable[[], TurnSettings],
        forget: Callable[[ConversationId], None],
        sources: Callable[[ConversationId], DocumentSource | None] = no_documents,
    ) -> None:
        """lane is the engine's; options gives the settings that hold now.

        forget removes the saved caches of a conversation; sources gives its documents, None where it has none.
        """
        self._store = store
        self._engine = engine
        self._lane = lane
        self._post = post
        self._models = models
        self._options = options
        self._forget = forget
        self._sources = sources
        self._listeners: list[Callable[[Event], None]] = []
        self._running: RunningTurn | None = None
        self._unsaved: dict[MessageId, Message] = {}
        self._titles = Titles(store, lambda: options().titles, models, lambda: self.notify(ConversationsChanged()))
        self._settler = Settler(
            engine,
            lane,
            lambda failure: post(lambda: models.engine_lost(failure)),
            lambda settled, cost: post(lambda: self._on_settled(settled, cost)),
            lambda settled, title: post(lambda: self._titles.give(settled, title)),
        )
        self._opened: ConversationId | None = None
        self._ahead = NOTHING_AHEAD
        self._looked_at = False

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    def notify(self, event: Event) -> None:
        """Tell the listeners; a turn that waits for its model passes the model's progress on as its own."""
        for listener in self._listeners:
            listener(event)
        running = self._running
        if isinstance(event, ModelChanged) and event.state.phase is ModelPhase.LOADING and running is not None:
            running.progress(Phase.LOADING, event.state.fraction, event.state.seconds_left)
        if isinstance(event, ModelChanged) and event.state.phase is ModelPhase.READY and self._looked_at:
            self.prepare(self._opened, self._ahead)

    @property
    def running(self) -> MessageId | None:
        """The answer that is being written, if any."""
        return self._running.answer.id if self._running else None

    @property
    def read_only(self) -> Failure | None:
        """Why nothing can be written or changed; None where everything can."""
        error = self._store.read_only
        return None if error is None else Failure(error.title, error.remedy)

    def conversations(self, trashed: bool = False) -> list[Conversation]:
        return self._store.conversations(trashed)

    def conversation(self, conversation_id: ConversationId) -> Conversation:
        """A conversation with its messages; an answer that is being written is as far as it is on screen."""
        conversation = self._store.conversation(conversation_id)
        return replace(conversation, messages=self._as_on_screen(conversation.messages))

    def latest(self, conversation_id: ConversationId, count: int) -> Conversation:
        """A conversation with so many of its last messages; before() gives those that led to them."""
        conversation = self._store.conversation(conversation_id, count)
        return replace(conversation, messages=self._as_on_screen(conversation.messages))

    def before(self, message: Message, count: int) -> tuple[Message, ...]:
        """So many of the messages that led to one, oldest first; none before the first."""
        return self._as_on_screen(self._store.before(message, count))

    def _as_on_screen(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        latest = dict(self._unsaved)
        if self._running is not None:
            latest[self._running.answer.id] = self._running.answer
        return tuple(latest.get(message.id, message) for message in messages)

    def find(self, prefix: str) -> ConversationId:
        """The conversation whose id begins so. Raises NotFoundError."""
        return self._store.find(prefix)

    def send(
        self,
        conversation_id: ConversationId | None,
        text: str,
        effort: Effort | None = None,
        max_tokens: int | None = None,
        message_id: MessageId | None = None,
        replaces: Message | None = None,
        attached: Attached | None = None,
    ) -> ConversationId:
        """Store the user's message and start the answer to it; without an id in a new conversation.

        effort None keeps the conversation's; message_id is that of a message that waited; replaces is a message of the
        shown branch in whose place this one is asked, beside it and with its files; attached gives the files that come
        with it. Raises AppError where there is no model, a turn is running, or something can't be stored.
        """
        model = self._claim_model()
        # A kill must not leave a conversation in which nothing was said.
        with self._store.together():
            conversation = self._conversation_for(conversation_id, text, effort)
            before = conversation.messages
            parts: list[Part] = []
            if replaces is not None:
                before = _up_to(before, replaces.parent_id)
                parts += [part for part in replaces.parts if isinstance(part, Attachment)]
            if attached is not None:
                self._ahead = NOTHING_AHEAD
                parts += attached(conversation.id)
            parent = before[-1].id if before else None
            user, answer = self._store.add_exchange(conversation.id, parent, (*parts, Text(text)), "", message_id)
        conversation = replace(conversation, messages=(*before, user))
        self._start_turn(conversation, answer, model, max_tokens)
        return conversation.id

    def answer_again(self, message_id: MessageId, max_tokens: int | None = None, *, resume: bool = False) -> None:
        """Answer once more the question that this answer belongs to: in its place if it is empty, else beside it.

        resume goes on with the answer itself, where it ends. Raises AppError as send() does.
        """
        model = self._claim_model()
        answer = self._store.message(message_id)
        conversation = self._store.conversation(answer.conversation_id)
        before = _up_to(conversation.messages, answer.parent_id)
        resumed = None
        if resume and answer.parts:
            # Citations are found anew once all of the answer is there.
            parts = tuple(part for part in answer.parts if not isinstance(part, Citation))
            resumed = answer = replace(answer, parts=parts)
        if answer.parts and resumed is None:
            answer = self._store.add_message(conversation.id, answer.parent_id, Role.ASSISTANT, status=Status.STREAMING)
        else:
            answer = replace(answer, status=Status.STREAMING, failure=None, statistics=None)
            self._store.save_answer(answer)
        self._start_turn(replace(conversation, messages=before), answer, model, max_tokens, resumed)

    def accept(self, message_id: MessageId, offer: Offer, max_tokens: int | None = None) -> None:
        """Do what was offered with ChoiceOffered for this answer, and answer again. Raises AppError as send() does."""
        match offer:
            case LeaveOut(first):
                self.show_from(self._store.message(message_id).conversation_id, first)
            case UseContext(context_size):
                self._models.use_context(context_size)
        self.answer_again(message_id, max_tokens)

    def show_from(self, conversation_id: ConversationId, first: MessageId | None) -> None:
        """Let the model see a conversation from this message on, or all of it."""
        self._store.set_in_sight_from(conversation_id, first)
        self.notify(ConversationsChanged())

    def prepare(self, conversation_id: ConversationId | None, ahead: Ahead = NOTHING_AHEAD) -> None:
        """This conversation is looked at now, or a new one that has not begun: make the model ready to go on with it,
        once it has nothing else to do. ahead is what the user has put beside the message that is being written."""
        self._opened, self._ahead, self._looked_at = conversation_id, ahead, True
        if conversation_id is not None:
            self._settle(conversation_id)
        elif self._running is None and self._engine.model is not None:
            self._settler.settle((), self._prompt_options(ahead=ahead), ahead.files)

    def leave(self) -> None:
        """No conversation is looked at any more."""
        self._looked_at = False
        self._settler.interrupt()

    def stop(self) -> None:
        """End the running turn, also while its model loads. What was written stays."""
        if self._running is not None:
            self._running.stop.request()
            self._models.stop_loading()

    def answer_now(self) -> None:
        """End the thinking of the running turn and have it answer; its thoughts stay. Ignored once it answers."""
        if self._running is not None:
            self._running.answer_now.request()

    def rename(self, conversation_id: ConversationId, title: str) -> None:
        self._store.rename(conversation_id, title.strip() or "Untitled")
        self.notify(ConversationsChanged())

    def set_effort(self, conversation_id: ConversationId, effort: Effort) -> None:
        self._store.set_effort(conversation_id, effort)

    def move_to_trash(self, conversation_id: ConversationId) -> None:
        """Take a conversation out of the list; restore() brings it back. A turn in it is stopped."""
        if self._running is not None and self._running.answer.conversation_id == conversation_id:
            self.stop()
        self._store.move_to_trash(conversation_id)
        self._forget(conversation_id)
        self.notify(ConversationsChanged())

    def restore(self, conversation_id: ConversationId) -> None:
        self._store.restore(conversation_id)
        self.notify(ConversationsChanged())

    def save_again(self) -> None:
        """Try once more to save what could not be saved; Saved tells when nothing of it is left."""
        for message in list(self._unsaved.values()):
            self._save(message)

    def reread(self) -> None:
        """The database holds other conversations now: forget what belonged to the ones before."""
        self._opened = None
        self.notify(ConversationsChanged())
        if self._unsaved:
            self._unsaved.clear()
            self.notify(Saved())

    def close(self) -> None:
        """Save what the running turn has written, as stopped. The engine's lane has ended by then."""
        if self._running is not None:
            self._end(self._running, Outcome(Status.STOPPED))
        self.save_again()

    def _conversation_for(
        self, conversation_id: ConversationId | None, text: str, effort: Effort | None
    ) -> Conversation:
        if conversation_id is None:
            return self._store.create_conversation(title_from(text), effort or Effort.MEDIUM)
        conversation = self._store.conversation(conversation_id)
        if effort is not None and effort is not conversation.effort:
            self._store.set_effort(conversation_id, effort)
            conversation = replace(conversation, effort=effort)
        return conversation

    def _claim_model(self) -> Path:
        """Make way for a turn; gives the model's file. Raises AppError if there can't be a turn now."""
        if self._running is not None:
            raise AppError("An answer is still being written.", "Wait for its end, or stop it first.")
        file = self._models.state.file
        if file is None:
            raise AppError("No model has been chosen.", "Open a GGUF file, or start with the trial model.")
        self._settler.interrupt()
        self.save_again()
        return file.path

    def _prompt_options(self, conversation: Conversation | None = None, ahead: Ahead = NOTHING_AHEAD) -> PromptOptions:
        """Those of a conversation, or of one that would begin now, once what is ahead has come."""
        chosen = self._options()
        searched, attached = ahead.searched, bool(ahead.files)
        if conversation is None:
            started_on, effort = date.today(), chosen.effort
        else:
            started_on, effort = conversation.started_on, conversation.effort
            searched |= self._sources(conversation.id) is not None
            attached |= any(isinstance(part, Attachment) for message in conversation.in_sight for part in message.parts)
        tools = Browser.builtin_tools if searched else ()
        return PromptOptions(started_on, effort, chosen.instructions, tools, documents=searched or attached)

    def _start_turn(
        self,
        conversation: Conversation,
        answer: Message,
        model: Path,
        max_tokens: int | None = None,
        resumed: Message | None = None,
    ) -> None:
        """Begin the answer to the last message of the conversation, or go on with it."""
        stop = Stop(self._engine)
        running = self._running = RunningTurn(answer, stop, self.notify, self._save, conversation.in_sight)
        self.notify(TurnStarted(conversation.id, conversation.messages[-1], answer))
        self.notify(ConversationsChanged())
        chosen, options = self._options(), self._prompt_options(conversation)
        request = TurnRequest(
            conversation.in_sight, options, chosen.temperature, max_tokens, chosen.thinking_budget, resumed
        )

        def emit(event: TurnEvent) -> None:
            self._post(lambda: self._on_turn_event(running, event))

        source = self._sources(conversation.id)
        toolbox = Browser(source, conversation.messages) if source is not None else NoTools()
        turn = Turn(self._engine, toolbox, request, stop, running.answer_now, emit)
        state = self._models.state
        if state.phase is ModelPhase.LOADING:
            running.progress(Phase.LOADING, state.fraction, state.seconds_left)
        self._lane.submit(lambda: turn.run(lambda: self._models.ensure_loaded(model, stop)))

    def _on_turn_event(self, turn: RunningTurn, event: TurnEvent) -> None:
        if self._running is not turn:
            # The service was closed, or ended this turn already.
            return
        if isinstance(event, Outcome):
            self._end(turn, event)
        else:
            turn.grow(event)

    def _end(self, turn: RunningTurn, outcome: Outcome) -> None:
        self._running = None
        message = turn.ended(outcome)
        self._save(message)
        self._models.engine_lost()
        self.notify(TurnEnded(message))
        offers = self._offers(outcome)
        if offers:
            self.notify(ChoiceOffered(message.id, offers))
        self.notify(ConversationsChanged())
        if message.status is not Status.STOPPED or message.parts:
            # Whoever stops before there is a word wants the computer to be quiet.
            self._settle(message.conversation_id)

    def _settle(self, conversation_id: ConversationId) -> None:
        """Have a conversation ready to go on, if the model has nothing else to do."""
        if self._running is not None or self._engine.model is None:
            return
        try:
            conversation = self._store.conversation(conversation_id)
        except StoreError as error:
            _log.info("A conversation could not be settled: %s", error)
            return
        ahead = self._ahead if conversation_id == self._opened else NOTHING_AHEAD
        self._settler.settle(
            conversation.in_sight,
            self._prompt_options(conversation, ahead),
            ahead.files,
            self._titles.wanted(conversation),
        )

    def _offers(self, outcome: Outcome) -> tuple[Offer, ...]:
        """What would make a turn possible that has failed."""
        failure = outcome.failure
        if outcome.overflow is not None:
            offers = (outcome.leave_out, self._models.larger_context(outcome.overflow.tokens))
        elif failure is not None and failure.kind is FailureKind.MEMORY:
            offers = (None, self._models.smaller_context())
        else:
            return ()
        return tuple(offer for offer in offers if offer is not None)

    def _on_settled(self, conversation_id: ConversationId, cost: Statistics) -> None:
        self.notify(ContextCounted(conversation_id, cost.prompt_tokens, cost.context_size))

    def _save(self, message: Message) -> None:
        """Save an answer; if that fails it stays in memory, the listeners hear of it, and it is tried again."""
        try:
            self._store.save_answer(message)
        except NotFoundError:
            _log.info("The answer %s was deleted before it could be saved", message.id)
        except StoreError as error:
            _log.warning("An answer could not be saved: %s", error.details)
            self._unsaved[message.id] = message
            self.notify(StorageFailed(Failure(error.title, error.remedy)))
            return
        if self._unsaved.pop(message.id, None) is not None and not self._unsaved:
            self.notify(Saved())


def _up_to(branch: tuple[Message, ...], last: MessageId | None) -> tuple[Message, ...]:
    """The messages of a branch up to and with this one; none for None. Raises NotFoundError if it is not among them."""
    if last is None:
        return ()
    for i, message in enumerate(branch):
        if message.id == last:
            return branch[: i + 1]
    raise NotFoundError("This message belongs to another version of the conversation.", "Show that one first.")

"""Conversations and the turn that runs: what a person does in the window or on the command line."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.chat import Conversation, ConversationId, Effort, Failure, Message, MessageId, Status, Text
from app.domain.dialect import PromptOptions
from app.domain.stream import Channel, Delta, StreamMessage
from app.engine.base import Engine
from app.errors import AppError, StoreError
from app.jobs import Lane, Post
from app.markup import title_from
from app.services.draft import Draft
from app.services.events import (
    AnswerGrew,
    ConversationsChanged,
    Event,
    ModelChanged,
    ModelPhase,
    Phase,
    ReasoningGrew,
    StorageFailed,
    ToolUsed,
    TurnEnded,
    TurnProgress,
    TurnStarted,
)
from app.services.models import ModelService
from app.services.settling import Settler
from app.services.tools import NoTools, Toolbox
from app.services.turn import AnswerNow, Called, Outcome, Prefilling, Stop, Turn, TurnEvent, TurnRequest, Writing
from app.store.conversations import ConversationStore

# At most a second of an answer may be lost; the engine's heartbeats come four times a second.
SAVE_SECONDS = 0.5

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Running:
    """The turn that is under way."""

    answer: Message
    draft: Draft
    stop: Stop
    phase: Phase
    saved_at: float
    answer_now: AnswerNow
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """What the user chose for every turn; see Settings."""

    temperature: float | None = None
    instructions: str = ""
    thinking_budget: int | None = None


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
        toolbox: Toolbox | None = None,
    ) -> None:
        """lane is the engine's; options gives the settings that hold now.

        forget removes the saved caches of a conversation.
        """
        self._store = store
        self._engine = engine
        self._lane = lane
        self._post = post
        self._models = models
        self._options = options
        self._forget = forget
        self._toolbox = toolbox or NoTools()
        self._listeners: list[Callable[[Event], None]] = []
        self._running: _Running | None = None
        self._unsaved: dict[MessageId, Message] = {}
        self._settler = Settler(engine, lane, lambda failure: post(lambda: models.engine_lost(failure)))
        self._opened: ConversationId | None = None

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    def notify(self, event: Event) -> None:
        """Tell the listeners; a turn that waits for its model passes the model's progress on as its own."""
        for listener in self._listeners:
            listener(event)
        running = self._running
        if isinstance(event, ModelChanged) and event.state.phase is ModelPhase.LOADING and running is not None:
            self._progress(Phase.LOADING, event.state.fraction, event.state.seconds_left)
        if isinstance(event, ModelChanged) and event.state.phase is ModelPhase.READY and self._opened is not None:
            self.prepare(self._opened)

    @property
    def running(self) -> MessageId | None:
        """The answer that is being written, if any."""
        return self._running.answer.id if self._running else None

    def conversations(self, trashed: bool = False) -> list[Conversation]:
        return self._store.conversations(trashed)

    def conversation(self, conversation_id: ConversationId) -> Conversation:
        """A conversation with its messages; an answer that is being written is as far as it is on screen."""
        conversation = self._store.conversation(conversation_id)
        latest = dict(self._unsaved)
        if self._running is not None:
            latest[self._running.answer.id] = self._current_answer(self._running)
        messages = tuple(latest.get(message.id, message) for message in conversation.messages)
        return replace(conversation, messages=messages)

    def find(self, prefix: str) -> ConversationId:
        """The conversation whose id begins so. Raises NotFoundError."""
        return self._store.find(prefix)

    def send(
        self,
        conversation_id: ConversationId | None,
        text: str,
        effort: Effort | None = None,
        max_tokens: int | None = None,
    ) -> ConversationId:
        """Store the user's message and start the answer to it; without an id in a new conversation.

        effort None keeps the conversation's. Raises AppError where there is no model, a turn is running, or the message
        can't be stored.
        """
        if self._running is not None:
            raise AppError("An answer is still being written.", "Wait for its end, or stop it first.")
        file = self._models.state.file
        if file is None:
            raise AppError("No model has been chosen.", "Open a GGUF file, or start with the trial model.")
        self._settler.interrupt()
        self._save_again()
        conversation = self._conversation_for(conversation_id, text, effort)
        user, answer = self._store.add_exchange(conversation.id, conversation.head_id, (Text(text),), "")
        stop = Stop(self._engine)
        self._running = _Running(answer, Draft(), stop, Phase.PREFILL, time.monotonic(), AnswerNow())
        self.notify(TurnStarted(conversation.id, user, answer))
        self.notify(ConversationsChanged())
        request = self._request(conversation, user, max_tokens)
        self._start_turn(request, file.path, self._running)
        return conversation.id

    def prepare(self, conversation_id: ConversationId | None) -> None:
        """This conversation is looked at now: make the model ready to go on with it, once it has nothing else to do."""
        self._opened = conversation_id
        if conversation_id is not None and self._running is None and self._engine.model is not None:
            self._settle(self._store.conversation(conversation_id))

    def leave(self) -> None:
        """No conversation is looked at any more."""
        self._opened = None
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

    def close(self) -> None:
        """Save what the running turn has written, as stopped. The engine's lane has ended by then."""
        if self._running is not None:
            self._end(Outcome(Status.STOPPED))
        self._save_again()

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

    def _request(self, conversation: Conversation, user: Message, max_tokens: int | None) -> TurnRequest:
        chosen, options = self._options(), self._prompt_options(conversation)
        messages = (*conversation.messages, user)
        return TurnRequest(messages, options, chosen.temperature, max_tokens, chosen.thinking_budget)

    def _prompt_options(self, conversation: Conversation) -> PromptOptions:
        instructions = self._options().instructions
        return PromptOptions(conversation.started_on, conversation.effort, instructions, self._toolbox.builtin_tools)

    def _settle(self, conversation: Conversation) -> None:
        self._settler.settle(conversation.messages, self._prompt_options(conversation))

    def _start_turn(self, request: TurnRequest, model: Path, running: _Running) -> None:
        stop = running.stop

        def emit(event: TurnEvent) -> None:
            self._post(lambda: self._on_turn_event(stop, event))

        turn = Turn(self._engine, self._toolbox, request, stop, running.answer_now, emit)
        state = self._models.state
        if state.phase is ModelPhase.LOADING:
            self._progress(Phase.LOADING, state.fraction, state.seconds_left)
        self._lane.submit(lambda: turn.run(lambda: self._models.ensure_loaded(model, stop)))

    def _on_turn_event(self, stop: Stop, event: TurnEvent) -> None:
        running = self._running
        if running is None or running.stop is not stop:
            # The service was closed, or ended this turn already.
            return
        match event:
            case Prefilling(done, total, seconds_left, answers):
                if done < total or running.phase is Phase.LOADING:
                    fraction = done / total if total else None
                    self._progress(Phase.PREFILL, fraction, seconds_left, done, total)
                if done >= total:
                    running.draft.mark_start()
                    self._progress(Phase.ANSWERING if answers else Phase.THINKING)
            case Writing(outputs):
                for output in outputs:
                    self._on_output(running, output)
            case Called(call, result):
                running.draft.add_tool(call, result)
                running.dirty = True
                self.notify(ToolUsed(running.answer.id, call, result))
            case Outcome():
                self._end(event)
                return
        self._save_if_due(running)

    def _on_output(self, running: _Running, output: Delta | StreamMessage) -> None:
        if isinstance(output, StreamMessage):
            running.draft.finish(output)
            running.dirty = True
            return
        starts = running.draft.grow(output)
        running.dirty = True
        message_id = running.answer.id
        match output.channel:
            case Channel.REASONING:
                self._enter(running, Phase.THINKING)
                self.notify(ReasoningGrew(message_id, output.text, starts))
            case Channel.ANSWER | Channel.PREAMBLE:
                self._enter(running, Phase.ANSWERING)
                self.notify(AnswerGrew(message_id, output.text, starts, output.channel is Channel.PREAMBLE))
            case Channel.TOOL_CALL:
                self._enter(running, Phase.THINKING)

    def _enter(self, running: _Running, phase: Phase) -> None:
        if running.phase is not phase:
            self._progress(phase)

    def _progress(
        self, phase: Phase, fraction: float | None = None, left: float | None = None, done: int = 0, total: int = 0
    ) -> None:
        running = self._running
        if running is not None:
            running.phase = phase
            answer = running.answer
            self.notify(TurnProgress(answer.conversation_id, answer.id, phase, fraction, left, done, total))

    def _current_answer(self, running: _Running) -> Message:
        return replace(running.answer, parts=running.draft.parts())

    def _save_if_due(self, running: _Running) -> None:
        if running.dirty and time.monotonic() - running.saved_at >= SAVE_SECONDS:
            self._save(self._current_answer(running))
            running.dirty = False
            running.saved_at = time.monotonic()

    def _end(self, outcome: Outcome) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        message = replace(
            self._current_answer(running),
            status=outcome.status,
            statistics=outcome.statistics,
            failure=outcome.failure,
            model=outcome.model,
        )
        self._save(message)
        self._models.engine_lost()
        self.notify(TurnEnded(message))
        self.notify(ConversationsChanged())
        if self._opened in (None, message.conversation_id):
            self.prepare(message.conversation_id)

    def _save(self, message: Message) -> None:
        """Save an answer; if that fails it stays in memory, the listeners hear of it, and it is tried again."""
        try:
            self._store.save_answer(message)
            self._unsaved.pop(message.id, None)
        except StoreError as error:
            _log.warning("An answer could not be saved: %s", error.details)
            self._unsaved[message.id] = message
            self.notify(StorageFailed(Failure(error.title, error.remedy)))

    def _save_again(self) -> None:
        for message in list(self._unsaved.values()):
            self._save(message)

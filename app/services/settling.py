"""Work in idle time: what the next message will need of the model is computed before it is written.

After an answer the cache holds the model's thoughts, which the history leaves out; the answer as the history has it
would have to be computed at the next message, seconds on a CPU. Settling does it at once, and keeps the cache on disk.
A conversation that is opened is made ready in the same way, and so are files that are attached while the user still
writes. The next message of the user interrupts all of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.domain.chat import Attachment, ConversationId, Failure, Message, Statistics
from app.domain.dialect import PromptOptions
from app.domain.models import ModelInfo
from app.engine.base import Engine, Failed, Finished, FinishReason, PrefillRequest
from app.errors import AppError
from app.jobs import Lane
from app.services.dialects import dialect_for, until_next_message
from app.services.titling import find_title
from app.services.turn import Stop

_log = logging.getLogger(__name__)


class Settler:
    """Prefills conversations on the engine's lane, behind everything else. Called on the main thread only."""

    def __init__(
        self,
        engine: Engine,
        lane: Lane,
        on_lost: Callable[[Failure], None],
        on_settled: Callable[[ConversationId, Statistics], None],
        on_title: Callable[[ConversationId, str], None],
    ) -> None:
        """All hear on the lane: on_lost of an engine that died meanwhile, because here no turn tells it, on_settled of
        a conversation that is ready, with the context that it takes, on_title of what the model would call it."""
        self._on_title = on_title
        self._on_lost = on_lost
        self._on_settled = on_settled
        self._engine = engine
        self._lane = lane
        self._lock = threading.Lock()
        self._wanted: Stop | None = None
        self._active: Stop | None = None

    def settle(
        self,
        messages: Sequence[Message],
        options: PromptOptions,
        files: Sequence[Attachment] = (),
        title: bool = False,
    ) -> None:
        """Have these messages, which end with an answer, in the cache soon, or without any what every conversation
        begins with; then the files that are going to come with the next message. What was to be settled before is not.
        title: the conversation wants one, which is looked for behind that.
        """
        self.interrupt()
        stop = self._wanted = Stop(self._engine)
        self._lane.submit(lambda: self._run(tuple(messages), options, tuple(files), stop))
        if title and messages:
            self._lane.submit(lambda: self._find_title(tuple(messages), options, tuple(files), stop))

    def interrupt(self) -> None:
        """Make way for something more urgent."""
        with self._lock:
            if self._wanted is not None:
                self._wanted.requested = True
            if self._active is not None:
                # Under the lock, so that this can only reach the prefill and never what the lane does after it.
                self._active.request()

    def _run(
        self, messages: tuple[Message, ...], options: PromptOptions, files: tuple[Attachment, ...], stop: Stop
    ) -> None:
        self._interruptible(lambda model: self._prefill(model, messages, options, files, stop), stop)

    def _find_title(
        self, messages: tuple[Message, ...], options: PromptOptions, files: tuple[Attachment, ...], stop: Stop
    ) -> None:
        def find(model: ModelInfo) -> None:
            found = find_title(
                self._engine, dialect_for(model), messages, replace(options, model=model.fingerprint), stop
            )
            if found is not None:
                self._on_title(messages[-1].conversation_id, found)
            if not stop.requested:
                # The question for the title is no part of the conversation.
                self._prefill(model, messages, options, files, stop)

        self._interruptible(find, stop)

    def _interruptible(self, work: Callable[[ModelInfo], None], stop: Stop) -> None:
        """Do something with the model, unless there is none or something more urgent came first."""
        model = self._engine.model
        if model is None:
            return
        with self._lock:
            if stop.requested:
                return
            self._active = stop
        try:
            work(model)
        except AppError as error:
            # The turn itself will say what is wrong; nobody waits for this.
            _log.info("A conversation could not be settled: %s", error)
        finally:
            with self._lock:
                self._active = None

    def _prefill(
        self,
        model: ModelInfo,
        messages: tuple[Message, ...],
        options: PromptOptions,
        files: tuple[Attachment, ...],
        stop: Stop,
    ) -> None:
        dialect, options = dialect_for(model), replace(options, model=model.fingerprint)
        prompt = until_next_message(dialect, messages, options, files)
        if not prompt:
            return
        shared = until_next_message(dialect, (), options)
        state = messages[-1].conversation_id if messages else None
        # Files may still be taken away: what holds them is not worth a place on the disk.
        for event in self._engine.prefill(PrefillRequest(prompt, shared, state, save=not files)):
            stop.enforce()
            match event:
                case Finished(FinishReason.END, statistics) if state is not None:
                    self._on_settled(state, statistics)
                case Failed(title, remedy, lost=lost):
                    _log.info("A conversation could not be settled: %s", title)
                    if lost:
                        self._on_lost(Failure(title, remedy))
                case _:
                    pass

"""Drives a Core as the command line does: a queue in the place of Qt's event loop."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from app.core import Core
from app.domain.chat import Attachment, ConversationId, Effort, Message
from app.engine.base import Engine
from app.paths import Paths
from app.services.events import AnswerGrew, Event, ModelPhase, ReasoningGrew, TurnEnded

E = TypeVar("E")


class Driver:
    """A Core on a data folder of its own, its events, and a main loop that runs until something is true."""

    def __init__(self, data: Path, engine: Engine | None = None, model: Path | None = None) -> None:
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.core = Core(Paths(data), self._tasks.put, engine)
        # When a title of the model's comes depends on how busy the machine is; the tests of titles ask for them.
        self.core.override_settings(temperature=0.0, titles=False)
        self.events: list[Event] = []
        self.core.chat.subscribe(self.events.append)
        if model is not None:
            self.core.models.use(model)

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Run what is posted until condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            assert left > 0, f"waited {seconds} s in vain; the last events: {self.events[-5:]}"
            try:
                self._tasks.get(timeout=min(left, 0.1))()
            except queue.Empty:
                continue

    def run_posted(self) -> None:
        """Run what is posted already."""
        while not self._tasks.empty():
            self._tasks.get()()

    def start(
        self,
        text: str,
        conversation: ConversationId | None = None,
        effort: Effort | None = None,
        files: Sequence[Attachment] = (),
    ) -> ConversationId:
        self.events.clear()
        return self.core.chat.send(conversation, text, effort, attached=(lambda _: files) if files else None)

    def finish(self) -> Message:
        self.until(lambda: any(isinstance(event, TurnEnded) for event in self.events))
        return next(event.message for event in self.events if isinstance(event, TurnEnded))

    def ask(
        self,
        text: str,
        conversation: ConversationId | None = None,
        effort: Effort | None = None,
        files: Sequence[Attachment] = (),
    ) -> Message:
        """One whole turn; gives the answer."""
        self.start(text, conversation, effort, files)
        return self.finish()

    def ask_briefly(self, text: str, conversation: ConversationId | None = None) -> Message:
        """A turn that is stopped once it has said something: small models go on for ever."""
        self.start(text, conversation)
        said = (AnswerGrew, ReasoningGrew)
        self.until(lambda: sum(isinstance(each, said) for each in self.events) >= 10 or bool(self.of(TurnEnded)))
        self.core.chat.stop()
        return self.finish()

    def until_model(self, phase: ModelPhase) -> None:
        self.until(lambda: self.core.models.state.phase is phase)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def close(self) -> None:
        self.core.close()

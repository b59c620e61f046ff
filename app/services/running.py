"""The turn that runs: its events as an answer that grows, is told of, and is saved as it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.domain.chat import Message, Part, Text
from app.domain.stream import Channel, Delta, StreamMessage
from app.services.citations import citations
from app.services.draft import Draft
from app.services.events import AnswerGrew, Event, Phase, ReasoningGrew, ToolUsed, TurnProgress
from app.services.turn import AnswerNow, Called, Outcome, Prefilling, Stop, TurnEvent, Writing

# At most a second of an answer may be lost; the engine's heartbeats come four times a second.
SAVE_SECONDS = 0.5


class RunningTurn:
    """One answer from its beginning to its end. Lives on the main thread."""

    def __init__(
        self,
        answer: Message,
        stop: Stop,
        notify: Callable[[Event], None],
        save: Callable[[Message], None],
        history: Sequence[Message] = (),
    ) -> None:
        """notify tells the listeners; save stores the answer as far as it is; history is what the model sees before."""
        self.stop = stop
        self.answer_now = AnswerNow()
        self._answer = answer
        self._notify = notify
        self._save = save
        self._history = history
        self._draft = Draft(begun=answer.parts)
        self._phase = Phase.PREFILL
        self._saved_at = time.monotonic()
        self._dirty = False

    @property
    def answer(self) -> Message:
        """The answer as far as it is."""
        return replace(self._answer, parts=self._draft.parts())

    def ended(self, outcome: Outcome) -> Message:
        """The answer as it is to be stored at the end: now its citations are known."""
        parts = self._draft.parts()
        if self._answer.parts and outcome.model != self._answer.model:
            # Another model began it, or none did go on: ids are those of one model.
            parts = tuple(_without_ids(part) for part in parts)
        return replace(
            self._answer,
            parts=(*parts, *citations(self._history, parts)),
            status=outcome.status,
            statistics=outcome.statistics,
            failure=outcome.failure,
            model=outcome.model,
        )

    def grow(self, event: TurnEvent) -> None:
        """Take in what the turn found, unless it is its end."""
        match event:
            case Prefilling(done, total, seconds_left, answers):
                if done < total or self._phase is Phase.LOADING:
                    self.progress(Phase.PREFILL, done / total if total else None, seconds_left, done, total)
                if done >= total:
                    self._draft.mark_start()
                    self.progress(Phase.ANSWERING if answers else Phase.THINKING)
            case Writing(outputs):
                for output in outputs:
                    self._write(output)
            case Called(call, result):
                self._draft.add_tool(call, result)
                self._dirty = True
                self._notify(ToolUsed(self._answer.id, call, result))
            case Outcome():
                return
        self._save_if_due()

    def progress(
        self, phase: Phase, fraction: float | None = None, left: float | None = None, done: int = 0, total: int = 0
    ) -> None:
        """Tell the listeners what the turn does now."""
        self._phase = phase
        self._notify(TurnProgress(self._answer.conversation_id, self._answer.id, phase, fraction, left, done, total))

    def _write(self, output: Delta | StreamMessage) -> None:
        self._dirty = True
        if isinstance(output, StreamMessage):
            self._draft.finish(output)
            return
        starts, message_id = self._draft.grow(output), self._answer.id
        match output.channel:
            case Channel.REASONING:
                self._enter(Phase.THINKING)
                self._notify(ReasoningGrew(message_id, output.text, starts))
            case Channel.ANSWER | Channel.PREAMBLE:
                self._enter(Phase.ANSWERING)
                self._notify(AnswerGrew(message_id, output.text, starts, output.channel is Channel.PREAMBLE))
            case Channel.TOOL_CALL:
                self._enter(Phase.THINKING)

    def _enter(self, phase: Phase) -> None:
        if self._phase is not phase:
            self.progress(phase)

    def _save_if_due(self) -> None:
        if self._dirty and time.monotonic() - self._saved_at >= SAVE_SECONDS:
            self._save(self.answer)
            self._dirty = False
            self._saved_at = time.monotonic()


def _without_ids(part: Part) -> Part:
    return replace(part, token_ids=()) if isinstance(part, Text) else part

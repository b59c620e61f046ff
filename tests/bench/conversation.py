"""One run of the application on a long conversation, step by step, as a program of its own.

    python -m tests.bench.conversation MODEL DATA [--tokens 4000]
    python -m tests.bench.conversation MODEL DATA --reopen CONVERSATION --question TEXT

Prints a JSON object for each step. First form: load; a first message whose prefill is stopped half way; the same
message again; settling; a short second message. Second form: load; make an earlier conversation ready; a message to it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from app.domain.chat import ConversationId, Message, Statistics
from app.services.events import ModelPhase, Phase, TurnEnded, TurnProgress
from tests.driver import Driver

CONTEXT = 16384
QUESTION_TOKENS = 30
_ANSWER_TOKENS = 16
_WORDS = ("alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "spruce", "yew")
# Prefilling thousands of tokens takes minutes.
_PATIENCE = 3600


@dataclass(frozen=True, slots=True)
class _Length:
    """How texts become tokens of a prompt, found out on the model itself: so many for a word, and base for the rest."""

    base: int
    per_word: float

    def text(self, tokens: int, seed: int) -> str:
        """Words of about so many tokens."""
        return _text(max(1, round(tokens / self.per_word)), seed)


class _Run:
    """A Core on a data folder, and the steps that are measured on it. Seconds are wall-clock."""

    def __init__(self, model: Path, data: Path) -> None:
        self._driver = Driver(data, model=model)
        self._driver.core.override_settings(context_size=CONTEXT)

    def load(self) -> None:
        started = time.monotonic()
        self._driver.core.models.load()
        self._until_phase(ModelPhase.READY)
        _tell("loaded", seconds=time.monotonic() - started)

    def first_turn(self, length: _Length, tokens: int) -> ConversationId:
        """Stop the prefill half way, then send the same message again."""
        text = length.text(tokens - length.base, seed=0)
        self._send(text)
        self._until_prefilled(0.5)
        done = self._driver.of(TurnProgress)[-1].done_tokens
        started = time.monotonic()
        self._driver.core.chat.stop()
        self._ended()
        _tell("stopped", seconds=time.monotonic() - started, done=done)
        return self._turn("first turn", text, None, _ANSWER_TOKENS)

    def settle(self) -> None:
        started = time.monotonic()
        self._until_idle()
        _tell("settled", seconds=time.monotonic() - started)

    def next_turn(self, text: str, conversation: ConversationId) -> None:
        """Up to its first token, which is all that is sampled."""
        self._turn("next turn", text, conversation, 1)

    def open(self, conversation: ConversationId) -> None:
        started = time.monotonic()
        self._driver.core.chat.prepare(conversation)
        self._until_idle()
        _tell("opened", seconds=time.monotonic() - started)

    def close(self) -> None:
        self._driver.close()

    def length(self) -> _Length:
        few, many = (self._prompt_tokens(_text(count, seed=2)) for count in (10, 110))
        per_word = (many - few) / 100
        return _Length(round(few - 10 * per_word), per_word)

    def _prompt_tokens(self, text: str) -> int:
        """How long the prompt of a new conversation is, as its first progress says; the turn is stopped at once."""
        self._send(text)
        self._until_prefilled(0)
        self._driver.core.chat.stop()
        self._ended()
        return next(event.total_tokens for event in self._driver.of(TurnProgress) if event.total_tokens)

    def _turn(self, step: str, text: str, conversation: ConversationId | None, limit: int) -> ConversationId:
        started = time.monotonic()
        self._send(text, conversation, limit)
        answer = self._ended()
        seconds = time.monotonic() - started
        assert answer.failure is None, answer.failure
        found = answer.statistics or Statistics()
        _tell(
            step,
            seconds=seconds,
            conversation=answer.conversation_id,
            prompt_tokens=found.prompt_tokens,
            reused_tokens=found.reused_tokens,
            prefill_seconds=found.prefill_seconds,
            engine_peak_bytes=found.engine_peak_rss_bytes,
        )
        return answer.conversation_id

    def _send(self, text: str, conversation: ConversationId | None = None, limit: int | None = None) -> None:
        self._driver.events.clear()
        if conversation is None:
            # As the window does: else the conversation before is the one that is looked at, and kept ready.
            self._driver.core.chat.prepare(None)
        self._driver.core.chat.send(conversation, text, max_tokens=limit)

    def _ended(self) -> Message:
        self._driver.until(lambda: bool(self._driver.of(TurnEnded)), _PATIENCE)
        return self._driver.of(TurnEnded)[0].message

    def _until_prefilled(self, fraction: float) -> None:
        def far_enough() -> bool:
            events = self._driver.of(TurnProgress)
            return any(e.phase is Phase.PREFILL and e.total_tokens and (e.fraction or 0) >= fraction for e in events)

        self._driver.until(far_enough, _PATIENCE)

    def _until_idle(self) -> None:
        done = threading.Event()
        self._driver.core._lane.submit(done.set)
        self._driver.until(done.is_set, _PATIENCE)

    def _until_phase(self, phase: ModelPhase) -> None:
        self._driver.until(lambda: self._driver.core.models.state.phase in (phase, ModelPhase.FAILED), _PATIENCE)
        assert self._driver.core.models.state.phase is phase, self._driver.core.models.state


def _text(words: int, seed: int) -> str:
    return " ".join(random.Random(seed).choices(_WORDS, k=words))


def _tell(step: str, **figures: object) -> None:
    print(json.dumps({"step": step, **figures}), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--tokens", type=int, default=4000)
    parser.add_argument("--reopen", type=ConversationId)
    parser.add_argument("--question", default="")
    options = parser.parse_args()
    run = _Run(options.model, options.data)
    try:
        run.load()
        if options.reopen:
            run.open(options.reopen)
            run.next_turn(options.question, options.reopen)
        else:
            length = run.length()
            conversation = run.first_turn(length, options.tokens)
            run.settle()
            question = length.text(QUESTION_TOKENS, seed=1)
            _tell("question", text=question)
            run.next_turn(question, conversation)
            # What is reopened later was left in peace.
            run.settle()
    finally:
        run.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A person at work, to be killed at any moment: sends, stops, renames, throws away, deletes, backs up.

``python -m tests.store.scripted_user`` loads everything once and then forks a person for each line ``DATA JOURNAL SEED
ACTIONS`` that it reads, whose process number it prints. The journal gets a line for each thing the application
acknowledged.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.domain.chat import ConversationId, Message
from app.engine.scripted import Script, ScriptedEngine
from app.errors import AppError
from app.services.events import AnswerGrew, Event, ReasoningGrew, StorageFailed, TurnEnded, TurnStarted
from tests.driver import Driver
from tests.models import TINY

_THOUGHT = " ".join(f"thought{number}" for number in range(120))
_ANSWER = " ".join(f"word{number}" for number in range(300))
_COMPLETION = (
    f"<|channel|>analysis<|message|>{_THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{_ANSWER}<|return|>"
)
_NOTE_SECONDS = 0.02


class User:
    """Does random things, and notes what it may rely on."""

    def __init__(self, data: Path, journal: Path, seed: int) -> None:
        self._journal = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._random = random.Random(seed)
        self._seed = seed
        self._sent = 0
        self._lengths: dict[str, int] = {}
        self._noted_at = 0.0
        # With a fast model more happens, with a slow one there is more than a second of an answer to lose.
        script = Script((_COMPLETION,), token_seconds=self._random.choice((0.0, 0.0, 0.006)))
        self._driver = Driver(data, ScriptedEngine(script=script), TINY)
        self._core = self._driver.core
        self._core.chat.subscribe(self._on_event)
        self._core.safety.start()

    def work(self, actions: int) -> None:
        """Do so much, then close the application as a person does."""
        choices: list[tuple[Callable[[], None], int]] = [
            (self._send, 6),
            (self._send_and_stop, 4),
            (self._rename, 2),
            (self._throw_away, 2),
            (self._bring_back, 1),
            (self._delete, 1),
            (self._back_up, 1),
        ]
        doing, weights = zip(*choices, strict=True)
        for _ in range(actions):
            action = self._random.choices(doing, weights)[0]
            try:
                action()
            except AppError as error:
                self._note("refused", title=error.title)
        self._driver.close()
        self._note("closed")

    def _note(self, what: str, **fields: Any) -> None:
        line = json.dumps({"what": what, "at": time.monotonic(), **fields})
        os.write(self._journal, f"{line}\n".encode())

    def _on_event(self, event: Event) -> None:
        match event:
            case TurnStarted(conversation_id, user, _):
                self._note("sent", conversation=conversation_id, message=user.id, text=user.text)
            case AnswerGrew(message_id, text) | ReasoningGrew(message_id, text):
                self._lengths[message_id] = self._lengths.get(message_id, 0) + len(text)
                if time.monotonic() - self._noted_at > _NOTE_SECONDS:
                    self._note("grew", message=message_id, length=self._lengths[message_id])
                    self._noted_at = time.monotonic()
            case TurnEnded(message):
                saved = not self._driver.of(StorageFailed)
                self._note("ended", message=message.id, length=length_of(message), saved=saved)
            case StorageFailed(failure):
                self._note("failed", title=failure.title)

    def _some(self, trashed: bool = False) -> ConversationId | None:
        known = self._core.chat.conversations(trashed)
        return self._random.choice(known).id if known else None

    def _start(self) -> None:
        self._sent += 1
        target = self._some() if self._random.random() < 0.6 else None
        self._driver.start(f"Question {self._sent} of {self._seed}", target)

    def _send(self) -> None:
        self._start()
        self._driver.finish()

    def _send_and_stop(self) -> None:
        self._start()
        until = time.monotonic() + self._random.uniform(0, 0.3)
        self._driver.until(lambda: time.monotonic() > until or self._core.chat.running is None)
        self._core.chat.stop()
        self._driver.finish()

    def _rename(self) -> None:
        if conversation := self._some():
            title = f"Title {self._random.random()}"
            self._core.chat.rename(conversation, title)
            self._note("renamed", conversation=conversation, title=title)

    def _throw_away(self) -> None:
        if conversation := self._some():
            self._core.chat.move_to_trash(conversation)

    def _bring_back(self) -> None:
        if conversation := self._some(trashed=True):
            self._core.chat.restore(conversation)

    def _delete(self) -> None:
        if conversation := self._some(trashed=True):
            self._note("deleting", conversation=conversation)
            self._core.safety.delete_forever([conversation])
            self._note("deleted", conversation=conversation)

    def _back_up(self) -> None:
        self._core.safety.back_up_now()


def length_of(message: Message) -> int:
    """Characters of thoughts and answer, as they are counted while they stream."""
    return len(message.text) + len(message.reasoning)


def main() -> None:
    """Fork a person for every line read."""
    print("ready", flush=True)
    for line in sys.stdin:
        data, journal, seed, actions = line.split()
        child = os.fork()
        if child:
            print(child, flush=True)
            os.waitpid(child, 0)
            print("gone", flush=True)
            continue
        try:
            User(Path(data), Path(journal), int(seed)).work(int(actions))
        except BaseException:  # noqa: BLE001  # whatever it is, the test has to see it
            Path(journal).with_suffix(".error").write_text(traceback.format_exc())
        os._exit(0)


if __name__ == "__main__":
    main()

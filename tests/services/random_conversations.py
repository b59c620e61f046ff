"""Random conversations through a whole Core: every answer must be what a fresh context would have given.

What happens depends on the seed alone, except for a stop in the middle of a decode and for how many tokens an engine
samples on while it is being stopped.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.chat import ConversationId, Effort, Message, MessageId, Role
from app.services.events import ModelPhase
from tests.driver import Driver
from tests.engine.recording import Answer, Interruption, RecordingEngine, Records
from tests.models import TINY

_CONTEXT = 4096
_STEPS = (3, 7)
_SHORT = (
    "Hello",
    "Bonjour",
    "Write a square function",
    "Call a wrong tool",
    "Only think",
    "Double the channel",
    "Why?",
)
_LONG = ("Count to 200", "Think for a long time")
_NO_BUDGET = 1 << 20
# From shorter than the window to longer than its ring; an answer that has no end is cut, too.
_LONG_ANSWER = (100, 320)


@dataclass(slots=True)
class Result:
    """answers were compared, exact of them are equal to the last bit.

    Each of different names one that a fresh context would not have given.
    """

    answers: int = 0
    exact: int = 0
    different: list[str] = field(default_factory=list)


def run_random_conversation(seed: int, data: Path, records: Records) -> Result:
    """Some steps on a data folder of its own."""
    run = _Conversation(seed, data, records)
    try:
        run.start()
        for _ in range(run.chance.randint(*_STEPS)):
            run.step()
        return run.result
    finally:
        run.close()


class _Conversation:
    """A Core, the conversations in it, and steps drawn at random."""

    def __init__(self, seed: int, data: Path, records: Records) -> None:
        self.chance = random.Random(seed)
        self.result = Result()
        self._seed, self._data, self._records = seed, data, records
        # Every answer of a conversation may become the end of the branch that is shown.
        self._answers: dict[ConversationId, list[MessageId]] = {}
        self._shown: ConversationId | None = None

    def start(self) -> None:
        """Begin with what every run begins with: a message."""
        self._open_core()
        self._new_conversation()

    def step(self) -> None:
        steps = {
            self._ask: 6,
            self._edit: 3,
            self._regenerate: 3,
            self._switch_branch: 3,
            self._new_conversation: 1,
            self._go_to_another: 2,
            self._restart: 2,
            self._interrupt_a_long_message: 2,
        }
        step = self.chance.choices(list(steps), list(steps.values()))[0]
        step()

    def close(self) -> None:
        self._driver.close()

    def _open_core(self) -> None:
        self._engine = RecordingEngine(self._records)
        self._driver = Driver(self._data, self._engine, TINY)
        self._driver.core.override_settings(context_size=_CONTEXT)
        self._driver.core.models.load()
        self._driver.until_model(ModelPhase.READY)

    def _ask(self) -> None:
        self._turn(self._shown, self._text())

    def _edit(self) -> None:
        """An earlier question in other words: what followed it is another branch."""
        question = self.chance.choice([message for message in self._branch() if message.role is Role.USER])
        self._show(question.parent_id)
        self._turn(self._shown, self._text())

    def _regenerate(self) -> None:
        question = self._branch()[-2]
        self._show(question.parent_id)
        self._turn(self._shown, question.text)

    def _switch_branch(self) -> None:
        assert self._shown is not None
        self._show(self.chance.choice(self._answers[self._shown]))
        self._prepare()
        self._ask()

    def _new_conversation(self) -> None:
        self._driver.core.chat.prepare(None)
        self._turn(None, self._text())

    def _go_to_another(self) -> None:
        self._shown = self.chance.choice(list(self._answers))
        self._prepare()
        self._ask()

    def _restart(self) -> None:
        self._driver.close()
        self._open_core()
        self._prepare()
        self._ask()

    def _interrupt_a_long_message(self) -> None:
        """Stopped while it is read, then sent again."""
        head = self._branch()[-1].id
        text = "word " * self.chance.randint(20, 60) + self.chance.choice(_SHORT)
        self._turn(self._shown, text, Interruption.at_random(self.chance, 4))
        self._show(head)
        self._turn(self._shown, text)

    def _prepare(self) -> None:
        self._choose_settling()
        self._driver.core.chat.prepare(self._shown)
        self._wait()

    def _turn(self, conversation: ConversationId | None, text: str, stop: Interruption | None = None) -> None:
        """One turn, with what is done in idle time after it, and the comparison."""
        chance, core = self.chance, self._driver.core
        # The model has nothing to say to a long message and would babble.
        long = len(text) > 100
        if stop is None and chance.random() < 0.3:
            stop = Interruption.at_random(chance, 40)
        self._engine.interrupt_generate = stop
        core.override_settings(thinking_budget=chance.choice([_NO_BUDGET] * 5 + [chance.randint(1, 40)]))
        effort = chance.choice(list(Effort)) if conversation is None or chance.random() < 0.1 else None
        limit = chance.randint(1, 60) if long or chance.random() < 0.2 else chance.randint(*_LONG_ANSWER)
        self._choose_settling()
        self._driver.events.clear()
        self._shown = core.chat.send(conversation, text, effort, limit)
        answer = self._driver.finish()
        self._answers.setdefault(self._shown, []).append(answer.id)
        self._wait()
        self._compare()

    def _choose_settling(self) -> None:
        """Done to its end, interrupted, or not even begun."""
        kind = self.chance.choice(["whole", "whole", "interrupted", "none"])
        self._engine.skip_prefill = kind == "none"
        self._engine.interrupt_prefill = Interruption.at_random(self.chance, 3) if kind == "interrupted" else None

    def _text(self) -> str:
        return self.chance.choice(_LONG if self.chance.random() < 0.2 else _SHORT)

    def _branch(self) -> tuple[Message, ...]:
        assert self._shown is not None
        return self._driver.core.chat.conversation(self._shown).messages

    def _show(self, head: MessageId | None) -> None:
        """Move the end of the branch that is shown: the next message follows it."""
        sql = "UPDATE conversations SET head_id = ? WHERE id = ?"
        self._driver.core._store._database.execute(sql, [head, self._shown])

    def _wait(self) -> None:
        """Until the engine's lane has nothing left to do."""
        done = threading.Event()
        self._driver.core._lane.submit(done.set)
        self._driver.until(done.is_set)

    def _compare(self) -> None:
        taken: list[Answer] = []
        taken, self._engine.answers = self._engine.answers, taken
        for answer in taken:
            result, found = self.result, self._engine.compare(answer)
            result.answers += 1
            result.exact += found.exact
            if not found.right:
                result.different.append(f"seed {self._seed}, answer {result.answers}: {found}")

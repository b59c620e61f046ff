"""Times, sizes and progress in words."""

from __future__ import annotations

import pytest

from app.domain.chat import ConversationId, MessageId, Reasoning, Role, Status, Text, ToolCall, ToolResult
from app.domain.sizes import memory_needed, memory_there
from app.services.events import AnswerGrew, Phase, ReasoningGrew, ToolUsed, TurnProgress, TurnStarted
from app.ui import tool_steps, words
from app.ui.live_answer import LiveAnswer
from app.ui.theme import Theme
from tests.ui.fakes import message, question

pytestmark = pytest.mark.usefixtures("theme")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (0.6, "1 s"), (59.4, "59 s"), (60, "1 min 0 s"), (83, "1 min 23 s"), (7500, "2 h 5 min"), (-3, "0 s")],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("tokens", "said"), [(0, "0"), (640, "640"), (5222, "5.1k"), (16384, "16k"), (8192, "8k"), (131072, "128k")]
)
def test_tokens_are_said_in_a_few_characters(tokens: int, said: str) -> None:
    assert words.thousands(tokens) == said


def test_sizes_are_said_as_file_managers_do() -> None:
    assert words.file_size(98_400_000) == "98 MB"
    assert words.file_size(12_109_566_560) == "12.1 GB"
    assert words.file_size(2001) == "3 kB"


@pytest.mark.parametrize("size", [1, 812 << 20, (812 << 20) + 1, 1 << 30, (1 << 30) + 1, 16 << 30])
def test_the_window_and_the_planner_say_memory_alike_and_never_too_little(size: int) -> None:
    assert words.memory(size) == memory_needed(size)


def test_memory_is_said_in_the_unit_in_which_it_is_sold() -> None:
    assert words.memory(16 << 30) == memory_there(16 << 30) == "16.0 GB"
    assert words.memory((812 << 20) + 1) == "813 MB"
    assert memory_there((813 << 20) - 1) == "812 MB"
    assert words.memory((1 << 30) + 1) == "1.1 GB"
    assert memory_there((1 << 31) - 1) == "1.9 GB"


def test_loading_says_the_time_left_or_else_how_far_it_is() -> None:
    assert words.loading(0.42, 12.0) == "Loading the model, 12 s left"
    assert words.loading(0.42, None) == "Loading the model, 42 %"
    assert words.loading(None, None) == "Loading the model"


def test_a_step_is_one_line_whatever_a_tool_gave() -> None:
    call = ToolCall("container.exec", "{}")
    step = tool_steps.tool_step(call, ToolResult("container.exec", "first\nsecond " + "x" * 500))
    assert step.startswith("Called container.exec: first second xxx")
    assert len(step) < 200
    assert tool_steps.tool_step(call, None) == "Called container.exec"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def live() -> tuple[LiveAnswer, Clock, MessageId]:
    clock = Clock()
    started = TurnStarted(ConversationId("c"), question("?"), message(Role.ASSISTANT, status=Status.STREAMING))
    return LiveAnswer(started, clock), clock, started.answer.id


def test_a_growing_answer_has_the_parts_that_came(theme: Theme) -> None:
    growing, _, identity = live()
    call, result = ToolCall("t", "{}"), ToolResult("t", "r")
    growing.grow_reasoning(ReasoningGrew(identity, "a", True))
    growing.grow_reasoning(ReasoningGrew(identity, "b"))
    growing.grow_answer(AnswerGrew(identity, "look", True, True))
    growing.add_tool(ToolUsed(identity, call, result))
    growing.grow_reasoning(ReasoningGrew(identity, "c", True))
    growing.grow_answer(AnswerGrew(identity, "one ", True))
    growing.grow_answer(AnswerGrew(identity, "two"))
    assert growing.parts == (
        Reasoning("ab"),
        Text("look", preamble=True),
        call,
        result,
        Reasoning("c"),
        Text("one two"),
    )


def test_only_time_spent_thinking_counts_as_thought(theme: Theme) -> None:
    growing, clock, identity = live()
    clock.now = 10
    growing.move_on(TurnProgress(ConversationId("c"), identity, Phase.THINKING))
    clock.now = 14
    growing.grow_answer(AnswerGrew(identity, "x", True))
    clock.now = 30
    assert growing.thinking_seconds == 4
    growing.grow_reasoning(ReasoningGrew(identity, "y", True))
    clock.now = 33
    assert growing.thinking_seconds == 7


def test_the_speed_is_known_after_a_second(theme: Theme) -> None:
    growing, clock, identity = live()
    for _ in range(5):
        growing.grow_answer(AnswerGrew(identity, "x"))
        clock.now += 0.1
    assert growing.tokens_per_second is None
    for _ in range(20):
        growing.grow_answer(AnswerGrew(identity, "x"))
        clock.now += 0.1
    assert growing.tokens_per_second == pytest.approx(9.6)

"""An answer while it grows: the events of a turn put together into the parts of a message."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import zip_longest

from app.domain.chat import Part, Reasoning, Text, ToolResult
from app.services.events import AnswerGrew, Phase, ReasoningGrew, ToolUsed, TurnProgress, TurnStarted


class _Stretch:
    """Text that comes in pieces."""

    def __init__(self, preamble: bool = False, text: str = "") -> None:
        self.pieces: list[str] = [text] if text else []
        self.preamble = preamble


class LiveAnswer:
    """What is known of the running turn; kept while the user looks at another conversation."""

    def __init__(self, started: TurnStarted, clock: Callable[[], float] = time.monotonic) -> None:
        self.started = started
        self.progress = TurnProgress(started.conversation_id, started.answer.id, Phase.PREFILL)
        self._clock = clock
        self._items: list[Part | tuple[type[Reasoning] | type[Text], _Stretch]] = list(started.answer.parts)
        last = self._items[-1] if self._items else None
        if isinstance(last, Text):
            # An answer that goes on.
            self._items[-1] = (Text, _Stretch(last.preamble, last.text))
        self._thinking_since: float | None = None
        self._thought = 0.0
        self._answering_since: float | None = None
        self._pieces = 0
        self.hurried = False  # the user wants the answer now

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(self._part(item) for item in self._items)

    @property
    def thinking(self) -> bool:
        return self._thinking_since is not None

    @property
    def thinking_seconds(self) -> float:
        """How long the model has thought in this turn, up to now."""
        running = self._clock() - self._thinking_since if self._thinking_since is not None else 0.0
        return self._thought + running

    @property
    def waiting(self) -> bool:
        """Whether nothing has come yet."""
        return not self._items and not self.thinking

    @property
    def tokens_per_second(self) -> float | None:
        """The speed of answering; a piece of an answer is a token, but for a rare character that takes several."""
        if self._answering_since is None:
            return None
        elapsed = self._clock() - self._answering_since
        return (self._pieces - 1) / elapsed if elapsed >= 1 else None

    def move_on(self, progress: TurnProgress) -> None:
        """Take note of the phase."""
        self.progress = progress
        if progress.phase is Phase.THINKING:
            self._start_thinking()
        elif progress.phase is Phase.ANSWERING:
            self._start_answering()

    def grow_reasoning(self, grown: ReasoningGrew) -> None:
        self._start_thinking()
        self._stretch(Reasoning, grown.starts).pieces.append(grown.text)

    def grow_answer(self, grown: AnswerGrew) -> None:
        self._start_answering()
        self._pieces += 1
        if self._answering_since is None:
            self._answering_since = self._clock()
        self._stretch(Text, grown.starts, grown.preamble).pieces.append(grown.text)

    def add_tool(self, used: ToolUsed) -> None:
        self._answering_since, self._pieces = None, 0
        self._items += [used.call, used.result]

    def _start_thinking(self) -> None:
        if self._thinking_since is None:
            self._thinking_since = self._clock()

    def _start_answering(self) -> None:
        if self._thinking_since is not None:
            self._thought += self._clock() - self._thinking_since
            self._thinking_since = None

    def _stretch(self, kind: type[Reasoning] | type[Text], starts: bool, preamble: bool = False) -> _Stretch:
        last = self._items[-1] if self._items else None
        if not starts and isinstance(last, tuple) and last[0] is kind:
            return last[1]
        stretch = _Stretch(preamble)
        self._items.append((kind, stretch))
        return stretch

    @staticmethod
    def _part(item: Part | tuple[type[Reasoning] | type[Text], _Stretch]) -> Part:
        if not isinstance(item, tuple):
            return item
        kind, stretch = item
        text = "".join(stretch.pieces)
        return Reasoning(text) if kind is Reasoning else Text(text, preamble=stretch.preamble)


def with_results(parts: tuple[Part, ...]) -> list[tuple[Part, ToolResult | None]]:
    """The parts, each tool call with the result that follows it."""
    paired: list[tuple[Part, ToolResult | None]] = []
    for part, following in zip_longest(parts, parts[1:]):
        if not isinstance(part, ToolResult):
            paired.append((part, following if isinstance(following, ToolResult) else None))
    return paired

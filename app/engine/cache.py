"""What of a prompt need not be computed again: the KV cache's mirror in tokens, with rollback and checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.engine.state_files import SavedState

MAX_CHECKPOINTS = 8

WORTH_A_FILE = 32
"""Tokens that a saved state must spare to be worth reading from disk."""


class RollbackMemory(Protocol):
    """The part of llama.Context that the cache manager needs."""

    @property
    def first_position(self) -> int: ...
    @property
    def last_position(self) -> int: ...
    def remove_from(self, position: int) -> bool: ...
    def clear(self) -> None: ...
    def window_state(self) -> bytes: ...
    def restore_window_state(self, state: bytes) -> bool: ...
    def load_state(self, path: Path, count: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The window layers' state after the first ``length`` tokens."""

    length: int
    state: bytes


class PrefixCache:
    """Knows which tokens the KV cache holds, and brings it back to a prefix of a new prompt.

    Sliding-window layers keep only their last positions, so dropping tokens can leave them without what they need;
    llama.cpp reports success all the same and computes nonsense (facts/engine.md 3.5). Hence the guard, and the
    checkpoints of the window's state to return to. A cache that can't be rolled back is cleared: slower, never wrong.
    """

    def __init__(self, memory: RollbackMemory, window: int, rollback: bool = True) -> None:
        """window is the number of positions a sliding-window layer sees, 0 without such layers."""
        self._memory = memory
        self._window = window
        self._rollback = rollback
        self._checkpoints: list[Checkpoint] = []
        self.tokens: list[int] = []

    def reuse(self, prompt: Sequence[int], saved: Sequence[SavedState] = ()) -> int:
        """Leave in the cache the longest usable prefix of prompt, and say how long it is.

        What is in memory comes first: as it is, rolled back, or from a checkpoint; then the saved states, of which one
        helps if its tokens begin the prompt. Where nothing does the cache is cleared.
        """
        shared = common_prefix(self.tokens, prompt)
        reachable = self._reachable(shared)
        for state in sorted(saved, key=lambda state: -len(state.tokens)):
            length = len(state.tokens)
            if length >= reachable + WORTH_A_FILE and common_prefix(state.tokens, prompt) == length:
                if self._load(state):
                    return length
                # What the cache held is lost with the attempt.
                reachable = shared = 0
        length = self._return_to(shared)
        del self.tokens[length:]
        self._checkpoints = [point for point in self._checkpoints if point.length <= length]
        return length

    def is_within_reach(self, prompt: Sequence[int]) -> bool:
        """Whether reuse() would find all of prompt in memory: nothing needs to be dropped to be ready for it."""
        length = common_prefix(self.tokens, prompt)
        return length == len(prompt) == self._reachable(length)

    def extend(self, ids: Sequence[int]) -> None:
        self.tokens.extend(ids)

    def trim_to_memory(self) -> int:
        """After an aborted decode: believe the cache about what it holds. Gives the number of tokens kept."""
        held = self._memory.last_position + 1
        del self.tokens[held:]
        return len(self.tokens)

    def checkpoint(self) -> None:
        """Remember the window's state here. Without window layers a rollback needs no checkpoint."""
        if not self._window or any(point.length == len(self.tokens) for point in self._checkpoints):
            return
        state = self._memory.window_state()
        if state:
            self._checkpoints.append(Checkpoint(len(self.tokens), state))
            # The oldest go first, but the very first stays: it is the one that new conversations share.
            if len(self._checkpoints) > MAX_CHECKPOINTS:
                del self._checkpoints[1]

    def _reachable(self, length: int) -> int:
        """How long a prefix _return_to() would leave, without touching anything."""
        if length == len(self.tokens) or (self._rollback and self._window_reaches(length)):
            return length
        return max((point.length for point in self._checkpoints if point.length <= length), default=0)

    def _load(self, state: SavedState) -> bool:
        """Take over a saved state. One that does not load is removed, and the cache is empty then."""
        self.tokens, self._checkpoints = [], []
        self._memory.clear()
        if state.is_sound() and self._memory.load_state(state.path, len(state.tokens)):
            self.tokens = list(state.tokens)
            if self._holds(len(self.tokens)):
                state.touch()
                self.checkpoint()
                return True
        state.remove()
        self.tokens = []
        self._memory.clear()
        return False

    def _return_to(self, length: int) -> int:
        if length == len(self.tokens) and self._holds(length):
            return length
        if self._rollback and length and self._window_reaches(length) and self._roll_back(length):
            return length
        for point in sorted(self._checkpoints, key=lambda point: -point.length):
            if point.length <= length and self._restore(point):
                return point.length
        self._memory.clear()
        return 0

    def _roll_back(self, length: int) -> bool:
        return self._memory.remove_from(length) and self._holds(length)

    def _restore(self, point: Checkpoint) -> bool:
        removed = self._memory.remove_from(point.length)
        return removed and self._memory.restore_window_state(point.state) and self._holds(point.length)

    def _window_reaches(self, length: int) -> bool:
        """Whether every position that token ``length`` looks back at is still there."""
        first = self._memory.first_position
        return 0 <= first <= max(0, length - self._window + 1) if self._window else first == 0

    def _holds(self, length: int) -> bool:
        if length == 0:
            return self._memory.last_position == -1
        return self._memory.last_position == length - 1 and self._window_reaches(length)


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """The number of leading items that two sequences share."""
    for i, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return i
    return min(len(first), len(second))

"""An engine that keeps a journal of what its KV cache holds, and a fresh context that is made to compute the same.

Logits depend on how tokens are cut into batches, so the fresh context is given the cuts of the journal: each chunk as
it was decoded, and the tokens of it that were taken back afterwards taken back again. It never rolls back further than
that, restores no checkpoint and reads no file, so what it computes is right.

Bit for bit the same can only be what lies in the same cells: flash attention adds up in the order of the cells. The
window layers' cells are a ring. Once it has gone round, or was filled anew from a checkpoint or a file, a token's cell
depends on what was there before, and the last bits with it: some hundredths of a logit here, as between two ways to cut
the same prompt, and much more at a token where a router was undecided and takes another expert. So every return to an
earlier place is checked at its root as well: each position that the next token sees must be in the window, with the
very bits that were computed for it. llama.cpp would compute nonsense without them and call it a success.
"""

from __future__ import annotations

import random
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from llama_cpp import llama_cpp as C
from numpy.typing import NDArray

from app.domain.chat import Statistics
from app.engine import llama
from app.engine.base import (
    Finished,
    FinishReason,
    Generated,
    GenerateEvent,
    GenerateRequest,
    LoadEvent,
    LoadRequest,
    PrefillRequest,
)
from app.engine.gguf_header import GgufHeader
from app.engine.llama_engine import LlamaEngine, _Loaded, new_abort_flag

Logits = NDArray[np.float32]
Differences = NDArray[np.float64]

# As in tests/engine/test_reuse.py: a small batch makes for a small ring of window cells, which goes round soon.
BATCH = 64
_RING = 256
# Logits of the tiny model run from about -10 to 30, and differ by 10 where the window lacks something.
CLOSE = 0.3
_STATE_HEADER = struct.Struct("<4I")
_STATE_CELL = struct.Struct("<iIi")
_STATE_TENSORS = struct.Struct("<II")
_STATE_ROWS = struct.Struct("<iQ")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens that were decoded together; the first ``kept`` of them are in the cache still.

    logits are those after the last one, where they were asked for; window is what the window layers hold of each.
    """

    ids: tuple[int, ...]
    kept: int
    logits: Logits | None
    window: tuple[bytes, ...]


Journal = tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A prompt, what was sampled after it, and how what the cache held then had come there.

    in_order: the window's cells lie as in a fresh context. whole: at no return anything was missing from it.
    """

    prompt: tuple[int, ...]
    sampled: tuple[int, ...]
    journal: Journal
    in_order: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """difference is the largest one of a logit at each token, infinite where the cache held other tokens.

    exact: there is none.
    """

    right: bool
    exact: bool
    difference: float


@dataclass(frozen=True, slots=True)
class Interruption:
    """When to stop a request: at its nth decode (from 0), before it returns, or so many seconds into it."""

    decode: int
    delay: float | None = None

    @classmethod
    def at_random(cls, chance: random.Random, decodes: int) -> Interruption:
        delay = chance.choice([None, chance.uniform(0, 0.01)])
        return cls(chance.randrange(decodes), delay)


class Records:
    """What recording engines share beyond a restart: journals of the states on disk, and how often what was done."""

    def __init__(self) -> None:
        self.journals: dict[Path, Journal] = {}
        self.done: Counter[str] = Counter()


class RecordingContext(llama.Context):
    """A context with a journal. interruption holds for the request that runs."""

    records: Records
    stop: Any
    interruption: Interruption | None = None

    def __init__(self, model: llama.Model, *arguments: Any) -> None:
        super().__init__(model, *arguments)
        self.journal: list[Chunk] = []
        self.in_order = self.whole = True
        self._returned = False
        self._decodes = 0
        self._window = model.window
        self._width = int(C.llama_vocab_n_tokens(C.llama_model_get_vocab(model.pointer)))

    def begin(self, interruption: Interruption | None) -> None:
        self.interruption, self._decodes, self.whole = interruption, 0, True

    def decode(self, ids: Sequence[int], position: int, want_logits: bool) -> int:
        due = self.interruption is not None and self._decodes == self.interruption.decode
        self._decodes += 1
        if self._returned:
            self._returned, self.whole = False, self.whole and self._window_is_there(position)
        self.in_order = self.in_order and position + len(ids) <= _RING
        timer = self._interrupt() if due else None
        code = super().decode(ids, position, want_logits)
        if timer is not None:
            timer.join()
        assert position == sum(chunk.kept for chunk in self.journal), "the mirror and the journal disagree"
        if code == llama.DECODED:
            logits, window = _logits(self, self._width) if want_logits else None, self._window_rows()
            rows = tuple(window[position + i] for i in range(len(ids)))
            self.journal.append(Chunk(tuple(ids), len(ids), logits, rows))
        else:
            self.records.done["aborted decodes"] += 1
        return code

    def _interrupt(self) -> threading.Timer | None:
        assert self.interruption is not None
        if self.interruption.delay is None:
            self.stop()
            return None
        timer = threading.Timer(self.interruption.delay, self.stop)
        timer.start()
        return timer

    def remove_from(self, position: int) -> bool:
        removed = super().remove_from(position)
        if removed:
            self.records.done["rollbacks"] += 1
            self._returned = True
            self._keep(position)
        return removed

    def restore_window_state(self, state: bytes) -> bool:
        self.records.done["checkpoints restored"] += 1
        self.in_order, self._returned = False, True
        return super().restore_window_state(state)

    def clear(self) -> None:
        super().clear()
        self.journal, self.in_order, self._returned = [], True, False

    def save_state(self, path: Path, tokens: Sequence[int]) -> bool:
        self.records.journals[path.with_suffix("")] = tuple(self.journal)
        return super().save_state(path, tokens)

    def load_state(self, path: Path, count: int) -> bool:
        self.records.done["states restored"] += 1
        self.in_order, self._returned = False, True
        self.journal = list(self.records.journals[path.with_suffix("")])
        return super().load_state(path, count)

    def _window_is_there(self, length: int) -> bool:
        """Whether the window holds all positions that token ``length`` sees, each as it was computed."""
        computed = [row for chunk in self.journal for row in chunk.window[: chunk.kept]]
        there = self._window_rows()
        return all(there.get(i) == computed[i] for i in range(max(0, length - self._window + 1), length))

    def _window_rows(self) -> dict[int, bytes]:
        """Keys and values of all window layers by position.

        Their state is a magic number, sequence, streams, cells; for each cell its position and its one sequence;
        whether values are transposed, layers; then for keys of each layer, and for values of each, type, bytes of a
        row, a row for each cell
        (llama-kv-cache.cpp, state_write_meta and state_write_data).
        """
        state = self.window_state()
        count = _STATE_HEADER.unpack_from(state)[3]
        at = _STATE_HEADER.size + count * _STATE_CELL.size
        positions = [position for position, _, _ in _STATE_CELL.iter_unpack(state[_STATE_HEADER.size : at])]
        transposed, layers = _STATE_TENSORS.unpack_from(state, at)
        assert not transposed
        at += _STATE_TENSORS.size
        rows: list[list[bytes]] = []
        for _ in range(2 * layers):
            size = _STATE_ROWS.unpack_from(state, at)[1]
            at += _STATE_ROWS.size
            rows.append([state[at + i * size : at + (i + 1) * size] for i in range(count)])
            at += count * size
        assert at == len(state)
        return {position: b"".join(row) for position, *row in zip(positions, *rows, strict=True)}

    def _keep(self, length: int) -> None:
        kept: list[Chunk] = []
        for chunk in self.journal:
            if length > 0:
                kept.append(replace(chunk, kept=min(chunk.kept, length)))
            length -= chunk.kept
        self.journal = kept


class RecordingEngine(LlamaEngine):
    """The real engine in this process. answers are those since they were last taken."""

    def __init__(self, records: Records) -> None:
        super().__init__()
        self._records = records
        self.answers: list[Answer] = []
        self.interrupt_generate: Interruption | None = None
        self.interrupt_prefill: Interruption | None = None
        self.skip_prefill = False

    def generate(self, request: GenerateRequest) -> Iterator[GenerateEvent]:
        current, context = self._recorded()
        prompt = tuple(current.tokenizer.encode(request.prompt))
        context.begin(self.interrupt_generate)
        self.interrupt_generate = None
        sampled: list[int] = []
        try:
            for event in super().generate(request):
                if isinstance(event, Generated):
                    sampled += [token.id for token in event.tokens]
                yield event
        finally:
            if sampled:
                journal, in_order = tuple(context.journal), context.in_order
                self.answers.append(Answer(prompt, tuple(sampled), journal, in_order, context.whole))

    def prefill(self, request: PrefillRequest) -> Iterator[GenerateEvent]:
        if self.skip_prefill:
            # As if the next message had come before it began.
            yield Finished(FinishReason.STOPPED, Statistics())
            return
        _, context = self._recorded()
        context.begin(self.interrupt_prefill)
        yield from super().prefill(request)

    def compare(self, answer: Answer) -> Comparison:
        """An answer beside that of a fresh context."""
        current, _ = self._recorded()
        flag, threads = new_abort_flag(), C.llama_n_threads(current.context.pointer)
        fresh = llama.Context(current.model, current.plan, threads, flag, self._sink)
        try:
            found = _differences(fresh, answer)
        finally:
            fresh.free()
        exact = not found.any()
        right = answer.whole and (exact if answer.in_order else bool(np.median(found) <= CLOSE))
        return Comparison(right, exact, float(found.max()))

    def load(self, request: LoadRequest) -> Iterator[LoadEvent]:
        # One thread: two would wait for each other wherever another program has one of the cores.
        return super().load(replace(request, plan=replace(request.plan, batch_size=BATCH, threads=1)))

    def _open(self, request: LoadRequest, header: GgufHeader) -> _Loaded | None:
        with patch.object(llama, "Context", RecordingContext):
            loaded = super()._open(request, header)
        if loaded is not None:
            assert isinstance(loaded.context, RecordingContext)
            loaded.context.records, loaded.context.stop = self._records, self.stop
        return loaded

    def _recorded(self) -> tuple[_Loaded, RecordingContext]:
        assert self._current is not None
        assert isinstance(self._current.context, RecordingContext)
        return self._current, self._current.context


def _differences(fresh: llama.Context, answer: Answer) -> Differences:
    """The largest difference of a logit at each token, infinite where the cache held another token."""
    held = [token for chunk in answer.journal for token in chunk.ids[: chunk.kept]]
    whole = [*answer.prompt, *answer.sampled]
    # The last sampled token need not have been decoded.
    if held != whole[: len(held)] or len(held) < len(whole) - 1:
        return np.array([np.inf])
    found, position = [0.0], 0
    for chunk in answer.journal:
        fresh.decode(chunk.ids, position, chunk.logits is not None)
        position += chunk.kept
        if chunk.kept < len(chunk.ids):
            fresh.remove_from(position)
        elif chunk.logits is not None:
            found.append(float(np.abs(_logits(fresh, len(chunk.logits)) - chunk.logits).max()))
    return np.array(found)


def _logits(context: llama.Context, width: int) -> Logits:
    """Those after the last token that was decoded."""
    return np.ctypeslib.as_array(C.llama_get_logits_ith(context.pointer, -1), shape=(width,)).copy()

"""One generation: reuse what the cache holds of the prompt, prefill the rest, sample until the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator

from app.domain.chat import Statistics
from app.domain.stream import Token
from app.engine import llama
from app.engine.base import (
    Finished,
    FinishReason,
    Generated,
    GenerateEvent,
    GenerateRequest,
    PrefillProgress,
    PrefillRequest,
)
from app.engine.cache import PrefixCache
from app.engine.machine import peak_resident_bytes
from app.engine.state_files import SavedState, StateFolder, shared_name
from app.engine.vocabulary import Tokenizer
from app.errors import ContextFullError

# A prefill of so many tokens took so long that its result is kept on disk at once, whatever happens to the answer.
WORTH_SAVING = 512
# Tokens go out together when they come faster than anyone can look.
_FLUSH_SECONDS = 0.02


def answer_reserve(context_size: int) -> int:
    """Positions of a context that a prompt must leave free, because an answer with its thoughts needs them."""
    return max(64, min(1024, context_size // 16))


class Generation:
    """Runs one request on a context: run() to generate, prefill() to compute ahead; once."""

    def __init__(
        self,
        context: llama.Context,
        cache: PrefixCache,
        tokenizer: Tokenizer,
        states: StateFolder | None,
        batch_size: int,
        stopped: Callable[[], bool],
    ) -> None:
        self._context = context
        self._cache = cache
        self._tokenizer = tokenizer
        self._states = states
        self._batch_size = batch_size
        self._stopped = stopped
        self._started = time.monotonic()
        self._prompt: list[int] = []
        self._shared: list[int] = []
        self._reused = 0
        self._generated = 0
        self._prefill_seconds = 0.0
        self._first_token_at: float | None = None
        self._last_token_at = self._started

    def run(self, request: GenerateRequest) -> Iterator[GenerateEvent]:
        """Events up to and with Finished. Raises AppError."""
        self._prepare(request)
        # The last token of a prompt is always computed, for its logits.
        self._reused = self._cache.reuse(self._prompt[:-1], self._saved(request))
        if (yield from self._prefill()):
            if request.state and len(self._prompt) - self._reused >= WORTH_SAVING:
                self._save(request.state)
            reason = yield from self._sample(request)
        else:
            reason = FinishReason.STOPPED
        yield Finished(reason, self._statistics())

    def prefill(self, request: PrefillRequest) -> Iterator[GenerateEvent]:
        """Events up to and with Finished; nothing is sampled. Raises AppError."""
        self._prepare(request)
        if self._cache.is_within_reach(self._prompt):
            # What follows it in the cache may be wanted again, should the user go back to it.
            self._reused = len(self._prompt)
            yield PrefillProgress(self._reused, self._reused, self._reused)
            yield Finished(FinishReason.END, self._statistics())
            return
        self._reused = self._cache.reuse(self._prompt, self._saved(request))
        complete = yield from self._prefill()
        # A state that was restored whole is on the disk already.
        if complete and request.save and request.state and self._reused < len(self._prompt):
            self._save(request.state)
        yield Finished(FinishReason.END if complete else FinishReason.STOPPED, self._statistics())

    def _prepare(self, request: GenerateRequest | PrefillRequest) -> None:
        self._prompt = self._tokenizer.encode(request.prompt)
        shared = self._tokenizer.encode(request.shared)
        self._shared = shared if self._prompt[: len(shared)] == shared else []
        self._check_room()

    def _saved(self, request: GenerateRequest | PrefillRequest) -> list[SavedState]:
        """The states on disk that might help."""
        if self._states is None:
            return []
        names = [request.state] if request.state else []
        names += [shared_name(self._shared)] if self._shared else []
        return [state for name in names if (state := self._states.saved(name)) is not None]

    def _save(self, name: str) -> None:
        if self._states is not None:
            self._states.save(name, lambda path: self._context.save_state(path, self._cache.tokens))

    def _check_room(self) -> None:
        room = self._context.size - answer_reserve(self._context.size)
        if len(self._prompt) > room:
            raise ContextFullError(len(self._prompt), room)

    def _prefill(self) -> Generator[GenerateEvent, None, bool]:
        """Compute the prompt from the reused prefix on. Gives (as the generator's value) whether it got to the end."""
        started, total, position = time.monotonic(), len(self._prompt), self._reused
        yield PrefillProgress(position, total, self._reused)
        while position < total:
            # A chunk ends where a later prompt may have to return to, so that there is a checkpoint.
            end = len(self._shared) if position < len(self._shared) else total
            chunk = self._prompt[position : min(end, position + self._batch_size)]
            if not self._decode(chunk, position + len(chunk) == total):
                self._prefill_seconds = time.monotonic() - started
                return False
            position += len(chunk)
            if position == len(self._shared):
                self._keep_shared()
            self._prefill_seconds = time.monotonic() - started
            left = self._prefill_seconds / (position - self._reused) * (total - position)
            yield PrefillProgress(position, total, self._reused, left)
        self._cache.checkpoint()
        return True

    def _keep_shared(self) -> None:
        """The prefix that others share is complete: remember it here, and on disk for later runs."""
        self._cache.checkpoint()
        name = shared_name(self._shared)
        if self._states is not None and self._states.saved(name) is None:
            self._save(name)

    def _sample(self, request: GenerateRequest) -> Generator[GenerateEvent, None, FinishReason]:
        """Sample and compute tokens one by one. Gives why it ended."""
        seed = request.sampling.seed
        sampler = llama.Sampler(request.sampling, random.getrandbits(32) if seed is None else seed)
        pending: list[Token] = []
        flushed = 0.0
        try:
            while True:
                reason = self._full(request.max_tokens) or self._interrupted()
                if reason is None:
                    token = sampler.sample(self._context)
                    pending.append(self._tokenizer.decode(token))
                    self._count()
                    if token in self._tokenizer.vocabulary.end:
                        reason = FinishReason.END
                now = time.monotonic()
                if pending and (reason is not None or now - flushed >= _FLUSH_SECONDS):
                    yield Generated(tuple(pending))
                    pending, flushed = [], now
                if reason is not None:
                    return reason
                if not self._decode([token], True):
                    # The cache merely does not know the last token; those that wait here were sampled all the same.
                    if pending:
                        yield Generated(tuple(pending))
                    return FinishReason.STOPPED if self._stopped() else FinishReason.LENGTH
        finally:
            sampler.free()

    def _decode(self, ids: list[int], want_logits: bool) -> bool:
        """Whether the tokens are in the cache now; if not, the mirror says what is."""
        if self._stopped():
            return False
        code = self._context.decode(ids, len(self._cache.tokens), want_logits)
        self._cache.extend(ids)
        if code == llama.DECODED:
            return True
        self._cache.trim_to_memory()
        return False

    def _full(self, limit: int | None) -> FinishReason | None:
        full = len(self._cache.tokens) >= self._context.size or (limit is not None and self._generated >= limit)
        return FinishReason.LENGTH if full else None

    def _interrupted(self) -> FinishReason | None:
        return FinishReason.STOPPED if self._stopped() else None

    def _count(self) -> None:
        self._generated += 1
        self._last_token_at = time.monotonic()
        if self._first_token_at is None:
            self._first_token_at = self._last_token_at

    def _statistics(self) -> Statistics:
        first = self._first_token_at
        # The first token belongs to the prefill; the rate is that of those after it.
        spent = self._last_token_at - first if first is not None else 0.0
        return Statistics(
            prompt_tokens=len(self._prompt),
            reused_tokens=self._reused,
            prefill_seconds=self._prefill_seconds,
            first_token_seconds=first - self._started if first is not None else 0.0,
            generated_tokens=self._generated,
            tokens_per_second=(self._generated - 1) / spent if spent > 0 else 0.0,
            engine_peak_rss_bytes=peak_resident_bytes(),
            context_tokens=len(self._cache.tokens),
            context_size=self._context.size,
        )

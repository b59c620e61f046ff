"""One turn of a conversation, on the inference thread: render, sample, parse, run tools, until there is an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from app.domain.chat import Effort, Failure, Message, MessageId, Role, Statistics, Status, ToolCall, ToolResult
from app.domain.dialect import Dialect, PromptOptions, StreamParser
from app.domain.models import ModelInfo
from app.domain.prompt import Prompt
from app.domain.stream import Channel, Delta, Output, StreamMessage, Token
from app.engine.base import (
    Engine,
    Failed,
    Finished,
    FinishReason,
    Generated,
    GenerateRequest,
    Heartbeat,
    Overflow,
    PrefillProgress,
    Sampling,
)
from app.errors import AppError
from app.services.dialects import answer_so_far, dialect_for, recommended_temperature, until_next_message
from app.services.offers import LeaveOut, leave_out
from app.services.tools import Toolbox

# gpt-oss is fond of tools; a turn must come to an end.
MAX_TOOL_CALLS = 8

# A question with fewer words ("And in winter?") leans on the one before.
_FULL_QUESTION = 5

# Reading less than this takes a moment; a turn that goes on does not tell of it.
_SHORT_PROMPT = 64


@dataclass(frozen=True, slots=True)
class Prefilling:
    """Prompt tokens computed so far, of total. answers: what comes next is the answer, not a thought."""

    done: int
    total: int
    seconds_left: float | None
    answers: bool = False


@dataclass(frozen=True, slots=True)
class Writing:
    """Output of the model. Empty when it merely goes on working."""

    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """A tool was run."""

    call: ToolCall
    result: ToolResult


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last event of a turn. overflow tells that the prompt was too long, leave_out what would make it fit."""

    status: Status
    statistics: Statistics | None = None
    failure: Failure | None = None
    model: str = ""
    overflow: Overflow | None = None
    leave_out: LeaveOut | None = None


TurnEvent = Prefilling | Writing | Called | Outcome


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """messages is the branch up to and with the user's message. temperature None is what suits the model.

    max_tokens None lets an answer grow until the context is full. Once the model has thought for thinking_budget
    tokens, it must answer; None lets it think for as long as it likes. resumed is an answer that was broken off and now
    goes on.
    """

    messages: tuple[Message, ...]
    options: PromptOptions
    temperature: float | None = None
    max_tokens: int | None = None
    thinking_budget: int | None = None
    resumed: Message | None = None


class Stop:
    """A request to stop that can't be lost: remembered here, and passed on to the engine at every event."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.requested = False

    def request(self) -> None:
        """May be called from any thread."""
        self.requested = True
        self._engine.stop()

    def enforce(self) -> None:
        """A stop that came just before the engine took up the request did not reach it; this one will."""
        if self.requested:
            self._engine.stop()


class AnswerNow:
    """A request to think no more and to answer: remembered here, and looked for by the turn at every token.

    It never reaches for the engine itself: only the turn knows whether what runs is a thought or the answer already.
    """

    def __init__(self) -> None:
        self.requested = False

    def request(self) -> None:
        """May be called from any thread."""
        self.requested = True


_Continuation = tuple[Prompt, StreamParser]

_CUT_OFF = Failure(
    "The answer was cut off: the context is full.",
    "With your next message you can choose what the model may forget, or give it a larger context.",
)


@dataclass(slots=True)
class _Output:
    """What one generation of the engine gave. cut: how an answer follows, where the thoughts were ended before time."""

    tokens: list[Token] = field(default_factory=list)
    messages: list[StreamMessage] = field(default_factory=list)
    end: Finished | Failed | None = None
    cut: _Continuation | None = None


class Turn:
    """Runs one turn. Everything it finds goes out through emit, and the last of it is an Outcome."""

    def __init__(
        self,
        engine: Engine,
        toolbox: Toolbox,
        request: TurnRequest,
        stop: Stop,
        answer_now: AnswerNow,
        emit: Callable[[TurnEvent], None],
    ) -> None:
        self._engine = engine
        self._toolbox = toolbox
        self._request = request
        self._stop = stop
        self._answer_now = answer_now
        self._emit = emit
        self._statistics: Statistics | None = None
        self._channel: Channel | None = None
        self._thought_tokens = 0
        self._answered = False
        self._forced = False
        self._sampling = Sampling()
        self._shared: Prompt = ()
        self._messages = request.messages

    def run(self, load: Callable[[], ModelInfo | None]) -> None:
        """load makes sure that the model is in memory; None says that this was stopped. Raises nothing."""
        try:
            model = None if self._stop.requested else load()
            if model is None:
                self._emit(Outcome(Status.STOPPED))
                return
            outcome = self._converse(dialect_for(model), model)
            self._emit(replace(outcome, model=model.fingerprint, statistics=self._statistics))
        except AppError as error:
            self._emit(Outcome(Status.FAILED, self._statistics, Failure(error.title, error.remedy)))

    def _converse(self, dialect: Dialect, model: ModelInfo) -> Outcome:
        """Generate until there is an answer: after tool calls again, and once more by force if none came."""
        options = replace(self._request.options, model=model.fingerprint)
        self._sampling = Sampling(recommended_temperature(model))
        if self._request.temperature is not None:
            self._sampling = Sampling(self._request.temperature)
        self._shared = until_next_message(dialect, (), options)
        self._toolbox.fit(model.context_size)
        prompt, parser = self._first(dialect, options)
        calls = 0
        while True:
            output = self._generate(dialect, prompt, parser)
            ended = self._ended_early(output.end)
            if ended is not None:
                return self._with_offer(ended, dialect, options)
            call = _tool_call(output.messages) if output.cut is None else None
            if call is not None and calls < MAX_TOOL_CALLS:
                calls += 1
                result = self._toolbox.run(call)
                self._emit(Called(call, result))
                prompt, parser = self._begin(dialect, prompt + dialect.tool_result(output.tokens, result))
                continue
            continuation = output.cut
            if continuation is None and not (self._answered or self._forced):
                continuation = dialect.force_answer(output.tokens)
            if continuation is None:
                return self._outcome()
            self._forced = True
            prompt, parser = prompt + continuation[0], continuation[1]

    def _first(self, dialect: Dialect, options: PromptOptions) -> _Continuation:
        """What the turn begins with: the question, or the words of an answer that goes on."""
        if self._request.resumed is not None:
            resumed = answer_so_far(dialect, self._messages, self._request.resumed, options)
            if resumed is None:
                raise AppError("This answer can't be continued.", "Ask for it again, or send another message.")
            self._answered = self._forced = True
            return resumed
        self._look_up(dialect)
        return self._begin(dialect, dialect.render(self._messages, options))

    def _look_up(self, dialect: Dialect) -> None:
        """A model that can't call tools, or is to answer at once, is given what documents say to the question."""
        if dialect.calls_tools and self._request.options.effort is not Effort.NONE:
            return
        found = self._toolbox.passages(_question(self._messages), numbered=not dialect.calls_tools)
        if found is not None:
            self._emit(Called(*found))
            self._messages = (*self._messages, _begun_answer(self._messages[-1], found))

    def _with_offer(self, ended: Outcome, dialect: Dialect, options: PromptOptions) -> Outcome:
        """Where the prompt was too long, look for what could be left out of it."""
        if ended.overflow is None:
            return ended
        offer = leave_out(self._engine, dialect, self._messages, options, ended.overflow)
        return replace(ended, leave_out=offer)

    def _begin(self, dialect: Dialect, prompt: Prompt) -> _Continuation:
        """What to generate from, and the parser for it: without thoughts where none are wanted."""
        if self._request.options.effort is Effort.NONE or self._is_to_answer():
            at_once = dialect.answer_at_once(prompt)
            if at_once is not None:
                self._forced = True
                return at_once
        return prompt, dialect.parser()

    def _is_to_answer(self) -> bool:
        """Whether the model has thought for long enough: so the user says, or the budget."""
        budget = self._request.thinking_budget
        return self._answer_now.requested or (budget is not None and self._thought_tokens >= budget)

    def _generate(self, dialect: Dialect, prompt: Prompt, parser: StreamParser) -> _Output:
        """Run the engine once and pass on what it writes."""
        output = _Output()
        state = self._request.messages[-1].conversation_id
        request = GenerateRequest(prompt, self._sampling, self._request.max_tokens, self._shared, state)
        for event in self._engine.generate(request):
            self._stop.enforce()
            match event:
                case PrefillProgress(done, total, _, seconds_left):
                    self._tell_prefill(done, total, seconds_left)
                case Generated(tokens) if not parser.over and output.cut is None:
                    self._write(output, self._parse(dialect, output, parser, tokens))
                case Heartbeat():
                    self._emit(Writing())
                case Finished() | Failed():
                    output.end = event
        self._write(output, self._noted(parser.finish()))
        if isinstance(output.end, Finished):
            was_cut = output.cut is not None and output.end.reason is FinishReason.STOPPED
            if (parser.over or was_cut) and not self._stop.requested:
                output.end = replace(output.end, reason=FinishReason.END)
            self._statistics = _sum(self._statistics, output.end.statistics)
        return output

    def _tell_prefill(self, done: int, total: int, seconds_left: float | None) -> None:
        if done >= total or self._statistics is None or total - done > _SHORT_PROMPT:
            self._emit(Prefilling(done, total, seconds_left, answers=self._forced))

    def _parse(
        self, dialect: Dialect, output: _Output, parser: StreamParser, tokens: Iterable[Token]
    ) -> Iterator[Output]:
        """Feed tokens up to where the model speaks for somebody else or has thought for long enough; stop it there."""
        for token in tokens:
            output.tokens.append(token)
            yield from self._noted(parser.feed(token), token)
            if not (parser.over or self._answered or self._forced) and self._is_to_answer():
                output.cut = dialect.force_answer(output.tokens)
            if parser.over or output.cut is not None:
                self._engine.stop()
                return

    def _noted(self, outputs: Iterable[Output], token: Token | None = None) -> Iterator[Output]:
        """Pass outputs on, and keep account of what is being written."""
        for item in outputs:
            self._channel = item.channel if isinstance(item, Delta) else None
            if item.channel is Channel.ANSWER and item.text.strip():
                self._answered = True
            yield item
        # A part of a character is no output yet, but a token of the same thought.
        if self._channel is Channel.REASONING and token is not None and token.special is None:
            self._thought_tokens += 1

    def _write(self, output: _Output, found: Iterable[Output]) -> None:
        outputs = tuple(found)
        if not outputs:
            return
        output.messages += [item for item in outputs if isinstance(item, StreamMessage)]
        self._emit(Writing(outputs))

    def _outcome(self) -> Outcome:
        if self._answered:
            return Outcome(Status.COMPLETE)
        return Outcome(
            Status.FAILED,
            failure=Failure("The model gave no answer.", "Send the message again, or choose another effort."),
        )

    def _ended_early(self, end: Finished | Failed | None) -> Outcome | None:
        """The outcome where there is nothing to go on with."""
        match end:
            case Failed(title, remedy, kind=kind, overflow=overflow):
                return Outcome(Status.FAILED, failure=Failure(title, remedy, kind), overflow=overflow)
            case Finished(FinishReason.STOPPED):
                return Outcome(Status.STOPPED)
            case Finished(FinishReason.LENGTH, statistics):
                if statistics.context_tokens < statistics.context_size:
                    # As many tokens as were asked for; that is what the user wanted.
                    return Outcome(Status.STOPPED)
                return Outcome(Status.STOPPED, failure=_CUT_OFF)
            case Finished():
                return None
            case None:
                return Outcome(Status.FAILED, failure=Failure("The engine gave no sign of an end.", "Send it again."))


def _question(messages: Sequence[Message]) -> str:
    """What the user asks; a question of a few words means little without the one before it."""
    questions = [message.text for message in messages if message.role is Role.USER]
    last = questions[-1]
    return last if len(last.split()) >= _FULL_QUESTION else " ".join(questions[-2:])


def _begun_answer(question: Message, parts: tuple[ToolCall, ToolResult]) -> Message:
    return Message(
        MessageId(""),
        question.conversation_id,
        question.id,
        Role.ASSISTANT,
        parts,
        question.created_at,
        Status.STREAMING,
    )


def _tool_call(messages: Sequence[StreamMessage]) -> ToolCall | None:
    """The call that the output ended with."""
    if not messages or messages[-1].channel is not Channel.TOOL_CALL:
        return None
    last = messages[-1]
    return ToolCall(last.recipient or "", last.text, last.name or "commentary", last.content_type, last.token_ids)


def _sum(before: Statistics | None, now: Statistics) -> Statistics:
    """The cost of a turn that took several generations: reuse as in the first one, times and tokens together."""
    if before is None:
        return now
    generated = before.generated_tokens + now.generated_tokens
    seconds = sum(s.generated_tokens / s.tokens_per_second for s in (before, now) if s.tokens_per_second > 0)
    return replace(
        now,
        prompt_tokens=before.prompt_tokens,
        reused_tokens=before.reused_tokens,
        prefill_seconds=before.prefill_seconds + now.prefill_seconds,
        first_token_seconds=before.first_token_seconds,
        generated_tokens=generated,
        tokens_per_second=generated / seconds if seconds > 0 else 0.0,
    )

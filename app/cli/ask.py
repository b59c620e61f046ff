"""``inglenook ask``: one turn, streamed to the terminal or as JSON lines."""

from __future__ import annotations

import argparse
import json
import queue
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from app.cli.bringing import bring
from app.cli.places import citation_fields, place_of
from app.core import Core
from app.domain.chat import Citation, Effort, Message, Statistics, Status
from app.errors import AppError, EngineError
from app.paths import Paths
from app.services.document_events import AttachmentChanged
from app.services.events import (
    AnswerGrew,
    ChoiceOffered,
    Event,
    Phase,
    ReasoningGrew,
    StorageFailed,
    ToolUsed,
    TurnEnded,
    TurnProgress,
)
from app.services.evidence import drawn_from, evidence, in_words, tool_step
from app.services.offers import LeaveOut, Offer, UseContext


def add_ask_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``ask`` to the commands of the command line. common holds what all commands take."""
    command = commands.add_parser("ask", parents=[common], help="ask a question and stream the answer")
    command.add_argument("question", metavar="QUESTION")
    command.add_argument("--model", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="a GGUF file")
    command.add_argument("--conversation", metavar="ID", help="go on in this conversation")
    command.add_argument(
        "--attach", type=Path, metavar="FILE", nargs="+", default=[], action="extend", help="send files along"
    )
    command.add_argument("--library", metavar="NAME", help="let the model search this library of documents")
    command.add_argument("--effort", choices=[effort.value for effort in Effort], help="how long to think")
    command.add_argument("--temperature", type=float, metavar="T", help="0 always takes the likeliest token")
    command.add_argument("--max-tokens", type=int, metavar="N", help="stop the answer after so many tokens")
    command.add_argument("--thinking-budget", type=int, metavar="N", help="answer after so many tokens of thought")
    command.add_argument("--context", type=int, metavar="TOKENS", help="size of the context")
    command.add_argument(
        "--when-full",
        choices=["stop", "leave-out", "larger"],
        default="stop",
        help="where the conversation no longer fits: leave out its oldest messages, or use a larger context",
    )
    command.add_argument("--show-reasoning", action="store_true", help="print the model's thoughts too")
    command.add_argument("--json", action="store_true", help="print one JSON object a line")


def ask(paths: Paths, options: argparse.Namespace) -> int:
    """Run one turn. Raises AppError for what went wrong."""
    tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    core = Core(paths, tasks.put)
    printer = _JsonPrinter() if options.json else _TextPrinter(options.show_reasoning)
    try:
        core.override_settings(
            temperature=options.temperature, context_size=options.context, thinking_budget=options.thinking_budget
        )
        if options.model is not None:
            core.models.use(options.model)
        conversation = core.chat.find(options.conversation) if options.conversation else None
        turn = _TurnWatch()
        core.chat.subscribe(printer.show)
        core.chat.subscribe(turn.hear)
        effort = Effort(options.effort) if options.effort else None
        brings = bool(options.attach) or options.library is not None
        attached = bring(core, tasks, options.attach, options.library).give_to if brings else None
        core.chat.send(conversation, options.question, effort, options.max_tokens, attached=attached)
        _stop_on_interrupt(tasks, core)
        answer = turn.wait(tasks)
        offer = turn.offer(options.when_full)
        if offer is not None:
            core.chat.accept(answer.id, offer, options.max_tokens)
            answer = turn.wait(tasks)
        return _result(answer, limited=options.max_tokens is not None)
    except AppError as error:
        printer.fail(error)
        raise
    finally:
        core.close()


class _TurnWatch:
    """Hears how a turn ends, and what would make it possible if it was not."""

    def __init__(self) -> None:
        self._ended: list[Message] = []
        self._offers: tuple[Offer, ...] = ()

    def hear(self, event: Event) -> None:
        match event:
            case TurnEnded(message):
                self._ended.append(message)
            case ChoiceOffered(_, offers):
                self._offers = offers

    def wait(self, tasks: queue.SimpleQueue[Callable[[], None]]) -> Message:
        """Run what is posted until the turn ends; gives the answer."""
        self._ended.clear()
        self._offers = ()
        while not self._ended:
            tasks.get()()
        return self._ended[-1]

    def offer(self, wish: str) -> Offer | None:
        """What was offered of this kind; see --when-full."""
        kinds = {"leave-out": LeaveOut, "larger": UseContext}
        return next((offer for offer in self._offers if wish in kinds and isinstance(offer, kinds[wish])), None)


def _stop_on_interrupt(tasks: queue.SimpleQueue[Callable[[], None]], core: Core) -> None:
    """Ctrl+C stops the answer, between two events and not in the middle of one; a second one ends the program."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        tasks.put(core.chat.stop)

    signal.signal(signal.SIGINT, stop)


def _result(answer: Message, limited: bool) -> int:
    if answer.status is Status.STOPPED and answer.failure is None:
        return 0 if limited else 130
    if answer.failure is not None:
        raise EngineError(answer.failure.title, answer.failure.remedy)
    return 0


class _TextPrinter:
    """The answer on standard output; what goes on meanwhile, where someone watches, on standard error."""

    def __init__(self, show_reasoning: bool) -> None:
        self._show_reasoning = show_reasoning
        self._watched = sys.stderr.isatty()
        self._line_open = False

    def show(self, event: Event) -> None:
        match event:
            case TurnProgress(phase=Phase.LOADING | Phase.PREFILL as phase, fraction=fraction) if self._watched:
                doing = "Loading the model" if phase is Phase.LOADING else "Reading"
                print(f"\r{doing}: {fraction or 0:4.0%}\033[K", end="", file=sys.stderr, flush=True)
            case TurnProgress() if self._watched:
                print("\r\033[K", end="", file=sys.stderr, flush=True)
            case ReasoningGrew(text=text, starts=starts) if self._show_reasoning:
                self._write(text, "\n[thinking] " if starts else "")
            case AnswerGrew(text=text, starts=starts):
                self._write(text, "\n" if starts and self._line_open else "")
            case ToolUsed(call=call, result=result) if self._show_reasoning:
                self._write(f"\n[{call.name}] {call.arguments}\n[result] {result.output}\n", "")
            case ToolUsed(call=call, result=result) if self._watched:
                print(f"\r{in_words(tool_step(call, result))}\033[K", file=sys.stderr, flush=True)
            case TurnEnded(message) if self._line_open:
                self._write("\n", "")
                self._show_sources(message)
            case StorageFailed(failure):
                print(f"inglenook: {failure.title} {failure.remedy}", file=sys.stderr)

    def fail(self, error: AppError) -> None:
        """Nothing to add: the error itself goes to standard error."""

    def _show_sources(self, message: Message) -> None:
        """Where the marks in the answer lead, and what it was drawn from."""
        lines = [f"{part.mark} {place_of(part)}" for part in message.parts if isinstance(part, Citation)]
        rests_on = evidence(message.parts)
        if rests_on is not None:
            lines.append(drawn_from(rests_on))
        if lines:
            self._write("\n" + "".join(f"{line}\n" for line in lines), "")

    def _write(self, text: str, before: str) -> None:
        sys.stdout.write(before.lstrip("\n") if not self._line_open else before)
        sys.stdout.write(text)
        sys.stdout.flush()
        self._line_open = True


class _JsonPrinter:
    """One object a line for each event."""

    def show(self, event: Event) -> None:
        match event:
            case TurnProgress():
                self._progress(event)
            case ReasoningGrew(text=text):
                self._print("reasoning", text=text)
            case AnswerGrew(text=text, preamble=preamble):
                self._print("answer", text=text, **({"preamble": True} if preamble else {}))
            case ToolUsed(call=call, result=result):
                self._print("tool_call", name=call.name, text=call.arguments)
                summary = in_words(tool_step(call, result))
                self._print("tool_result", name=result.name, text=result.output, summary=summary)
            case AttachmentChanged(file):
                self._print("attachment", file=file.name, status=file.status.value, reason=file.reason)
            case TurnEnded(message) if message.failure is None:
                self._done(message)
            case ChoiceOffered(_, offers):
                self._print("choice", offers=[{"kind": type(offer).__name__, **asdict(offer)} for offer in offers])
            case StorageFailed(failure):
                self._print("error", title=failure.title, remedy=failure.remedy)

    def fail(self, error: AppError) -> None:
        self._print("error", title=error.title, remedy=error.remedy, text=str(error))

    def _progress(self, event: TurnProgress) -> None:
        if event.phase is Phase.LOADING:
            self._print("loading", fraction=event.fraction, seconds_left=event.seconds_left)
        elif event.phase is Phase.PREFILL and event.total_tokens:
            done, total = event.done_tokens, event.total_tokens
            self._print("prefill", done=done, total=total, seconds_left=event.seconds_left)

    def _done(self, message: Message) -> None:
        for part in message.parts:
            if isinstance(part, Citation):
                self._print("citation", **citation_fields(part))
        rests_on = evidence(message.parts)
        self._print(
            "done",
            conversation=message.conversation_id,
            message=message.id,
            status=message.status.value,
            stats=asdict(message.statistics or Statistics()),
            evidence=asdict(rests_on) if rests_on is not None else None,
        )

    def _print(self, event: str, **fields: Any) -> None:
        print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)

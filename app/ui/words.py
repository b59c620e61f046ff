"""What the window says about time, speed and progress, worded once for every place that says it."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

from app.domain import sizes
from app.domain.chat import Message, Statistics, Status
from app.services.events import ModelPhase, ModelState, Phase, TurnProgress
from app.services.offers import LeaveOut, UseContext

STEP_LIMIT = 160
KILO = 1024


def tr(text: str) -> str:
    """The text in the user's language."""
    return QCoreApplication.translate("Words", text)


def number(value: int) -> str:
    return QLocale().toString(value)


def decimal(value: float) -> str:
    return QLocale().toString(value, "f", 1)


def duration(seconds: float) -> str:
    """A length of time as a person says it: 12 s, 1 min 20 s, 2 h 5 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return tr("{seconds} s").format(seconds=whole)
    if whole < 3600:
        return tr("{minutes} min {seconds} s").format(minutes=whole // 60, seconds=whole % 60)
    return tr("{hours} h {minutes} min").format(hours=whole // 3600, minutes=whole % 3600 // 60)


def time_left(seconds: float | None) -> str:
    """ ", 8 s left", or nothing when nobody knows."""
    return "" if seconds is None else tr(", {duration} left").format(duration=duration(seconds))


def file_size(size: int) -> str:
    """A size as file managers say it: 3 kB, 98 MB, 11.7 GB."""
    if size < sizes.FILE_MB:
        return tr("{size} kB").format(size=math.ceil(size / sizes.FILE_KB))
    if size < sizes.FILE_GB:
        return tr("{size} MB").format(size=round(size / sizes.FILE_MB))
    return tr("{size} GB").format(size=decimal(size / sizes.FILE_GB))


def memory(size: int) -> str:
    """Memory that is taken, in the unit in which memory is sold, rounded up: 402 MB, 11.6 GB."""
    if size < sizes.MEMORY_GB:
        return tr("{size} MB").format(size=math.ceil(size / sizes.MEMORY_MB))
    return tr("{size} GB").format(size=decimal(math.ceil(size / sizes.MEMORY_GB * 10) / 10))


def loading(fraction: float | None, seconds_left: float | None) -> str:
    if seconds_left is None and fraction is not None:
        return tr("Loading the model, {percent} %").format(percent=round(fraction * 100))
    return tr("Loading the model") + time_left(seconds_left)


def reading(progress: TurnProgress) -> str:
    if not progress.total_tokens:
        return tr("Reading your message") + time_left(progress.seconds_left)
    done = tr("Reading your message: {done} of {total} tokens").format(
        done=number(progress.done_tokens), total=number(progress.total_tokens)
    )
    return done + time_left(progress.seconds_left)


def thinking(seconds: float) -> str:
    return tr("Thinking, {duration}").format(duration=duration(seconds))


def answering(tokens_per_second: float | None) -> str:
    if not tokens_per_second:
        return tr("Answering")
    return tr("Answering · {speed} tokens/s").format(speed=decimal(tokens_per_second))


def waiting(progress: TurnProgress) -> str:
    """What a turn does before the first word comes."""
    if progress.phase is Phase.LOADING:
        return loading(progress.fraction, progress.seconds_left)
    return reading(progress)


def model_status(state: ModelState) -> str:
    """What the status line says when no turn runs."""
    match state.phase:
        case ModelPhase.NONE:
            return tr("No model chosen yet")
        case ModelPhase.UNLOADED if state.failure is not None:
            return f"{state.failure.title} {state.failure.remedy}".strip()
        case ModelPhase.UNLOADED:
            return tr("Ready · the model loads with your first message")
        case ModelPhase.LOADING:
            return loading(state.fraction, state.seconds_left)
        case ModelPhase.FAILED:
            return state.failure.title if state.failure else tr("The model could not be loaded")
        case ModelPhase.READY:
            return tr("Ready")


def model_label(state: ModelState) -> str:
    """The model's name and how it stands, for the header: "gpt-oss-20b · ready"."""
    if state.phase is ModelPhase.NONE:
        return tr("No model")
    if state.phase is ModelPhase.LOADING:
        percent = "" if state.fraction is None else tr(" {percent} %").format(percent=round(state.fraction * 100))
        how = tr("loading") + percent + time_left(state.seconds_left)
    else:
        how = {
            ModelPhase.UNLOADED: tr("not loaded"),
            ModelPhase.READY: tr("ready"),
            ModelPhase.FAILED: tr("failed"),
        }[state.phase]
    return f"{model_name(state)} · {how}"


def model_name(state: ModelState) -> str:
    if state.file is not None:
        return state.file.name
    return state.info.name if state.info is not None else tr("Model")


def thousands(tokens: int) -> str:
    """A number of tokens in a few characters: 640, 5.1k, 16k."""
    if tokens < 1000:
        return str(tokens)
    if tokens % KILO == 0 or tokens >= 10 * KILO:
        return tr("{thousands}k").format(thousands=round(tokens / KILO))
    return tr("{thousands}k").format(thousands=decimal(tokens / KILO))


def context(used: int, size: int) -> str:
    return tr("{used} of {size}").format(used=thousands(used), size=thousands(size))


def speed(statistics: Statistics) -> str:
    """The pale line under an answer: "9.8 tokens/s · 212 tokens"."""
    tokens = tr("{tokens} tokens").format(tokens=number(statistics.generated_tokens))
    if not statistics.tokens_per_second:
        return tokens
    return tr("{speed} tokens/s").format(speed=decimal(statistics.tokens_per_second)) + " · " + tokens


def cost(statistics: Statistics) -> str:
    """More about what an answer took, for a tooltip."""
    text = tr("{prompt} tokens read, {reused} of them known from before, in {seconds} s. First word after {first}.")
    return text.format(
        prompt=number(statistics.prompt_tokens),
        reused=number(statistics.reused_tokens),
        seconds=decimal(statistics.prefill_seconds),
        first=duration(statistics.first_token_seconds),
    )


def ending(message: Message) -> str:
    """How an answer ended, when it did not end well."""
    match message.status:
        case Status.STOPPED:
            return tr("Stopped")
        case Status.INTERRUPTED:
            return tr("Interrupted: the answer was cut off when the app closed")
        case _:
            return ""


def leave_out(offer: LeaveOut) -> str:
    return tr("Leave out the {count} oldest messages").format(count=number(offer.messages))


def leave_out_more(offer: LeaveOut) -> str:
    return tr(
        "They stay in the conversation, but the model no longer sees them. It reads {tokens} tokens anew."
    ).format(tokens=number(offer.tokens))


def use_context(offer: UseContext) -> str:
    """A choice with its price: "Use a context of 32k tokens · 0.4 GB more memory"."""
    size = memory(abs(offer.bytes))
    price = tr("{size} more memory") if offer.bytes >= 0 else tr("{size} less memory")
    what = tr("Use a context of {tokens} tokens").format(tokens=thousands(offer.context_size))
    return what + " · " + price.format(size=size) + (tr(", a tight fit") if offer.tight else "")


def use_context_more() -> str:
    return tr("The model is loaded anew, and keeps this context for all conversations.")


def try_again() -> str:
    return tr("Try again")


def one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= STEP_LIMIT else line[: STEP_LIMIT - 1].rstrip() + "…"


def untitled() -> str:
    return tr("Untitled")


def local(moment: datetime) -> datetime:
    """The moment on the clock of this computer."""
    return moment.astimezone()


def pinned() -> str:
    return tr("Pinned")


def section(day: date, today: date) -> str:
    """The heading under which a conversation of that day stands."""
    if day >= today:
        return tr("Today")
    return tr("Yesterday") if day == today - timedelta(days=1) else tr("Earlier")


def when(moment: datetime, today: date) -> str:
    """A moment as short as it can be and still be understood: 14:02, Sunday, 12 November, 3 May 2024."""
    there = local(moment)
    locale = QLocale()
    age = (today - there.date()).days
    if age <= 1:
        return locale.toString(QTime(there.hour, there.minute), QLocale.FormatType.ShortFormat)
    if age < 7:
        return locale.standaloneDayName(there.isoweekday(), QLocale.FormatType.LongFormat)
    return locale.toString(
        QDate(there.year, there.month, there.day), "d MMMM" if there.year == today.year else "d MMMM yyyy"
    )

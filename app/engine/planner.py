"""How a model is to be loaded on a machine, what that takes, and in words why. Nothing is loaded to find out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.models import ContextPrice, Fit
from app.domain.sizes import memory_needed, memory_there
from app.engine.base import EnginePlan
from app.engine.estimate import WEIGHTS, Items, estimate, total_of
from app.engine.gguf_header import GgufHeader
from app.engine.machine import Machine
from app.errors import ModelFileError

DEFAULT_CONTEXT = 16384
# Contexts to step down to, in tokens. The first ones are taken to leave the reserve free. The others are too small for
# long chats: they are taken where memory lacks, else offered.
_STEPS = (16384, 8192)
_SMALL_STEPS = (4096, 2048)
_USUAL = (2048, 4096, 8192, 16384, 32768, 65536, 131072)
# What a person is asked to choose from: less than the first is too small for a chat.
_OFFERED = _USUAL[1:]
UNPRICED = tuple(ContextPrice(context) for context in _OFFERED)
"""The contexts to choose from where no model says what they cost."""

_GIB = 1 << 30
# Stays free for the window, the system's caches and what else is opened.
_RESERVE = _GIB
# A repacked copy of the weights computes 14 to 20 % faster (facts/engine.md 0.6) and can't be evicted: only for
# computers that have it to spare.
_REPACK_FROM = 24 * _GIB
_REPACK_SPARE = 3 * _GIB


class Verdict(StrEnum):
    """tight: it runs, and parts of the weights may have to be read from the disk again and again."""

    FITS = "fits"
    TIGHT = "tight"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """A plan for the engine with its price.

    items and total are bytes of the engine process once the context is full. sentence is the verdict in words;
    smaller_context (tokens) would fit with room to spare where this plan does not.
    """

    plan: EnginePlan
    items: Items
    total: int
    verdict: Verdict
    sentence: str
    reasons: tuple[str, ...]
    smaller_context: int | None = None

    def usable(self) -> EnginePlan:
        """The plan for the engine. Raises ModelFileError if the model can't run on this machine."""
        if self.verdict is Verdict.REFUSED:
            raise ModelFileError(self.sentence, "Choose a smaller model, or the same one with fewer bits per weight.")
        return self.plan


def plan_for(header: GgufHeader, wanted_context: int, machine: Machine) -> MemoryPlan:
    """The largest context up to the wanted one (tokens) that leaves a reserve, or the best there is without."""
    trained = header.number("context_length")
    wanted = min(wanted_context, trained) if trained else wanted_context
    context = _comfortable(header, wanted, machine)
    verdict = Verdict.FITS
    if context is None:
        context = _crowded(header, wanted, machine)
        verdict = Verdict.TIGHT
    plan = _engine_plan(header, context, machine)
    items = estimate(header, plan)
    if total_of(items) > machine.total_memory:
        return _refused(header, plan, items, machine)
    return MemoryPlan(
        plan=plan,
        items=items,
        total=total_of(items),
        verdict=verdict,
        sentence=_sentence(header.name, verdict, total_of(items), machine),
        reasons=(
            *_on_the_context(context, wanted, wanted_context, header),
            _on_the_weights(header, plan, machine),
            _on_the_processor(plan, machine),
        ),
        smaller_context=_smaller(header, context, machine) if verdict is Verdict.TIGHT else None,
    )


def larger_context(header: GgufHeader, loaded: MemoryPlan, tokens: int, machine: Machine) -> MemoryPlan | None:
    """The plan with the smallest usual context in which so many tokens leave a quarter free, if it fits.

    loaded is the plan of the model that is in memory now and would make room.
    """
    freed = _with_memory_of(loaded, machine)
    for context in _USUAL:
        if context > loaded.plan.context_size and context * 3 // 4 >= tokens:
            plan = plan_for(header, context, freed)
            return plan if plan.plan.context_size == context and plan.verdict is not Verdict.REFUSED else None
    return None


def smaller_context(header: GgufHeader, context: int) -> MemoryPlan | None:
    """The plan with the next smaller usual context, whatever is free at the moment: memory ran out with this one."""
    smaller = next((step for step in reversed(_USUAL) if step < context), None)
    if smaller is None:
        return None
    plan = EnginePlan(context_size=smaller)
    items = estimate(header, plan)
    return MemoryPlan(plan, items, total_of(items), Verdict.FITS, "", ())


def context_prices(header: GgufHeader, loaded: MemoryPlan | None, machine: Machine) -> tuple[ContextPrice, ...]:
    """What each context costs that can be chosen, up to the one that the model was trained for.

    loaded is the plan of the model that is in memory now and would make room.
    """
    free = _with_memory_of(loaded, machine) if loaded is not None else machine
    most = min(header.number("context_length") or _OFFERED[-1], _OFFERED[-1])
    contexts = [*(context for context in _OFFERED if context < most), most]
    return tuple(ContextPrice(context, _total(header, context), _fit(header, context, free)) for context in contexts)


def _fit(header: GgufHeader, context: int, machine: Machine) -> Fit:
    plan = plan_for(header, context, machine)
    if plan.verdict is Verdict.REFUSED or plan.plan.context_size < context:
        return Fit.TOO_LARGE
    return Fit.TIGHT if plan.verdict is Verdict.TIGHT else Fit.FITS


def _with_memory_of(loaded: MemoryPlan, machine: Machine) -> Machine:
    """The machine once that model is unloaded. Mapped weights are counted as available while they are in memory."""
    held = sum(size for name, size in loaded.items if loaded.plan.repack or name != WEIGHTS)
    available = min(machine.total_memory, machine.available_memory + held)
    return replace(machine, available_memory=available)


def _total(header: GgufHeader, context: int) -> int:
    return total_of(estimate(header, EnginePlan(context_size=context)))


def _steps(wanted: int, steps: tuple[int, ...]) -> Iterator[int]:
    yield wanted
    yield from (step for step in steps if step < wanted)


def _first_within(header: GgufHeader, contexts: Iterable[int], room: int) -> int | None:
    return next((context for context in contexts if _total(header, context) <= room), None)


def _comfortable(header: GgufHeader, wanted: int, machine: Machine) -> int | None:
    """The largest context that leaves the reserve."""
    return _first_within(header, _steps(wanted, _STEPS), machine.available_memory - _RESERVE)


def _crowded(header: GgufHeader, wanted: int, machine: Machine) -> int:
    """The largest context that at least fits, else one that is worth having: weights can be read again from the disk.

    Where the computer has not even the memory for that, its smallest.
    """
    usual = min(wanted, _STEPS[-1])
    steps = list(_steps(usual, _SMALL_STEPS))
    if _total(header, usual) > machine.total_memory:
        return _first_within(header, steps, machine.total_memory) or steps[-1]
    return _first_within(header, steps, machine.available_memory) or usual


def _smaller(header: GgufHeader, context: int, machine: Machine) -> int | None:
    smaller = (step for step in _SMALL_STEPS if step < context)
    return _first_within(header, smaller, machine.available_memory - _RESERVE)


def _engine_plan(header: GgufHeader, context: int, machine: Machine) -> EnginePlan:
    """gpt-oss only: for other weights the gain of repacking was not measured."""
    spare = machine.available_memory - _total(header, context)
    repack = header.architecture == "gpt-oss" and machine.total_memory >= _REPACK_FROM and spare > _REPACK_SPARE
    # Memory of other graphics processors can't be known without starting them; Apple's is the computer's own.
    gpu_layers = -1 if "metal" in machine.gpus else 0
    repack = repack and not gpu_layers
    return EnginePlan(context_size=context, repack=repack, memory_map=not repack, gpu_layers=gpu_layers)


def _refused(header: GgufHeader, plan: EnginePlan, items: Items, machine: Machine) -> MemoryPlan:
    needs, has = memory_needed(total_of(items)), memory_there(machine.total_memory)
    return MemoryPlan(
        plan=plan,
        items=items,
        total=total_of(items),
        verdict=Verdict.REFUSED,
        sentence=f"{header.name} needs {needs} of memory, and this computer has {has}.",
        reasons=(f"That is with a context of no more than {plan.context_size:,} tokens.",),
    )


def _sentence(name: str, verdict: Verdict, total: int, machine: Machine) -> str:
    needs, available = memory_needed(total), memory_there(machine.available_memory)
    if verdict is Verdict.FITS:
        return f"{name} needs {needs} of memory, and {available} are available."
    lacking = f"{name} needs {needs} of memory, and only {available} are available"
    if total <= machine.available_memory:
        return f"{lacking}: a tight fit. Other programs may push parts of it out, to be read from the disk again."
    return f"{lacking}: it will lean on the disk and be slow. Close other programs first."


def _on_the_context(context: int, wanted: int, asked: int, header: GgufHeader) -> Iterator[str]:
    """Why the context is what it is."""
    if wanted < asked:
        yield f"The model was trained for a context of {wanted:,} tokens."
    if context < wanted:
        takes = memory_needed(_total(header, wanted))
        yield f"The context is {context:,} tokens instead of {wanted:,}, with which it would take {takes}."


def _on_the_weights(header: GgufHeader, plan: EnginePlan, machine: Machine) -> str:
    if plan.repack:
        return "The weights are copied into memory in the order that computes fastest: there is memory to spare."
    if machine.total_memory < _REPACK_FROM:
        why = "this computer has less than 24 GB"
    elif header.architecture != "gpt-oss":
        why = "that is known to help with gpt-oss only"
    else:
        why = "that takes more than 3 GB to spare"
    return f"The weights stay in the file, which is mapped, and are not copied into a faster order: {why}."


def _on_the_processor(plan: EnginePlan, machine: Machine) -> str:
    if plan.gpu_layers:
        return "All layers are computed by the graphics processor, which shares the computer's memory."
    if machine.gpus:
        return f"The graphics backends of this build ({', '.join(machine.gpus)}) are not used: the processor computes."
    return "The processor computes: this build has no graphics backend."

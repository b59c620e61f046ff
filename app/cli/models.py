"""``inglenook models``: what a model takes without loading it; and the models that are here or can be fetched."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from app.cli.model_files import add_file_actions, model_files
from app.domain.sizes import MEMORY_GB, MEMORY_MB
from app.engine.gguf_parts import read_model
from app.engine.machine import MOST_THREADS, Machine
from app.engine.planner import MemoryPlan, Verdict, plan_for
from app.paths import Paths
from app.settings import load_settings


def add_models_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``models`` to the commands of the command line. common holds what all commands take."""
    models = commands.add_parser("models", help="fetch models, look after them, say what one takes")
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)
    plan = actions.add_parser("plan", parents=[common], help="estimate the memory of a model, without loading it")
    plan.add_argument("file", type=Path, metavar="FILE", help="a GGUF file")
    plan.add_argument("--memory", type=_memory, metavar="GB", help="plan for a computer with so much memory")
    plan.add_argument("--context", type=_tokens, metavar="TOKENS", help="size of the context")
    plan.add_argument("--json", action="store_true")
    add_file_actions(actions, common)


def models(paths: Paths, options: argparse.Namespace) -> int:
    """Run one of the actions. Raises AppError."""
    return _plan(paths, options) if options.action == "plan" else model_files(paths, options)


def _plan(paths: Paths, options: argparse.Namespace) -> int:
    """Print the plan. Exit code 1 if the model can't run there."""
    header = read_model(options.file.expanduser().absolute())
    machine = Machine.this() if options.memory is None else Machine.with_memory(options.memory)
    wanted = options.context or load_settings(paths.settings)[0].context_size
    plan = plan_for(header, wanted, machine)
    if options.json:
        print(json.dumps(_as_json(header.name, plan, machine), ensure_ascii=False, indent=1))
    else:
        print("\n".join(_as_text(plan)))
    return 1 if plan.verdict is Verdict.REFUSED else 0


def _memory(text: str) -> int:
    """Bytes of a number of GB."""
    value = _number(text)
    if not 0 < value <= 1 << 20:
        raise argparse.ArgumentTypeError(f"{text} is no amount of memory in GB")
    return int(value * MEMORY_GB)


def _tokens(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1 << 24:
        raise argparse.ArgumentTypeError(f"{text} is no number of tokens")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _as_text(plan: MemoryPlan) -> list[str]:
    """The items as a table, then everything that is in words."""
    rows = [(_label(name, plan), size) for name, size in plan.items]
    lines = [f"{name:28} {size / MEMORY_MB:9,.0f} MB" for name, size in rows]
    lines += [f"{'total':28} {math.ceil(plan.total / MEMORY_MB):9,} MB", "", plan.sentence, *plan.reasons]
    lines.append(f"Prompts are read in batches of {plan.plan.batch_size} tokens.")
    if plan.smaller_context is not None:
        lines.append(f"A context of {plan.smaller_context:,} tokens would leave some memory free.")
    return lines


def _label(name: str, plan: MemoryPlan) -> str:
    return f"{name}, {plan.plan.context_size:,} tokens" if name == "KV cache" else name


def _as_json(name: str, plan: MemoryPlan, machine: Machine) -> dict[str, Any]:
    return {
        "model": name,
        "verdict": plan.verdict.value,
        "sentence": plan.sentence,
        "reasons": list(plan.reasons),
        "items": [{"name": item, "bytes": size} for item, size in plan.items],
        "total_bytes": plan.total,
        "context_size": plan.plan.context_size,
        "smaller_context": plan.smaller_context,
        "batch_size": plan.plan.batch_size,
        "threads": plan.plan.threads or min(machine.cores, MOST_THREADS),
        "gpu_layers": plan.plan.gpu_layers,
        "memory_map": plan.plan.memory_map,
        "repack": plan.plan.repack,
        "machine": {
            "total_bytes": machine.total_memory,
            "available_bytes": machine.available_memory,
            "cores": machine.cores,
            "gpu_backends": list(machine.gpus),
        },
    }

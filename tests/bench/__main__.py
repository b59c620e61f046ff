"""`make bench`: measures and prints. Exits 1 where a figure that is promised is not met."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs

from app.engine.machine import total_memory
from tests.bench import (
    answers,
    download,
    frozen,
    indexing,
    large_index,
    long_conversation,
    many,
    memory_plan,
    minilm,
    retrieval,
    speed,
    start_up,
    this_machine,
)
from tests.bench.report import Row, as_json, print_table
from tests.bench.synthetic import GIB, Shape, has_room, write_synthetic
from tests.models import trial_model

_ROUNDS, _QUICK_ROUNDS = 3, 1
_TOKENS, _QUICK_TOKENS = 4000, 700
_FROZEN_ROUNDS = 3
_ANSWERS, _QUICK_ANSWERS = 200, 20
_QUICK_CONTEXTS = (16384,)
# The model, and what else runs beside it.
_MEMORY = 14 * GIB

Part = Callable[[], Sequence[Row]]


def main() -> int:
    options = _options()
    print(this_machine.in_words())
    parts: list[Part] = [
        start_up.rows,
        many.rows,
        download.rows,
        lambda: answers.rows(_QUICK_ANSWERS if options.quick else _ANSWERS),
        indexing.rows,
        lambda: retrieval.rows(options.cranfield, large_index.default_path(), options.embedding),
    ]
    model = None if options.no_synthetic else _model(options.synthetic)
    parts.append(lambda: frozen.rows(options.frozen, model or trial_model(), _FROZEN_ROUNDS))
    if model is not None:
        parts += _full_size(model, options.quick)
    rows: list[Row] = []
    for part in parts:
        found = part()
        print_table(found)
        rows += found
        if options.json:
            options.json.write_text(as_json(rows), encoding="utf-8")
    return 1 if any(row.met is False for row in rows) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--synthetic", type=Path, help="a model of gpt-oss-20b's size, real or not; else one is made")
    collection = os.environ.get("CRANFIELD")
    parser.add_argument(
        "--embedding",
        type=Path,
        default=minilm.PLACE if minilm.PLACE.exists() else None,
        metavar="FILE",
        help="an embedding model for the rows of Cranfield (python -m tests.bench.minilm makes one)",
    )
    parser.add_argument("--cranfield", type=Path, default=collection, metavar="DIR", help="the Cranfield collection")
    parser.add_argument(
        "--frozen", type=Path, default=frozen.PROGRAM, metavar="FILE", help="the program that `make package` built"
    )
    parser.add_argument("--no-synthetic", action="store_true", help="leave out what needs a model of full size")
    parser.add_argument("--quick", action="store_true", help="shorter prompts and fewer rounds, for a first look")
    parser.add_argument("--json", type=Path, help="write the results here as well")
    return parser.parse_args()


def _full_size(model: Path, quick: bool) -> list[Part]:
    rounds, tokens = (_QUICK_ROUNDS, _QUICK_TOKENS) if quick else (_ROUNDS, _TOKENS)
    contexts = _QUICK_CONTEXTS if quick else memory_plan.CONTEXTS
    return [
        lambda: speed.rows(model, rounds, stock=not quick),
        lambda: memory_plan.rows(model, contexts),
        lambda: long_conversation.rows(model, tokens),
    ]


def _model(named: Path | None) -> Path | None:
    """The model of full size: the one that was named, or one made once and kept. None, with the reason, for neither."""
    path = named or Path(platformdirs.user_cache_dir("inglenook")) / "gpt-oss-20b-synthetic.gguf"
    why = _why_not(path, named is not None)
    if why:
        print(f"full-size measurements skipped: {why}")
        return None
    if not path.exists():
        print(f"writing a model of full size to {path}")
        write_synthetic(path, Shape(), _show)
        print()
    return path


def _why_not(path: Path, named: bool) -> str:
    if total_memory() < _MEMORY:
        return f"they need {_MEMORY // GIB} GiB of memory."
    if path.exists():
        return ""
    if named:
        return f"there is no file {path}."
    if not has_room(path, Shape()):
        return f"there is not enough room for {path}. Name a file elsewhere with `make bench SYNTHETIC=FILE`."
    return ""


def _show(fraction: float) -> None:
    print(f"\r{fraction:4.0%}", end="", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())

"""The real window on a data folder with very many conversations, measured from inside.

``python -m tests.bench.window_of_many DATA ID BEGAN`` starts the application as its command does, on the screen that
there is, and prints what it measured as JSON. ID is the conversation to open, empty for the start alone; BEGAN is when
the process was started (time.monotonic()).
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.core import Core
    from app.jobs import Post
    from app.paths import Paths


def main(data: Path, long_id: str, began: float) -> int:
    """Start the application, have it measured once its list is painted, and end it."""
    measures: list[Any] = []

    def build(paths: Paths, post: Post) -> Core:
        # What they load, the application has loaded by now, in the order that it chose.
        from app.core import Core
        from tests.bench.window_measures import Measures

        core = Core(paths, post, guarded=True)
        measures.append(Measures(core, long_id, began))
        return core

    # The package has a function of this name.
    command = importlib.import_module("app.cli.main")
    command._core = build  # type: ignore[attr-defined]
    code = int(command.main(["--data-dir", str(data)]))
    print(json.dumps(measures[0].results))
    return code


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))

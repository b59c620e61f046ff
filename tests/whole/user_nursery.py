"""Loads the window once, and then forks an application with a restless user in it for each line that it reads.

A line is JSON: data, journal, seed, files, engine, statements. What is printed is the number of the process, and
``gone CODE`` when it has ended. The imports stand in a function because the processes that the application spawns load
this module too.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def main() -> None:
    import tests.whole.restless_user  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()
        if child:
            print(child, flush=True)
            _, status = os.waitpid(child, 0)
            print("gone", os.waitstatus_to_exitcode(status), flush=True)
            continue
        code = 70
        try:
            # The window reads its own lines.
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            output = os.open(Path(wanted["journal"]).with_suffix(".out"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(output, 1)
            os.dup2(output, 2)
            code = _live(wanted)
        except BaseException:  # noqa: BLE001 - whatever it is, the test has to see it
            traceback.print_exc()
        finally:
            os._exit(code)


def _live(wanted: dict[str, Any]) -> int:
    """Start the application as its command does, with another engine if that is wanted."""
    from app.core import Core
    from app.engine.process import EngineProcess
    from app.jobs import Post
    from app.paths import Paths
    from tests.whole.restless_user import Journal, RestlessUser

    # The package has a function of this name.
    command = importlib.import_module("app.cli.main")
    users = []

    def build(paths: Paths, post: Post) -> Core:
        engine = None
        if wanted["engine"]:
            engine = EngineProcess(f"tests.whole.scripted_engines:{wanted['engine']}", paths.logs / "engine.log")
        core = Core(paths, post, engine, guarded=True)
        journal = Journal(Path(wanted["journal"]))
        users.append(RestlessUser(core, journal, wanted["seed"], Path(wanted["files"]), wanted["statements"]))
        return core

    command._core = build  # type: ignore[attr-defined]
    return int(command.main(["--data-dir", wanted["data"], "--model", wanted["model"]]))


if __name__ == "__main__":
    main()

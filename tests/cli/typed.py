"""The command line in this process: what a command says and gives, without the second that a new process takes."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

from app.cli.main import main


def typed(*arguments: object, data: Path) -> CompletedProcess[str]:
    """Like ``test_commands.inglenook``, for commands whose process is not what is shown."""
    words = [*map(str, arguments), "--data-dir", str(data)]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as end:
            # argparse ends so.
            code = end.code if isinstance(end.code, int) else 1
    return CompletedProcess(words, code, out.getvalue(), err.getvalue())

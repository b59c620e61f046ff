"""Kills the whole application while it reads the documents of a library: `python -m tests.whole.index_kills [RUNS]`.

The short form, which kills the indexing alone, is in tests/services/test_indexing_kills.py.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from app.domain.documents import FileStatus
from tests.documents.making import pdf
from tests.screen import Screen
from tests.services.libraries import Shelf
from tests.services.test_indexing_kills import change, content
from tests.whole.test_window import App

_CHANGES = 2
_LONGEST_SECONDS = 2.5
_NAME = "Papers"


def main(runs: int, seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name, Screen() as screen:
        root = Path(name)
        folder, data = root / "papers", root / "data"
        folder.mkdir()
        data.mkdir(mode=0o700)
        with closing(Shelf(data)) as shelf:
            shelf.create(_NAME, folder)
        at_work = 0
        for run in range(runs):
            for number in range(_CHANGES):
                change(folder, chance, run * _CHANGES + number)
            pages = [[(72, 700, f"Page {page} of a long paper in round {run}")] for page in range(60)]
            (folder / f"long-{run}.pdf").write_bytes(pdf(pages))
            app = App(screen, data)
            time.sleep(chance.uniform(0, _LONGEST_SECONDS))
            app.kill()
            with closing(Shelf(data)) as shelf:
                files = shelf.service.files(_NAME)
                waiting = sum(file.status in (FileStatus.WAITING, FileStatus.READING) for file in files)
            at_work += waiting > 0
            print(f"\rrun {run + 1}: {len(files)} files known, {waiting} wait   ", end="", flush=True)
        print(f"\n{at_work} of {runs} kills came while files waited; seed {seed}")
        ends = [_end(root / each, folder) for each in ("data", "undisturbed")]
    same = ends[0] == ends[1]
    print("the result equals that of an undisturbed run" if same else "THE RESULT DIFFERS from an undisturbed run")
    raise SystemExit(0 if same else 1)


def _end(data: Path, folder: Path) -> dict[str, object]:
    """What is in the index when nobody disturbs it any more."""
    with closing(Shelf(data)) as shelf:
        shelf.service.rescan(_NAME) if shelf.service.libraries() else shelf.service.create(_NAME, [folder])
        shelf.until(lambda: shelf.service._indexing.idle, seconds=1800)
        shelf.run_for(0.5)
        return content(shelf)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time()))

"""Kills the process that indexes, at random moments: it always goes on, and the result is that of one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.documents.making import pdf
from tests.services.libraries import Shelf

REPOSITORY = Path(__file__).parents[2]
KILLS = int(os.environ.get("INGLENOOK_INDEXING_KILLS", "20"))

# Waits for a word, brings the library in step, and says when it begins and when it is done.
INDEX = """
import sys
from pathlib import Path
from tests.services.libraries import Shelf

if __name__ == "__main__":
    sys.stdin.readline()
    shelf = Shelf(Path(sys.argv[1]))
    print("begun", flush=True)
    shelf.rescan("Papers")
    shelf.run_for(0.3)
    shelf.close()
    print("done", flush=True)
"""


def change(folder: Path, chance: random.Random, number: int) -> None:
    """New, changed, moved, equal and vanished files."""
    words = " ".join(chance.choice(("notice", "period", "dough", "turbine", "key", "mat")) for _ in range(400))
    (folder / f"{number:03}.txt").write_text(f"Paper {number}. {words}")
    if number % 4 == 1:
        (folder / f"{number:03}.pdf").write_bytes(pdf([[(72, 700, f"Page {page} of {number}")] for page in range(3)]))
    files = sorted(folder.glob("*.txt"))
    chance.choice(files).write_text(f"Changed in round {number}.")
    target = chance.choice(files)
    target.rename(folder / f"moved-{number:03}.txt")
    (folder / f"equal-{number:03}.txt").write_bytes(chance.choice(sorted(folder.glob("*.txt"))).read_bytes())
    if number % 4 == 3:
        chance.choice(sorted(folder.glob("*.pdf"))).unlink()
    if number % 5 == 0:
        (folder / f"broken-{number}.pdf").write_bytes(b"%PDF-1.4 broken")


def start_child(data: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", INDEX, str(data)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def content(shelf: Shelf) -> dict[str, Any]:
    """Everything in an index that does not depend on the order in which it was made."""
    with shelf.index.reading() as connection:
        for table in ("words", "pieces"):
            connection.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        hashes = [row[0] for row in connection.execute("SELECT sha256 FROM documents ORDER BY sha256")]
        passages = connection.execute(
            """
            SELECT sha256, start, end, first_line, last_line, unit, headings
            FROM passages JOIN documents ON documents.id = passages.id >> 20 ORDER BY sha256, passages.id
            """
        ).fetchall()
        matches = {
            word: connection.execute("SELECT count(*) FROM words WHERE words MATCH ?", (word,)).fetchone()[0]
            for word in ("paper", "notice", "period", "turbines", "page", "changed")
        }
        rows = [connection.execute(f"SELECT count(*) FROM {table}_docsize").fetchone() for table in ("words", "pieces")]
    documents = [shelf.index.document(sha256) for sha256 in hashes]
    return {
        "files": [(file.path, file.status, file.reason, file.sha256) for file in shelf.service._files.all("Papers")],
        "documents": [(found.sha256, found.text, found.units) for found in documents if found],
        "passages": passages,
        "rows": rows,
        "matches": matches,
    }


def test_a_killed_indexing_goes_on_and_comes_to_the_same_end(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    print(f"seed {seed}")
    folder = tmp_path / "papers"
    folder.mkdir()
    shelf = Shelf(tmp_path / "data")
    shelf.create("Papers", folder)
    shelf.close()
    killed = 0
    following = start_child(tmp_path / "data")
    for number in range(KILLS):
        change(folder, chance, number)
        # The next one loads its modules while this one works.
        child, following = following, start_child(tmp_path / "data")
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        assert child.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0, 0.7))
        child.send_signal(signal.SIGKILL)
        said, _ = child.communicate()
        killed += said != "done\n"
    following.kill()
    following.communicate()
    assert killed >= KILLS / 2, "most were killed before their end"

    ends = []
    for data in ("data", "undisturbed"):
        shelf = Shelf(tmp_path / data)
        shelf.rescan("Papers") if shelf.service.libraries() else shelf.create("Papers", folder)
        shelf.until(lambda: shelf.service._indexing.idle)  # noqa: B023
        shelf.run_for(0.5)
        ends.append(content(shelf))
        shelf.close()
    assert ends[0]["files"] == ends[1]["files"]
    assert ends[0] == ends[1]

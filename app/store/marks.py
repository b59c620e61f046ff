"""When a database was last read through, kept in a file beside it.

Reading half a gigabyte at every start takes longer than opening the window should. So a big file that was closed in
order and not touched since is read through at most once a day before it is opened; the window reads it in the
background all the same. After a kill there is a log beside the file, and no mark counts.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

from app.store.files import MARK, create_private, log_of, size_of

# 64 MiB are read in some 50 ms: not worth a mark.
BIG = 64 << 20
_VALID_SECONDS = 24 * 3600.0


def leave(path: Path, checked_at: float) -> None:
    """Remember when this database was checked, as it is now. A mark is a convenience: that it can't be left is fine."""
    with suppress(OSError):
        if size_of(path) >= BIG:
            create_private(_mark_of(path))
            _mark_of(path).write_text(json.dumps({"file": _state_of(path), "checked_at": checked_at}))


def checked_recently(path: Path) -> float | None:
    """Seconds since 1970 of a check that still counts; None if the database has to be read through."""
    try:
        if size_of(path) < BIG or size_of(log_of(path)):
            return None
        mark = json.loads(_mark_of(path).read_text())
        same, checked_at = mark["file"] == _state_of(path), float(mark["checked_at"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return checked_at if same and 0 <= time.time() - checked_at < _VALID_SECONDS else None


def _mark_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{MARK}")


def _state_of(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]

"""What is known of a file that is still arriving, in ``NAME.part.json`` beside ``NAME.part``.

The sidecar says which file this is and how much of it is surely on the disk. After a crash of the computer no more than
that is trusted; after the end of the process alone the length of the file is, for what was written is in the system's
hands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

SUFFIX = ".part"
SIDECAR_SUFFIX = ".part.json"
# What a sidecar is called until it is whole.
UNFINISHED_SUFFIX = ".part.json.new"
LOCK_SUFFIX = ".part.lock"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is known of an unfinished file. synced bytes are surely on the disk; boot names the run of the system."""

    entry: str
    file: str
    url: str
    size: int
    sha256: str
    etag: str = ""
    synced: int = 0
    boot: str = ""


def read_sidecar(path: Path) -> Sidecar | None:
    """The sidecar in this file; None if there is none or it makes no sense."""
    try:
        values = json.loads(path.read_bytes())
        sidecar = Sidecar(**values)
    except (OSError, ValueError, TypeError):
        return None
    numbers = isinstance(sidecar.size, int) and isinstance(sidecar.synced, int) and 0 <= sidecar.synced <= sidecar.size
    texts = all(isinstance(text, str) for text in (sidecar.entry, sidecar.file, sidecar.etag, sidecar.sha256))
    return sidecar if numbers and texts else None


def unfinished(folder: Path) -> Iterator[Sidecar]:
    """The files that are still arriving in a folder."""
    for path in sorted(folder.glob(f"*{SIDECAR_SUFFIX}")):
        sidecar = read_sidecar(path)
        if sidecar is not None:
            yield sidecar


def arrived(final: Path) -> int:
    """How many bytes of an unfinished file can be used, 0 where there is none."""
    sidecar = read_sidecar(beside(final, SIDECAR_SUFFIX))
    return usable_bytes(beside(final, SUFFIX), sidecar) if sidecar is not None else 0


def discard(final: Path) -> None:
    """Delete an unfinished file. Raises OSError."""
    for suffix in (SUFFIX, SIDECAR_SUFFIX, UNFINISHED_SUFFIX, LOCK_SUFFIX):
        beside(final, suffix).unlink(missing_ok=True)


def beside(final: Path, suffix: str) -> Path:
    """The file with this suffix that belongs to a final name."""
    return final.with_name(final.name + suffix)


def usable_bytes(part: Path, sidecar: Sidecar) -> int:
    """Bytes from the start that may be trusted."""
    try:
        length = part.stat().st_size
    except OSError:
        return 0
    trusted = length if sidecar.boot and sidecar.boot == this_boot() else min(length, sidecar.synced)
    return min(trusted, sidecar.size)


def this_boot() -> str:
    """Names this run of the system: what a process wrote is lost only when the system itself goes down."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))

"""Names a process for the system's own lists, so that anybody can tell which one does what."""

from __future__ import annotations

import ctypes
import sys

PREFIX = "inglen-"
_PR_SET_NAME = 15
_LONGEST = 15
"""Linux keeps so many bytes of a name (prctl(2))."""


def name_process(role: str) -> None:
    """Have this process listed as ``inglen-ROLE``. Only Linux has such names; elsewhere nothing happens."""
    if sys.platform == "linux":
        name = (PREFIX + role).encode()
        assert len(name) <= _LONGEST
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name, 0, 0, 0)


def role_of(name: str) -> str:
    """The role in a name that name_process() gave, empty for others."""
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else ""

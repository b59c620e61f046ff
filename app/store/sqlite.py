"""sqlite-utils, loaded without numpy, which it would load to know the types of columns that nobody here has.

That would be a tenth of a second at every start. numpy comes when vectors are searched; see app.store.vectors.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Have a module seem not to be installed, unless it is loaded already."""
    if name in sys.modules:
        yield
        return
    # How Python itself notes that a module can't be imported.
    sys.modules[name] = cast("ModuleType", None)
    try:
        yield
    finally:
        del sys.modules[name]


with _without("numpy"):
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

__all__ = ["Database", "Migrations"]

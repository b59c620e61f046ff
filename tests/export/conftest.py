"""Golden files for what is written out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

GOLDENS = Path(__file__).parent / "goldens"


@pytest.fixture
def check_golden() -> Callable[[str, str], None]:
    """Compare a text with the golden file of that name; UPDATE_GOLDENS=1 writes it instead."""

    def check(name: str, text: str) -> None:
        file = GOLDENS / name
        if os.environ.get("UPDATE_GOLDENS") == "1":
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(text.encode())
        assert text == file.read_bytes().decode()

    return check

"""What is said between the process that draws pages and the one that shows them."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from typing import Any

from app.documents.limits import Limits

MOST_PIXELS = 16_000_000
"""Of one page. A width that would need more is not granted: the picture is then smaller than was asked for."""
CHANNELS = 3

ASK = struct.Struct("<II")
"""Page (from 1) and width in pixels."""
ANSWER = struct.Struct("<4sII")
"""PAGE or NONE, then width and height in pixels; the pixels follow, RGB, row by row without gaps."""
PAGE, NONE = b"page", b"none"


@dataclass(frozen=True, slots=True)
class Opening:
    """Which file to draw from. path is empty where the descriptor comes after it."""

    size: int
    limits: Limits
    path: str = ""

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Opening:
        raw: dict[str, Any] = json.loads(data)
        return cls(raw["size"], Limits(**raw["limits"]), raw["path"])


def fitted(across: float, down: float, width: int) -> tuple[int, int]:
    """Width and height in pixels of a page of this form: as wide as asked for, but within MOST_PIXELS."""
    ratio = down / across
    width = max(1, min(width, int((MOST_PIXELS / ratio) ** 0.5)))
    return width, max(1, min(round(width * ratio), MOST_PIXELS // width))

"""The pieces of a GGUF's header, for files that tests make. Format: ggml-org/ggml, docs/gguf.md."""

from __future__ import annotations

import struct

UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9


def item(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def array(kind: int, items: list[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)

"""The file that is read: an open descriptor, and nothing else. Whoever reads it has no path and needs none."""

from __future__ import annotations

import ctypes
import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from app.documents.pdf_twin import Twin


@dataclass(frozen=True, slots=True)
class Source:
    """An open file: binary and seekable, its size in bytes, its name without folders (a hint at what it is).

    twin is a second process that reads a part of it, where there is one.
    """

    file: BinaryIO
    size: int
    name: str
    mapping: mmap.mmap | None = None
    twin: Twin | None = None

    @classmethod
    def of(cls, file: BinaryIO, size: int, name: str) -> Source:
        """Map the file into memory as well; pages of it are loaded as they are read, and none is copied."""
        return cls(file, size, name, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY) if size else None)

    def memory(self) -> Any:
        """The whole file as a ctypes array, for libraries in C."""
        if self.mapping is None:
            return b""
        return (ctypes.c_ubyte * self.size).from_buffer(self.mapping)

    def read(self, most: int = -1) -> bytes:
        """The file's bytes, or as many of its first as are asked for."""
        self.file.seek(0)
        return self.file.read(self.size if most < 0 else min(most, self.size))

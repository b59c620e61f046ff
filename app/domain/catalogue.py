"""Models that the application knows: where they can be had, and how they are recognised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """DOCUMENTS is a model that turns passages into vectors; it can't chat."""

    CHAT = "chat"
    DOCUMENTS = "documents"


class Suitability(StrEnum):
    """How a model would run on this computer, in the words that people read."""

    WELL = "runs well here"
    TIGHT = "tight"
    NOT_HERE = "will not run here"


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository. size (bytes) and sha256 (hex digits) are None where the hub has to say them."""

    name: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model that can be downloaded. files are its parts in order; a revision of None is the newest.

    header and lengths are what the planner reads of the GGUF's metadata, tensor_bytes its weights in all parts.
    query_prefix and document_prefix go before texts that a model for documents is given.
    """

    id: str
    name: str
    purpose: Purpose
    recommended: bool
    description: str
    licence: str
    repository: str
    revision: str | None
    files: tuple[HubFile, ...]
    tensor_bytes: int
    header: Mapping[str, str | int]
    lengths: Mapping[str, int]
    query_prefix: str = ""
    document_prefix: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files; where the hub has to say them, of the weights alone, which are nearly all."""
        sizes = [file.size for file in self.files]
        return sum(size for size in sizes if size is not None) if None not in sizes else self.tensor_bytes

    @property
    def context_length(self) -> int:
        """Tokens that the model was trained for."""
        return int(self.header.get(f"{self.header['general.architecture']}.context_length", 0))


@dataclass(frozen=True, slots=True)
class Prospect:
    """How a model would run here, before its file is there.

    memory and disk are bytes that it takes; free_disk is what the models' folder has. sentence says it in words.
    """

    entry: CatalogueEntry
    suitability: Suitability
    memory: int
    disk: int
    free_disk: int
    sentence: str
    recommended: bool = False

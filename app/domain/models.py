"""Models on disk, and what the engine knows of a loaded one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file a person can choose. trial marks the tiny one that only serves to try the application."""

    path: Path
    name: str
    size: int
    trial: bool = False


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A loaded model. fingerprint changes with the vocabulary or the weights; context_size in tokens.

    bos and eos are the texts of those tokens; add_bos tells that a prompt is meant to begin with the former.
    temperature is the one that the file recommends, if it does. variant names the module of llama.cpp that computes,
    if it was built with one for each kind of processor.
    """

    path: Path
    name: str
    architecture: str
    fingerprint: str
    context_size: int
    trained_context_size: int
    specials: frozenset[str]
    chat_template: str | None = None
    bos: str = ""
    eos: str = ""
    add_bos: bool = False
    temperature: float | None = None
    variant: str = ""


class Fit(StrEnum):
    """How a context goes with the memory that is free. TIGHT leans on the disk; TOO_LARGE is not given if chosen."""

    FITS = "fits"
    TIGHT = "tight"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class ContextPrice:
    """A context (tokens) that can be chosen. memory is what the model takes with it, in bytes; None if nobody knows."""

    context_size: int
    memory: int | None = None
    fit: Fit = Fit.FITS

"""A prompt as pieces that keep control tokens and untrusted text apart.

The tokenizer turns a Special into the one id of that control token, and a Plain into ordinary tokens only, whatever it
says: text of users and documents can never become a control token, because no step ever searches it for one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Special:
    """One control token by its text in the vocabulary, such as ``<|start|>``."""

    text: str


@dataclass(frozen=True, slots=True)
class Plain:
    """Untrusted text: ordinary tokens only."""

    text: str


@dataclass(frozen=True, slots=True)
class Trusted:
    """Text of a chat template, in which control tokens are recognised. Never text of a user, a document or a model."""

    text: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Ids as they were sampled before; tokenizing their text again may give others and break the cached prefix."""

    ids: tuple[int, ...]


PromptPiece = Special | Plain | Trusted | Tokens
Prompt = tuple[PromptPiece, ...]

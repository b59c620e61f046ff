"""Errors that a person reads: what happened, and what to do about it."""

from __future__ import annotations


class AppError(Exception):
    """Base of every error that may reach a person.

    ``title`` says in one sentence what happened, ``remedy`` what to do about it, ``details`` holds what only a report
    needs (a library's own words). Errors cross process borders, so their state is their arguments.
    """

    def __init__(self, title: str, remedy: str = "", details: str = "") -> None:
        super().__init__(title, remedy, details)
        self.title = title
        self.remedy = remedy
        self.details = details

    def __str__(self) -> str:
        return f"{self.title} {self.remedy}".strip()


class ModelFileError(AppError):
    """The chosen model file can't be used: not a GGUF, damaged, or no chat model."""


class EngineError(AppError):
    """The engine could not do what it was asked, or its process ended."""


class ContextFullError(EngineError):
    """The prompt does not fit into the context window: so many tokens, where there is room for so many."""

    def __init__(self, tokens: int, room: int) -> None:
        super().__init__(
            f"This conversation no longer fits into the model's memory: {tokens:,} tokens, and there is room for "
            f"{room:,}.",
            "Choose what the model may forget or give it a larger context, shorten the message, or go on in a new "
            "conversation.",
        )
        self.tokens = tokens
        self.room = room

    def __reduce__(self) -> tuple[type[ContextFullError], tuple[int, int]]:
        return type(self), (self.tokens, self.room)


class StoreError(AppError):
    """The database can't be opened, read or written."""


class NotFoundError(AppError):
    """What was named does not exist: a conversation, a message."""


class SettingsError(AppError):
    """The settings can't be read or written."""


class TransferError(AppError):
    """A conversation can't be taken out or in: the place, the file or what is in it."""


class DocumentError(AppError):
    """A document or a folder can't be used as it was asked for."""


class DownloadError(AppError):
    """A model can't be downloaded: the network, the hub, the disk or what arrived."""

"""What the services tell whoever listens: the window, the command line, a test. Delivered on the main thread."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.domain.chat import ConversationId, Failure, Message, MessageId, ToolCall, ToolResult
from app.domain.models import ModelFile, ModelInfo
from app.services.document_events import AttachmentChanged, EmbeddingChanged, LibraryChanged
from app.services.download_events import DownloadChanged, InstalledChanged
from app.services.offers import Offer


class Phase(StrEnum):
    """What a running turn is doing."""

    LOADING = "loading"
    PREFILL = "prefill"
    THINKING = "thinking"
    ANSWERING = "answering"


@dataclass(frozen=True, slots=True)
class ConversationsChanged:
    """The list changed: a conversation is new, renamed, moved, trashed or restored."""


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The user's message is stored, and an empty answer that will grow."""

    conversation_id: ConversationId
    user: Message
    answer: Message


@dataclass(frozen=True, slots=True)
class TurnProgress:
    """The phase of a turn. fraction (0 to 1) and seconds_left are known for loading and prefill only."""

    conversation_id: ConversationId
    message_id: MessageId
    phase: Phase
    fraction: float | None = None
    seconds_left: float | None = None
    done_tokens: int = 0
    total_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ReasoningGrew:
    """text continues the reasoning; starts tells that it opens a new stretch (after a tool call, say)."""

    message_id: MessageId
    text: str
    starts: bool = False


@dataclass(frozen=True, slots=True)
class AnswerGrew:
    """text continues the answer; starts tells that it opens a new text part, preamble that an answer will follow."""

    message_id: MessageId
    text: str
    starts: bool = False
    preamble: bool = False


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """The model called a tool, and this is what it was told."""

    message_id: MessageId
    call: ToolCall
    result: ToolResult


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The answer as it was stored; its status says how the turn ended, its failure why it failed."""

    message: Message


@dataclass(frozen=True, slots=True)
class ChoiceOffered:
    """The turn that has just ended could not be done as it was; one of these would make it possible."""

    message_id: MessageId
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class ContextCounted:
    """A conversation is ready to go on; this is what it takes of the model's context, in tokens."""

    conversation_id: ConversationId
    tokens: int
    size: int


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """A message began or ceased to wait."""


class ModelPhase(StrEnum):
    """State of the model, for a line in the window."""

    NONE = "none"
    UNLOADED = "unloaded"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelState:
    """The chosen model and how it stands."""

    phase: ModelPhase
    file: ModelFile | None = None
    info: ModelInfo | None = None
    fraction: float | None = None
    seconds_left: float | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class ModelChanged:
    state: ModelState


@dataclass(frozen=True, slots=True)
class StorageFailed:
    """Something could not be saved. The text stays on screen and in memory; saving is tried again."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Saved:
    """All that could not be saved before is saved now."""


Event = (
    ConversationsChanged
    | TurnStarted
    | TurnProgress
    | ReasoningGrew
    | AnswerGrew
    | ToolUsed
    | TurnEnded
    | ChoiceOffered
    | ContextCounted
    | QueueChanged
    | ModelChanged
    | StorageFailed
    | Saved
    | AttachmentChanged
    | LibraryChanged
    | EmbeddingChanged
    | DownloadChanged
    | InstalledChanged
)

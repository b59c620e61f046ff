"""Conversations, and messages as a tree of parts.

A message has a parent, so that an edited question or a regenerated answer is a sibling and nothing is overwritten. Its
content is a sequence of parts in the order in which they came. Pure values: where they are stored is the store's
concern, how a model reads them a dialect's.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)


def new_conversation_id() -> ConversationId:
    return ConversationId(uuid.uuid4().hex)


def new_message_id() -> MessageId:
    return MessageId(uuid.uuid4().hex)


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Effort(StrEnum):
    """How long gpt-oss thinks before it answers; NONE answers without a thought."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Status(StrEnum):
    """Where a message stands.

    A message left STREAMING by a process that is gone becomes INTERRUPTED at the next start.
    """

    COMPLETE = "complete"
    STREAMING = "streaming"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Text:
    """What the user wrote, or what the model says to the user.

    token_ids are the sampled ids of exactly this text, valid for the model named in the message; empty if unknown.
    preamble marks what a model says before it calls a tool; the answer proper follows.
    """

    text: str
    token_ids: tuple[int, ...] = ()
    preamble: bool = False


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A stretch of the model's thoughts: raw, perhaps wrong, never part of the answer."""

    text: str
    seconds: float = 0.0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model made: the tool's name as it wrote it (``browser.search``), arguments as raw text."""

    name: str
    arguments: str
    channel: str = "commentary"
    content_type: str = ""
    token_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Numbered lines of a document (see domain.documents) that a model was shown.

    document is the file's name, sha256 its content, text the document's own words from the character start on, which
    is where its line first_line begins. line is that line's number on the page where it was shown. pages (slides, and
    so on) are those that it touches: the character at which each begins, and its number.
    """

    document: str
    sha256: str
    line: int
    first_line: int
    start: int
    text: str
    pages: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a tool's result shows of the documents, of which there are so many files.

    cursor is the number by which the model cites the page, None where there is nothing to cite. document is the content
    (SHA-256) that the page shows, empty for a list of results; link i of a list leads to excerpt i. numbered: the
    excerpts came with the question of a model without tools, which cites excerpt i as ``[cursor + i]``.
    """

    cursor: int | None
    of_files: int
    excerpts: tuple[Excerpt, ...] = ()
    document: str = ""
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the application answered to the call before it. shown tells what it holds of documents."""

    name: str
    output: str
    channel: str = "commentary"
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message, by name and content hash (SHA-256, hex).

    text is what the model is shown of it together with the message; empty for a file that it searches with its tools.
    """

    name: str
    sha256: str
    size: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a document that an answer points to; passage keeps the words, should the file change.

    mark is how the answer's text says it (``【3†L3-L9】``), number what the reader sees in its stead. document is the
    file's name, sha256 its content; lines are numbered lines of its text and start to end (exclusive) its characters.
    verified: the model was shown these lines.
    """

    number: int
    document: str
    first_line: int
    last_line: int
    passage: str
    page: int | None = None
    verified: bool = False
    mark: str = ""
    sha256: str = ""
    start: int = 0
    end: int = 0


Part = Text | Reasoning | ToolCall | ToolResult | Attachment | Citation


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an answer cost. Seconds are wall-clock; the peak is the engine process's resident memory."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    prefill_seconds: float = 0.0
    first_token_seconds: float = 0.0
    generated_tokens: int = 0
    tokens_per_second: float = 0.0
    engine_peak_rss_bytes: int = 0
    context_tokens: int = 0
    context_size: int = 0


class FailureKind(StrEnum):
    """What can be done about a failure, beyond trying again: use less of the context, or less memory."""

    OTHER = "other"
    CONTEXT = "context"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an answer failed, in words for a person."""

    title: str
    remedy: str = ""
    kind: FailureKind = FailureKind.OTHER


@dataclass(frozen=True, slots=True)
class Message:
    """One node of a conversation's tree. model is the fingerprint of the model that wrote it (empty for users)."""

    id: MessageId
    conversation_id: ConversationId
    parent_id: MessageId | None
    role: Role
    parts: tuple[Part, ...]
    created_at: datetime
    status: Status = Status.COMPLETE
    model: str = ""
    statistics: Statistics | None = None
    failure: Failure | None = None

    @property
    def text(self) -> str:
        """What a person reads or copies: texts only, without reasoning, calls or results."""
        return "\n\n".join(part.text for part in self.parts if isinstance(part, Text) and part.text)

    @property
    def reasoning(self) -> str:
        return "\n\n".join(part.text for part in self.parts if isinstance(part, Reasoning) and part.text)


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message of the user's that waits to be sent; sent, it keeps its id. effort None is the conversation's."""

    id: MessageId
    conversation_id: ConversationId
    created_at: datetime
    text: str
    effort: Effort | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation. started_on is the date the model is told, frozen so that the prompt's prefix stays the same.

    head_id names the leaf of the branch that is shown. The model sees the branch from the message in_sight_from on; all
    of it if that is None or not on the branch.
    """

    id: ConversationId
    title: str
    created_at: datetime
    updated_at: datetime
    started_on: date
    effort: Effort = Effort.MEDIUM
    head_id: MessageId | None = None
    trashed_at: datetime | None = None
    in_sight_from: MessageId | None = None
    pinned_at: datetime | None = None
    messages: tuple[Message, ...] = field(default=(), compare=False)
    """The branch that ends in head_id, oldest first; empty in a listing."""

    @property
    def in_sight(self) -> tuple[Message, ...]:
        """The messages that the model is shown."""
        for i, message in enumerate(self.messages):
            if message.id == self.in_sight_from:
                return self.messages[i:]
        return self.messages

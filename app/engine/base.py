"""The engine contract: requests, events and the abstract class that every engine fulfils.

Requests and events are frozen dataclasses that travel over a pipe by pickle.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from app.domain.chat import FailureKind, Statistics
from app.domain.models import ModelInfo
from app.domain.prompt import Prompt
from app.domain.stream import Token

GO, STOP = b"\0", b"\1"
"""What the first byte of an engine's abort flag says; the second is always 0."""


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """How a model is loaded. Sizes in tokens; threads for generation, 0 lets the engine find out.

    The defaults are those for 16 GB: the file is memory-mapped and its weights are not repacked into a second copy.
    gpu_layers are computed by a graphics processor, -1 for all.
    """

    context_size: int = 16384
    batch_size: int = 256
    threads: int = 0
    repack: bool = False
    memory_map: bool = True
    gpu_layers: int = 0


@dataclass(frozen=True, slots=True)
class StatePlan:
    """Where KV caches are kept between runs, and how many bytes they may take together."""

    folder: Path
    capacity: int


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """states None keeps nothing on disk."""

    path: Path
    plan: EnginePlan = field(default_factory=EnginePlan)
    states: StatePlan | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """temperature 0 is greedy. seed None draws a new one each time."""

    temperature: float = 1.0
    min_p: float = 0.01
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """Sample after a prompt. max_tokens None means until the context is full.

    shared is the beginning of the prompt that other conversations have too (system message, tools); its state is kept
    for them. state names the saved state to start from, if it helps.
    """

    prompt: Prompt
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int | None = None
    shared: Prompt = ()
    state: str | None = None


@dataclass(frozen=True, slots=True)
class PrefillRequest:
    """Have a prompt in the KV cache, for what will follow it. state names the saved state to start from.

    save keeps the cache under that name when the whole prompt is in it.
    """

    prompt: Prompt
    shared: Prompt = ()
    state: str | None = None
    save: bool = False


@dataclass(frozen=True, slots=True)
class CountRequest:
    """How many tokens are these prompts?"""

    prompts: tuple[Prompt, ...]


class TextRole(StrEnum):
    """What a text is to a search: many embedding models want to be told."""

    QUERY = "query"
    PASSAGE = "passage"


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """The vectors of these texts; what a model can't take in of a long one is left out."""

    texts: tuple[str, ...]
    role: TextRole


class FinishReason(StrEnum):
    END = "end"
    STOPPED = "stopped"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """fraction runs from 0 to 1; seconds_left is None while there is nothing to base an estimate on."""

    fraction: float
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The end of a load. threads are those that generation uses; worth keeping, for finding out takes seconds."""

    model: ModelInfo
    threads: int = 0


@dataclass(frozen=True, slots=True)
class PrefillProgress:
    """Tokens of the prompt in the KV cache so far, of total; reused of them were there before."""

    done: int
    total: int
    reused: int
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """Tokens in the order in which they were sampled. The one that ends the output is among them."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing happened for a moment; lets whoever listens save or show the time."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a generation that did not fail."""

    reason: FinishReason
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class Stopped:
    """The end of a load that was stopped."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The end of a count: tokens of each prompt."""

    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """An embedding model. floor is the cosine up to which texts have nothing to do with each other.

    fingerprint tells apart what gives other vectors: models, and the ways in which texts are put to them.
    """

    path: Path
    name: str
    fingerprint: str
    dimensions: int
    floor: float


@dataclass(frozen=True, slots=True)
class EmbedderLoaded:
    """The end of a load of an embedding model."""

    info: EmbedderInfo


@dataclass(frozen=True, slots=True)
class Embedded:
    """The end of an embedding: a vector for each text, as little-endian float32 of length 1."""

    vectors: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Overflow:
    """A prompt of so many tokens was too long: a context has room for so many, beside the beginning of an answer."""

    tokens: int
    room: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The end of a request that failed, in words for a person. lost: the engine's process is gone."""

    title: str
    remedy: str = ""
    details: str = ""
    lost: bool = False
    kind: FailureKind = FailureKind.OTHER
    overflow: Overflow | None = None


LoadEvent = LoadProgress | Heartbeat | Loaded | Stopped | Failed
GenerateEvent = PrefillProgress | Generated | Heartbeat | Finished | Failed
CountEvent = Heartbeat | Counted | Failed
EmbedEvent = EmbedderLoaded | Heartbeat | Embedded | Stopped | Failed


class Engine(ABC):
    """Runs one model, one request at a time.

    Requests give events as they happen; the last one is Failed, or else Loaded or Stopped for load(), Counted for
    count(), Finished for the others; nothing is raised for what can go wrong outside this program. Whoever stops
    iterating stops the request. stop() may be called from any thread at any time; it ends the request that runs and is
    no error without one. After a failure the engine can be used again.
    """

    @property
    @abstractmethod
    def model(self) -> ModelInfo | None:
        """The loaded model, or None."""

    @abstractmethod
    def load(self, request: LoadRequest) -> Iterator[LoadEvent]:
        """Load a model; one that was loaded before is unloaded first."""

    @abstractmethod
    def generate(self, request: GenerateRequest) -> Iterator[GenerateEvent]:
        """Sample tokens after the prompt. What the KV cache already holds of the prompt is not computed again."""

    @abstractmethod
    def prefill(self, request: PrefillRequest) -> Iterator[GenerateEvent]:
        """Compute a prompt ahead of time. Ends like generate(), with no token generated."""

    @abstractmethod
    def count(self, request: CountRequest) -> Iterator[CountEvent]:
        """Count tokens as the model would read them."""

    @abstractmethod
    def stop(self) -> None:
        """End the running request soon: a load with Stopped, a generation with Finished(STOPPED)."""

    @abstractmethod
    def unload(self) -> None:
        """Give the model's memory back."""

    @abstractmethod
    def close(self) -> None:
        """Release everything. The engine can't be used afterwards."""


class Embedder(ABC):
    """Runs one embedding model. Requests give events as an Engine's do; the last one is Failed or Stopped, or else
    EmbedderLoaded for load() and Embedded for embed().
    """

    @property
    @abstractmethod
    def info(self) -> EmbedderInfo | None:
        """The loaded model, or None."""

    @abstractmethod
    def load(self, request: LoadRequest) -> Iterator[EmbedEvent]:
        """Load a model in place of the one that was loaded before. The plan says how; its sizes are the model's own."""

    @abstractmethod
    def embed(self, request: EmbedRequest) -> Iterator[EmbedEvent]:
        """Compute vectors."""

    @abstractmethod
    def stop(self) -> None:
        """End the running request soon, with Stopped. May be called from any thread at any time."""

    @abstractmethod
    def unload(self) -> None:
        """Give the model's memory back."""

    @abstractmethod
    def close(self) -> None:
        """Release everything. The embedder can't be used afterwards."""

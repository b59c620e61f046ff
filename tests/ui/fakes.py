"""A core without a model or a database: conversations in memory, and a turn that plays a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot

from app.documents.render import RenderedPage, RenderFailure
from app.domain.chat import (
    Attachment,
    Conversation,
    ConversationId,
    Effort,
    Failure,
    Message,
    MessageId,
    Part,
    Reasoning,
    Role,
    Statistics,
    Status,
    Text,
    Unsent,
    new_conversation_id,
    new_message_id,
)
from app.domain.documents import FileStatus, Mark, StoredDocument
from app.domain.models import ContextPrice, Fit, ModelFile
from app.domain.search import SearchHit, SearchQuery
from app.errors import AppError, NotFoundError
from app.export.formats import Format, Writer
from app.export.transcript import Choices
from app.paths import Paths
from app.services.ahead import NOTHING_AHEAD, Ahead, Attached
from app.services.document_events import (
    AttachmentChanged,
    AttachmentId,
    Library,
    LibraryChanged,
    LibraryFile,
    PendingAttachment,
)
from app.services.events import (
    AnswerGrew,
    ConversationsChanged,
    Event,
    ModelChanged,
    ModelPhase,
    ModelState,
    Phase,
    QueueChanged,
    ReasoningGrew,
    TurnEnded,
    TurnProgress,
    TurnStarted,
)
from app.services.offers import Offer
from app.services.safety_events import SafetyEvent
from app.services.search import OnFound
from app.services.transfer_events import ExportRequest, ImportReport, Progress
from app.settings import Settings
from app.store.backups import Backup
from app.ui.ports import PagesPort
from tests.ui.fake_models import FakeEmbeddings, FakeModelStore

NOWHERE = ConversationId("c")
NOW = datetime.now(UTC)
MODEL = ModelFile(Path("/models/gpt-oss-20b.gguf"), "gpt-oss-20b", 12_109_566_560)
TRIAL = ModelFile(Path("/models/trial.gguf"), "SmolLM2 135M (trial)", 98_000_000, trial=True)
READY = ModelState(ModelPhase.READY, MODEL)
DEFAULTS = Settings()
GIB = 1 << 30
PRICES = (
    ContextPrice(4096, int(11.5 * GIB)),
    ContextPrice(8192, int(11.6 * GIB)),
    ContextPrice(16384, int(11.8 * GIB), Fit.TIGHT),
    ContextPrice(32768, int(12.2 * GIB), Fit.TOO_LARGE),
)
STATISTICS = Statistics(812, 640, 3.1, 4.2, 212, 9.8, context_tokens=5222, context_size=16384)


def message(
    role: Role,
    *parts: Part,
    conversation: ConversationId = NOWHERE,
    status: Status = Status.COMPLETE,
    **rest: Any,
) -> Message:
    return Message(new_message_id(), conversation, None, role, parts, NOW, status, **rest)


def question(text: str) -> Message:
    return message(Role.USER, Text(text))


def answer(text: str, *thoughts: Part, **rest: Any) -> Message:
    rest.setdefault("statistics", STATISTICS)
    return message(Role.ASSISTANT, *thoughts, Text(text), **rest)


def conversation(title: str, *messages: Message, age: timedelta = timedelta(0)) -> Conversation:
    identity = new_conversation_id()
    parents = [None, *(each.id for each in messages)]
    own = tuple(
        replace(each, conversation_id=identity, parent_id=parent)
        for each, parent in zip(messages, parents, strict=False)
    )
    return Conversation(identity, title, NOW - age, NOW - age, (NOW - age).date(), messages=own)


@dataclass(frozen=True)
class Script:
    """What a turn plays: pieces of thought, pieces of the answer, and how it ends."""

    thoughts: Sequence[str] = ("The user greets. ", "I greet back.")
    pieces: Sequence[str] = ("Hello! ", "How can **I** help?")
    status: Status = Status.COMPLETE
    tick: int = 1
    final: dict[str, Any] = field(default_factory=lambda: {"statistics": STATISTICS})


class FakeChat(QObject):
    """Plays one turn at a time, a piece per tick."""

    def __init__(self, conversations: Sequence[Conversation]) -> None:
        super().__init__()
        self.script = Script()
        self.calls: list[tuple[Any, ...]] = []
        self.refuse: AppError | None = None
        self.prepared: ConversationId | None = None
        self.ahead = NOTHING_AHEAD
        self.read_only: Failure | None = None
        self._all = {each.id: each for each in conversations}
        self._listeners: list[Callable[[Event], None]] = []
        self._answer: Message | None = None
        self._steps: list[Event] = []
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_tick)

    @property
    def running(self) -> MessageId | None:
        return self._answer.id if self._answer else None

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    def tell(self, *events: Event) -> None:
        for event in events:
            for listener in self._listeners:
                listener(event)

    def conversations(self, trashed: bool = False) -> list[Conversation]:
        return [each for each in self._all.values() if (each.trashed_at is not None) is trashed]

    def save_again(self) -> None:
        self.calls.append(("save_again",))

    def conversation(self, conversation_id: ConversationId) -> Conversation:
        if conversation_id not in self._all:
            raise NotFoundError("There is no such conversation.", "Choose another one.")
        return self._all[conversation_id]

    def latest(self, conversation_id: ConversationId, count: int) -> Conversation:
        found = self.conversation(conversation_id)
        return replace(found, messages=found.messages[-count:])

    def before(self, message: Message, count: int) -> Sequence[Message]:
        messages = self.conversation(message.conversation_id).messages
        at = next(place for place, each in enumerate(messages) if each.id == message.id)
        return messages[max(0, at - count) : at]

    def send(
        self,
        conversation_id: ConversationId | None,
        text: str,
        effort: Effort | None = None,
        attached: Attached | None = None,
    ) -> ConversationId:
        self.calls.append(("send", conversation_id, text, effort))
        if self.refuse is not None:
            raise self.refuse
        found = self._all[conversation_id] if conversation_id else conversation(text[:40])
        files = attached(found.id) if attached is not None else ()
        user = message(Role.USER, *files, Text(text), conversation=found.id)
        self._answer = message(Role.ASSISTANT, conversation=found.id, status=Status.STREAMING)
        self._all[found.id] = replace(found, messages=(*found.messages, user, self._answer))
        self._steps = self._play(found.id, self._answer.id)
        self.tell(TurnStarted(found.id, user, self._answer), ConversationsChanged())
        self._timer.start(self.script.tick)
        return found.id

    def answer_again(self, message_id: MessageId, *, resume: bool = False) -> None:
        self.calls.append(("continue" if resume else "answer_again", message_id))

    def accept(self, message_id: MessageId, offer: Offer) -> None:
        self.calls.append(("accept", message_id, offer))

    def show_from(self, conversation_id: ConversationId, first: MessageId | None) -> None:
        self._change(conversation_id, in_sight_from=first)

    def prepare(self, conversation_id: ConversationId | None, ahead: Ahead = NOTHING_AHEAD) -> None:
        self.prepared, self.ahead = conversation_id, ahead

    def stop(self) -> None:
        self.calls.append(("stop",))
        if self._answer is not None:
            self._end(Status.STOPPED)

    def answer_now(self) -> None:
        """End the thoughts that are still to come."""
        self.calls.append(("answer_now",))
        self._steps = [step for step in self._steps if not isinstance(step, ReasoningGrew)]

    def rename(self, conversation_id: ConversationId, title: str) -> None:
        self._change(conversation_id, title=title)

    def set_effort(self, conversation_id: ConversationId, effort: Effort) -> None:
        self._change(conversation_id, effort=effort)

    def move_to_trash(self, conversation_id: ConversationId) -> None:
        self._change(conversation_id, trashed_at=NOW)

    def restore(self, conversation_id: ConversationId) -> None:
        self._change(conversation_id, trashed_at=None)

    def _change(self, conversation_id: ConversationId, **changes: Any) -> None:
        self.calls.append((conversation_id, changes))
        self._all[conversation_id] = replace(self._all[conversation_id], **changes)
        self.tell(ConversationsChanged())

    def _play(self, conversation_id: ConversationId, answer_id: MessageId) -> list[Event]:
        def phase(which: Phase, *rest: Any) -> TurnProgress:
            return TurnProgress(conversation_id, answer_id, which, *rest)

        return [
            phase(Phase.PREFILL, 0.3, 23.0, 1200, 4000),
            phase(Phase.THINKING),
            *(ReasoningGrew(answer_id, text, at == 0) for at, text in enumerate(self.script.thoughts)),
            phase(Phase.ANSWERING),
            *(AnswerGrew(answer_id, text, at == 0) for at, text in enumerate(self.script.pieces)),
        ]

    @Slot()
    def _on_tick(self) -> None:
        if self._steps:
            self.tell(self._steps.pop(0))
        elif self._answer is not None:
            self._end(self.script.status)

    def _end(self, status: Status) -> None:
        self._timer.stop()
        ended, self._answer = self._answer, None
        assert ended is not None
        thoughts, text = "".join(self.script.thoughts), "".join(self.script.pieces)
        final = replace(ended, parts=(Reasoning(thoughts, 14.0, 212), Text(text)), status=status, **self.script.final)
        found = self._all[ended.conversation_id]
        self._all[found.id] = replace(found, messages=(*found.messages[:-1], final))
        self.tell(TurnEnded(final), ConversationsChanged())


class FakeOutbox:
    """Messages wait in a list, and are sent when a test says so."""

    def __init__(self, chat: FakeChat) -> None:
        self._chat = chat
        self._waiting: list[Unsent] = []

    def submit(
        self,
        conversation_id: ConversationId | None,
        text: str,
        effort: Effort | None = None,
        attached: Attached | None = None,
    ) -> ConversationId:
        if self._chat.running is None:
            return self._chat.send(conversation_id, text, effort, attached)
        assert conversation_id is not None
        assert attached is None
        self._waiting.append(Unsent(new_message_id(), conversation_id, NOW, text, effort))
        self._chat.tell(QueueChanged())
        return conversation_id

    def waiting(self) -> list[Unsent]:
        return list(self._waiting)

    def take_back(self, unsent_id: MessageId) -> Unsent | None:
        found = next((unsent for unsent in self._waiting if unsent.id == unsent_id), None)
        if found is not None:
            self._waiting.remove(found)
            self._chat.tell(QueueChanged())
        return found

    def is_alone(self, unsent: Unsent) -> bool:
        return not self._chat.conversation(unsent.conversation_id).messages

    def send_now(self, unsent_id: MessageId) -> None:
        unsent = self.take_back(unsent_id)
        if unsent is not None:
            self._chat.send(unsent.conversation_id, unsent.text, unsent.effort)


class FakeSafety:
    """Backups that a test gives it, and calls that it remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.stored: list[Backup] = []
        self._listeners: list[Callable[[SafetyEvent], None]] = []

    def subscribe(self, listener: Callable[[SafetyEvent], None]) -> None:
        self._listeners.append(listener)

    def tell(self, *events: SafetyEvent) -> None:
        for event in events:
            for listener in self._listeners:
                listener(event)

    def backups(self) -> list[Backup]:
        return list(self.stored)

    def count(self, backups: Sequence[Backup]) -> None:
        self.calls.extend(("count", backup.name) for backup in backups)

    def back_up_now(self) -> None:
        self.calls.append(("back_up_now",))

    def restore(self, backup: Backup) -> None:
        self.calls.append(("restore", backup.name))

    def delete_forever(self, ids: Sequence[ConversationId]) -> None:
        self.calls.append(("delete_forever", *ids))


class FakeVersions:
    """Notes what was asked for; a test says which versions there are."""

    def __init__(self, chat: FakeChat) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.families: dict[MessageId, tuple[MessageId, ...]] = {}
        self.refuse: AppError | None = None
        self._chat = chat

    def of(self, conversation_id: ConversationId) -> dict[MessageId, tuple[MessageId, ...]]:
        del conversation_id
        return self.families

    def show(self, message_id: MessageId) -> Conversation:
        self.calls.append(("show", message_id))
        return self._chat.conversations()[0]

    def edit(self, message_id: MessageId, text: str) -> None:
        self.calls.append(("edit", message_id, text))
        if self.refuse is not None:
            raise self.refuse

    def branch_off(self, message_id: MessageId) -> ConversationId:
        self.calls.append(("branch_off", message_id))
        return self._chat.conversations()[-1].id

    def duplicate(self, conversation_id: ConversationId) -> ConversationId:
        self.calls.append(("duplicate", conversation_id))
        return self._chat.conversations()[-1].id


class FakeNotes:
    """Pins and drafts in memory."""

    def __init__(self, chat: FakeChat) -> None:
        self.drafts: dict[ConversationId | None, str] = {}
        self.files: dict[ConversationId | None, Sequence[Path]] = {}
        self._chat = chat

    def pin(self, conversation_id: ConversationId, pinned: bool) -> None:
        self._chat._change(conversation_id, pinned_at=NOW if pinned else None)

    def draft(self, conversation_id: ConversationId | None) -> str:
        return self.drafts.get(conversation_id, "")

    def save_draft(self, conversation_id: ConversationId | None, text: str) -> bool:
        self.drafts[conversation_id] = text
        return True

    def draft_files(self, conversation_id: ConversationId | None) -> Sequence[Path]:
        return self.files.get(conversation_id, ())

    def save_draft_files(self, conversation_id: ConversationId | None, files: Sequence[Path]) -> bool:
        self.files[conversation_id] = files
        return True


class FakeTransfer:
    """Keeps what was asked for; a test says how it ends."""

    def __init__(self) -> None:
        self.requests: list[ExportRequest] = []
        self.files: list[Path] = []
        self.stopped = False
        self.handed_out: list[tuple[Sequence[ConversationId], Format]] = []
        self.progress: list[Progress] = []
        self.ends: list[Callable[[Any], None]] = []

    def export(
        self,
        request: ExportRequest,
        write_pdf: Writer,
        on_progress: Progress,
        on_end: Callable[[tuple[Path, ...] | AppError | None], None],
    ) -> None:
        del write_pdf
        self.requests.append(request)
        self.progress.append(on_progress)
        self.ends.append(on_end)

    def import_file(
        self, path: Path, on_progress: Progress, on_end: Callable[[ImportReport | AppError | None], None]
    ) -> None:
        self.files.append(path)
        self.progress.append(on_progress)
        self.ends.append(on_end)

    def hand_out(
        self, conversations: Sequence[ConversationId], form: Format, choices: Choices, write_pdf: Writer
    ) -> Sequence[Path]:
        self.handed_out.append((conversations, form))
        return [Path(f"/out/{number}{form.suffix}") for number, _ in enumerate(conversations)]

    def stop(self) -> None:
        self.stopped = True


class FakeSearch:
    """Finds at once what a test has laid out."""

    def __init__(self) -> None:
        self.queries: list[SearchQuery] = []
        self.found: Sequence[SearchHit] | AppError = ()

    def search(self, query: SearchQuery, on_found: OnFound) -> None:
        self.queries.append(query)
        on_found(self.found)

    def forget(self) -> None:
        self.queries.append(SearchQuery(""))


class FakeIdle:
    def __init__(self) -> None:
        self.ticks = 0

    def tick(self) -> None:
        self.ticks += 1


class FakeModels:
    """A model that is in whatever state a test puts it in."""

    def __init__(self, chat: FakeChat, state: ModelState, trial: ModelFile | None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._chat = chat
        self._state = state
        self._trial = trial

    @property
    def state(self) -> ModelState:
        return self._state

    def become(self, state: ModelState) -> None:
        self._state = state
        self._chat.tell(ModelChanged(state))

    def choose(self, path: Path) -> None:
        self.calls.append(("choose", path))
        self.become(ModelState(ModelPhase.LOADING, ModelFile(path, path.stem, 1), fraction=0.0))

    def load(self) -> None:
        self.calls.append(("load",))

    def unload(self) -> None:
        self.calls.append(("unload",))

    def use_context(self, context_size: int) -> None:
        self.calls.append(("use_context", context_size))

    def context_prices(self) -> tuple[ContextPrice, ...]:
        return PRICES

    def trial_model(self) -> ModelFile | None:
        return self._trial


class FakeDocuments:
    """Files and libraries in memory; a test says how they get on."""

    def __init__(self, chat: FakeChat) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.documents: dict[str, StoredDocument] = {}
        self.places: dict[str, tuple[Mark, ...]] = {}
        self.table: dict[str, list[LibraryFile]] = {}
        self._chat = chat
        self._pending: dict[AttachmentId, PendingAttachment] = {}
        self._libraries: dict[str, Library] = {}
        self._used: dict[ConversationId, str] = {}
        self.embeddings = FakeEmbeddings(chat.tell)

    def attach(self, path: Path) -> PendingAttachment:
        self.calls.append(("attach", path))
        pending = PendingAttachment(AttachmentId(f"a{len(self.calls)}"), path, path.name, 1000, FileStatus.READING)
        self._pending[pending.id] = pending
        return pending

    def become(self, name: str, status: FileStatus, **changes: Any) -> None:
        """A file gets on."""
        found = next(each for each in self._pending.values() if each.name == name)
        changed = replace(found, status=status, **changes)
        self._pending[found.id] = changed
        self._chat.tell(AttachmentChanged(changed))

    def discard(self, attachment_id: AttachmentId) -> None:
        self.calls.append(("discard", self._pending.pop(attachment_id).name))

    def pending(self) -> list[PendingAttachment]:
        return list(self._pending.values())

    def parts(self, ids: Sequence[AttachmentId]) -> tuple[Attachment, ...]:
        files = [self._pending[each] for each in ids]
        return tuple(Attachment(file.name, file.sha256, file.size) for file in files)

    def take(self, ids: Sequence[AttachmentId], conversation_id: ConversationId) -> list[Attachment]:
        taken = [self._pending.pop(each) for each in ids]
        self.calls.append(("take", conversation_id, [each.name for each in taken]))
        return [Attachment(each.name, each.sha256, each.size) for each in taken]

    def create(self, name: str, folders: Sequence[Path]) -> Library:
        self.put(Library(name, tuple(folders)))
        return self._libraries[name]

    def put(self, library: Library) -> None:
        """A library is as this says."""
        self._libraries[library.name] = library
        self._chat.tell(LibraryChanged(library))

    def remove(self, name: str) -> None:
        del self._libraries[name]
        self._chat.tell(LibraryChanged(Library(name, ())))

    def rescan(self, name: str) -> None:
        self.calls.append(("rescan", name))

    def pause(self, name: str) -> None:
        self.put(replace(self._libraries[name], paused=True))

    def resume(self, name: str) -> None:
        self.put(replace(self._libraries[name], paused=False))

    def libraries(self) -> list[Library]:
        return list(self._libraries.values())

    def files(self, name: str) -> list[LibraryFile]:
        return self.table.get(name, [])

    def use(self, conversation_id: ConversationId, name: str | None) -> None:
        self.calls.append(("use", conversation_id, name))
        self._used.pop(conversation_id, None)
        if name is not None:
            self._used[conversation_id] = name

    def used_by(self, conversation_id: ConversationId) -> str | None:
        return self._used.get(conversation_id)

    def stored(self, sha256: str) -> StoredDocument | None:
        return self.documents.get(sha256)

    def marks(self, sha256: str, start: int, end: int) -> tuple[Mark, ...]:
        return tuple(each for each in self.places.get(sha256, ()) if each.end > start and each.start < end)


class FakePages:
    """Draws white pages at once, or says why it can't."""

    def __init__(self) -> None:
        self.failure: RenderFailure | None = None
        self.asked: list[tuple[str, int]] = []

    def request(
        self, path: Path, sha256: str, page: int, width: int, done: Callable[[RenderedPage | RenderFailure], None]
    ) -> None:
        self.asked.append((sha256, page))
        done(self.failure or RenderedPage(page, width, 10, b"\xff" * (width * 10 * 3)))

    def check(self, path: Path, sha256: str, done: Callable[[RenderFailure | None], None]) -> None:
        done(self.failure)

    def forget_waiting(self) -> None:
        """Nothing waits."""


class FakeCore:
    """The object graph that the window is given in tests."""

    def __init__(
        self,
        *conversations: Conversation,
        state: ModelState = READY,
        trial: ModelFile | None = TRIAL,
        settings: Settings = DEFAULTS,
    ) -> None:
        self.chat = FakeChat(conversations)
        self.outbox = FakeOutbox(self.chat)
        self.idle = FakeIdle()
        self.safety = FakeSafety()
        self.documents = FakeDocuments(self.chat)
        self.pages: PagesPort = FakePages()
        self.notes = FakeNotes(self.chat)
        self.search = FakeSearch()
        self.versions = FakeVersions(self.chat)
        self.transfer = FakeTransfer()
        self.models = FakeModels(self.chat, state, trial)
        self.model_store = FakeModelStore(self.chat.tell)
        self.settings = settings
        self.paths = Paths(Path("/home/me/data"))
        self.states_size = 0
        self.refuse: AppError | None = None
        self.repairs: list[str] = []
        self.closed = False

    def update_settings(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)
        if self.refuse is not None:
            raise self.refuse

    def clear_states(self) -> None:
        self.states_size = 0

    def keep_states(self, megabytes: int) -> None:
        self.update_settings(states_mb=megabytes)
        if not megabytes:
            self.clear_states()

    def close(self) -> None:
        self.closed = True

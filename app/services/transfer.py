"""Taking conversations out of the application and in: which ones, where to, and what there is already."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from app.domain.chat import Conversation, ConversationId, Message, MessageId, Status
from app.domain.copies import renamed
from app.errors import AppError, NotFoundError, TransferError
from app.export.file_names import file_name, name_key
from app.export.files import already_there, write_file
from app.export.formats import WRITERS, Format, Writer
from app.export.lossless import conversation_to_json, to_json_pieces
from app.export.reading import Found, Unread, read_conversations
from app.export.transcript import Choices, title_of, transcript
from app.jobs import Lane, Post
from app.services.errands import Errands
from app.services.transfer_events import ExportRequest, Imported, ImportReport, Known, Progress
from app.store.conversations import ConversationStore

_Outcome = TypeVar("_Outcome")

_COPIES = uuid.UUID("0b0c7f7e-52b5-5d8a-9a53-0f8e4f0a8a6e")


def export_conversations(
    store: ConversationStore, request: ExportRequest, write_pdf: Writer, on_progress: Progress
) -> tuple[Path, ...]:
    """Write conversations and give the files. Raises AppError; nothing is written if a file would be overwritten.

    on_progress may raise StoppedError. Runs on any thread that the store was opened on.
    """
    listed = [*store.conversations(), *store.conversations(trashed=True)]
    known = {conversation.id: conversation for conversation in listed}
    chosen = [known[identity] for identity in dict.fromkeys(request.conversations) if identity in known]
    if not chosen:
        raise NotFoundError("There is no conversation to export.", "List the conversations to see their ids.")
    targets = _targets(chosen, request)
    whole = _counted((store.whole_conversation(conversation.id) for conversation in chosen), len(chosen), on_progress)
    if len(targets) == 1 and request.format is Format.JSON:
        write_file(targets[0], (piece.encode() for piece in to_json_pieces(whole)), request.overwrite)
        return tuple(targets)
    for target, conversation in zip(targets, whole, strict=True):
        write_file(target, _pieces(conversation, request, write_pdf), request.overwrite)
    return tuple(targets)


def _pieces(conversation: Conversation, request: ExportRequest, write_pdf: Writer) -> Iterable[bytes]:
    if request.format is Format.JSON:
        return (piece.encode() for piece in to_json_pieces([conversation]))
    writer = (WRITERS | {Format.PDF: write_pdf})[request.format]
    return [writer(transcript(conversation, request.choices))]


def import_conversations(store: ConversationStore, path: Path, on_progress: Progress) -> ImportReport:
    """Take in what a file has. Each conversation comes whole or not at all. Raises AppError.

    on_progress may raise StoppedError. Runs on any thread that the store was opened on.
    """
    imported: list[Imported] = []
    known: list[Known] = []
    unread: list[Unread] = []
    for count, item in enumerate(read_conversations(path)):
        on_progress(count, None)
        if isinstance(item, Unread):
            unread.append(item)
            continue
        outcome = _take_in(store, item)
        if isinstance(outcome, Imported):
            imported.append(outcome)
            unread += [Unread(outcome.title, problem, partly=True) for problem in outcome.problems]
        else:
            known.append(outcome)
    return ImportReport(tuple(imported), tuple(known), tuple(unread))


class TransferService:
    """Exports and imports beside everything else, one after another. Called on the main thread only."""

    def __init__(
        self,
        open_store: Callable[[], ConversationStore],
        lane: Lane,
        post: Post,
        on_imported: Callable[[], None],
        outgoing: Path,
    ) -> None:
        """open_store gives a store for the thread that calls it; on_imported is called when conversations came in.

        outgoing is a folder of ours for files that are handed out. What a process that was killed left there goes.
        """
        self._open_store = open_store
        self._outgoing = outgoing
        self._handed_out = 0
        self.forget_handed_out()
        self._errands = Errands(lane, post)
        self._on_imported = on_imported

    def export(
        self,
        request: ExportRequest,
        write_pdf: Writer,
        on_progress: Progress,
        on_end: Callable[[tuple[Path, ...] | AppError | None], None],
    ) -> None:
        """Start an export. on_end gets the files, what went wrong, or None after stop(). write_pdf runs on the lane."""
        self._start(
            lambda store, progress: export_conversations(store, request, write_pdf, progress), on_progress, on_end
        )

    def hand_out(
        self, conversations: Sequence[ConversationId], form: Format, choices: Choices, write_pdf: Writer
    ) -> tuple[Path, ...]:
        """Write conversations at once, for somebody who is about to take the files away. Raises AppError.

        They stay until close(): nobody tells when they have been copied.
        """
        self._handed_out += 1
        folder = self._outgoing / str(self._handed_out)
        request = ExportRequest(tuple(conversations), form, folder, choices, into_folder=True)
        with closing(self._open_store()) as store:
            return export_conversations(store, request, write_pdf, lambda _done, _total: None)

    def import_file(
        self, path: Path, on_progress: Progress, on_end: Callable[[ImportReport | AppError | None], None]
    ) -> None:
        """Start an import. on_end gets the report, what went wrong, or None after stop(); what came in stays."""

        def ended(outcome: ImportReport | AppError | None) -> None:
            self._on_imported()
            on_end(outcome)

        self._start(lambda store, progress: import_conversations(store, path, progress), on_progress, ended)

    def stop(self) -> None:
        """End what runs and what waits, after the conversation that it is at."""
        self._errands.stop()

    def close(self) -> None:
        self._errands.close()
        self.forget_handed_out()

    def forget_handed_out(self) -> None:
        """A conversation was deleted for good: nothing of it is to stay among the files that were handed out."""
        shutil.rmtree(self._outgoing, ignore_errors=True)

    def _start(
        self,
        work: Callable[[ConversationStore, Progress], _Outcome],
        on_progress: Progress,
        on_end: Callable[[_Outcome | AppError | None], None],
    ) -> None:
        def with_store(progress: Progress) -> _Outcome:
            with closing(self._open_store()) as store:
                return work(store, progress)

        self._errands.start(with_store, on_progress, on_end)


def _targets(chosen: list[Conversation], request: ExportRequest) -> list[Path]:
    """Say which files will be written, and see that none of them is there already."""
    output = request.output
    one_file = len(chosen) == 1 or request.format is Format.JSON
    if one_file and not request.into_folder and not output.is_dir():
        if not output.parent.is_dir():
            raise TransferError(f"There is no folder {output.parent}.", "Make it, or choose another place.")
        targets = [output]
    else:
        _make_folder(output)
        taken: set[str] = set()
        targets = []
        for conversation in chosen:
            name = file_name(title_of(conversation), request.format.suffix, taken)
            taken.add(name_key(name))
            targets.append(output / name)
    there = [target for target in targets if target.exists() or target.is_symlink()]
    if there and not request.overwrite:
        raise already_there(there[0])
    return targets


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise TransferError(f"{folder} is a file.", "Choose a folder for several conversations.") from None
    except OSError as error:
        raise TransferError(
            f"The folder {folder} can't be made ({error.strerror or error}).", "Choose another place."
        ) from error


def _counted(conversations: Iterator[Conversation], total: int, on_progress: Progress) -> Iterator[Conversation]:
    for done, conversation in enumerate(conversations):
        on_progress(done, total)
        yield conversation
    on_progress(total, total)


def _take_in(store: ConversationStore, found: Found) -> Imported | Known:
    """Store a conversation under its own ids, or, if these are taken by something else, under new ones.

    New ids are made of the content, so that a copy that came in before is recognised too.
    """
    # What was in the trash where it came from is wanted here.
    original = conversation = replace(found.conversation, trashed_at=None)
    attempt = 0
    while not store.insert_conversation(conversation):
        known = _stored(store, conversation.id)
        if known is not None and _content(conversation).items() <= _content(known).items():
            return Known(known.id, title_of(known), known.trashed_at is not None)
        attempt += 1
        conversation = _copy(original, attempt)
    return Imported(conversation.id, title_of(conversation), attempt > 0, found.problems)


def _stored(store: ConversationStore, identity: ConversationId) -> Conversation | None:
    try:
        return store.whole_conversation(identity)
    except NotFoundError:
        return None


def _content(conversation: Conversation) -> dict[MessageId, Message]:
    """Give what makes a conversation, whatever it is called, whichever branch is shown and however far it was written.

    One that was renamed or continued here holds all that it held before.
    """
    return {
        message.id: replace(message, status=Status.INTERRUPTED) if message.status is Status.STREAMING else message
        for message in conversation.messages
    }


def _copy(conversation: Conversation, attempt: int) -> Conversation:
    digest = hashlib.sha256(conversation_to_json(conversation).encode()).hexdigest()
    return renamed(conversation, lambda identity: uuid.uuid5(_COPIES, f"{digest} {attempt} {identity}").hex)

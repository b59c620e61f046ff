"""Between the documents of the core and the composer: files to send along, and the library that is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain.chat import Attachment, ConversationId
from app.domain.documents import FileStatus
from app.errors import AppError
from app.services.ahead import Ahead, Attached
from app.services.document_events import AttachmentId, PendingAttachment
from app.ui import document_words
from app.ui.composer import Composer
from app.ui.draft_files import DraftFiles
from app.ui.ports import CorePort, DocumentsPort

Send = Callable[[str, Attached | None], bool]
"""Sends a message; whether it could be sent."""

_UNREAD = frozenset({FileStatus.WAITING, FileStatus.READING})


class DocumentsController(QObject):
    """Sends a message once its files are read. Files that can't be read are left out, and say so before."""

    failed = Signal(object)  # AppError
    opened = Signal(object)  # PendingAttachment that the user wants to see

    def __init__(
        self, core: CorePort, documents: DocumentsPort, composer: Composer, send: Send, window: QWidget
    ) -> None:
        super().__init__(window)
        self._documents = documents
        self._chat = core.chat
        self._files = DraftFiles(documents, core.notes)
        self._composer = composer
        self._send = send
        self._window = window
        self._current: ConversationId | None = None
        self._library: str | None = None  # of a conversation that has not begun
        self._held = False
        self._read_ahead: tuple[ConversationId | None, tuple[AttachmentId, ...], str | None] | None = None
        self._connect()

    def _connect(self) -> None:
        composer = self._composer
        composer.attach.files_requested.connect(self.ask_for_files)
        composer.library.chosen.connect(self._on_library_chosen)
        composer.files_pasted.connect(self.attach)
        composer.message_submitted.connect(self.submit)
        bar = composer.attachments
        bar.removed.connect(self._on_removed)
        bar.opened.connect(self._on_opened)
        bar.sent_without.connect(self._on_sent_without)
        bar.held_back.connect(self._on_held_back)

    def show(self, current: ConversationId | None) -> None:
        """Show what belongs to the conversation that is looked at now, and to none yet."""
        if current != self._current:
            self._hold(False)
            self._current = current
        try:
            self._files.load(current)
        except AppError as error:
            self.failed.emit(error)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show how everything stands, and send what waited for it."""
        try:
            names = [library.name for library in self._documents.libraries()]
            used = self._documents.used_by(self._current) if self._current is not None else self._library
        except AppError as error:
            self.failed.emit(error)
            return
        self._composer.library.show_libraries(names, used if used in names else None)
        self._composer.attachments.show_files(self._pending)
        self._prepare()
        if self._held:
            if self._waits():
                self._hold(True)
            else:
                # Later: whoever tells of the last change may have more to tell.
                QTimer.singleShot(0, self, self._on_ready)

    def _prepare(self) -> None:
        """Have the model read what is going to come with the message while the user still writes it."""
        if self._reading():
            return
        ready = [file for file in self._pending if file.ready]
        library = self._library if self._current is None else None
        wanted = (self._current, tuple(file.id for file in ready), library) if ready or library else None
        before, self._read_ahead = self._read_ahead, wanted
        if wanted == before or (wanted is None and before is not None and before[0] != self._current):
            # Whoever shows another conversation has it prepared.
            return
        try:
            parts = self._documents.parts([file.id for file in ready])
        except AppError:
            # Sending the message will say so.
            return
        self._chat.prepare(self._current, Ahead(parts, bool(library) or not all(file.whole for file in ready)))

    @Slot()
    def ask_for_files(self) -> None:
        """Let the user choose files."""
        dialog = QFileDialog(self._window, self.tr("Attach files"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._on_files_selected)
        dialog.open()

    @Slot(list)
    def attach(self, paths: Sequence[Path]) -> None:
        """Have these files read, to go with the next message."""
        try:
            for path in paths:
                self._files.attach(self._current, path)
        except AppError as error:
            self.failed.emit(error)
        self.refresh()
        self._composer.take_focus()

    @Slot(str)
    def submit(self, text: str) -> None:
        """Send a message with its files, now or once they are read and the running answer has ended."""
        if self._waits():
            self._hold(True)
        else:
            self._send_now(text)

    def _send_now(self, text: str, ready_only: bool = True) -> None:
        self._hold(False)
        place, pending = self._current, self._pending
        ready = [file.id for file in pending if file.ready]
        library = self._library if self._current is None else None
        attached = self._binder(ready, library) if ready or library else None
        if not self._send(text, attached):
            return
        self._library = None
        for file in pending:
            if not file.ready and (ready_only or file.status not in _UNREAD):
                self._files.discard(place, file.id)
        if pending:
            self._files.move(place, self._current)
        self.refresh()

    def _binder(self, ids: Sequence[AttachmentId], library: str | None) -> Attached:
        def bind(conversation_id: ConversationId) -> Sequence[Attachment]:
            if library is not None:
                self._documents.use(conversation_id, library)
            return self._documents.take(ids, conversation_id) if ids else ()

        return bind

    @property
    def _pending(self) -> list[PendingAttachment]:
        """The files that will go with the message that is being written."""
        return self._files.of(self._current)

    def _reading(self) -> list[PendingAttachment]:
        return [file for file in self._pending if file.status in _UNREAD]

    def _waits(self) -> bool:
        """Whether a message would have to wait. One without files waits in a line of its own."""
        return bool(self._reading()) or (self._chat.running is not None and any(file.ready for file in self._pending))

    def _hold(self, held: bool) -> None:
        self._held = held
        reading = len(self._reading()) if held else 0
        words = document_words.waits_for(reading, self._chat.running is not None) if held else ""
        self._composer.attachments.say_waiting(words, can_skip=bool(reading) and self._chat.running is None)

    @Slot()
    def _on_ready(self) -> None:
        text = self._composer.text.strip()
        if self._held and not self._waits():
            if text:
                self._send_now(text)
            else:
                self._hold(False)

    @Slot()
    def _on_sent_without(self) -> None:
        """What is not read yet stays, for the message after this one."""
        self._send_now(self._composer.text.strip(), ready_only=False)

    @Slot()
    def _on_held_back(self) -> None:
        self._hold(False)
        self._composer.take_focus()

    @Slot(list)
    def _on_files_selected(self, names: list[str]) -> None:
        self.attach([Path(name) for name in names])

    @Slot(str)
    def _on_removed(self, key: str) -> None:
        self._files.discard(self._current, AttachmentId(key))
        self.refresh()
        self._composer.take_focus()

    @Slot(str)
    def _on_opened(self, key: str) -> None:
        for file in self._pending:
            if file.id == key and file.sha256:
                self.opened.emit(file)

    @Slot(str)
    def _on_library_chosen(self, name: str) -> None:
        try:
            if self._current is None:
                self._library = name or None
            else:
                self._documents.use(self._current, name or None)
        except AppError as error:
            self.failed.emit(error)
        self.refresh()

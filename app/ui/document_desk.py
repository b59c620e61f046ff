"""All that the window does with documents: what is sent along, what is kept in libraries, what is looked at."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.domain.chat import ConversationId
from app.services.document_events import AttachmentChanged, LibraryChanged, PendingAttachment
from app.services.events import Event, TurnEnded
from app.ui.documents_controller import DocumentsController, Send
from app.ui.libraries_controller import LibrariesController
from app.ui.panels import Panels
from app.ui.ports import CorePort
from app.ui.theme import Theme
from app.ui.viewer_controller import ViewerController


class DocumentDesk(QObject):
    """Without an index there is nothing to attach to or to search in; what old answers cite can still be looked at."""

    failed = Signal(object)  # AppError

    def __init__(self, core: CorePort, panels: Panels, theme: Theme, send: Send, window: QWidget) -> None:
        super().__init__(window)
        self._panels = panels
        self._current: ConversationId | None = None
        self.viewer = ViewerController(core.documents, core.pages, panels.document, window)
        self.attachments: DocumentsController | None = None
        self.libraries: LibrariesController | None = None
        if core.documents is not None:
            self.attachments = DocumentsController(core, core.documents, panels.composer, send, window)
            self.libraries = LibrariesController(core.documents, theme, window)
        self._connect(send)

    def _connect(self, send: Send) -> None:
        transcript, composer = self._panels.pages.transcript, self._panels.composer
        transcript.citation_opened.connect(self.viewer.open_citation)
        transcript.attachment_opened.connect(self.viewer.open_attachment)
        self.viewer.failed.connect(self.failed)
        composer.attach.setVisible(self.attachments is not None)
        if self.attachments is None or self.libraries is None:
            composer.message_submitted.connect(send)
            return
        self.attachments.failed.connect(self.failed)
        self.attachments.opened.connect(self._on_pending_opened)
        self.libraries.failed.connect(self.failed)
        self.libraries.changed.connect(self.attachments.refresh)
        composer.attach.libraries_requested.connect(self.libraries.open)
        self._panels.sidebar.offer_libraries()
        self._panels.sidebar.libraries_requested.connect(self.libraries.open)

    @property
    def takes_files(self) -> bool:
        return self.attachments is not None

    def show(self, current: ConversationId | None) -> None:
        """Another conversation is looked at, or the same one moved on."""
        if current != self._current:
            # A conversation that has just begun is still the same.
            if self._current is not None:
                self.viewer.close()
            self._current = current
        if self.attachments is not None:
            self.attachments.show(current)

    def handle(self, event: Event) -> None:
        """Take what the core tells of documents, and of the ends of answers that messages with files wait for."""
        match event:
            case AttachmentChanged() if self.attachments is not None:
                self.attachments.refresh()
            case LibraryChanged() if self.attachments is not None and self.libraries is not None:
                self.libraries.refresh()
                self.attachments.refresh()
            case TurnEnded() if self.attachments is not None:
                # Later: what waits in line for this end goes first.
                QTimer.singleShot(0, self, self.attachments.refresh)
            case _:
                pass

    def take(self, paths: list[Path]) -> None:
        """Take what was dropped: folders become a library, files go with the next message."""
        folders = [path for path in paths if path.is_dir()]
        if folders and self.libraries is not None:
            self.libraries.propose(folders)
        elif self.attachments is not None:
            self.attachments.attach(paths)

    @Slot()
    def ask_for_files(self) -> None:
        """Let the user choose files to attach, where that can be."""
        if self.attachments is not None and not self._panels.composer.isHidden():
            self.attachments.ask_for_files()

    @Slot(object)
    def _on_pending_opened(self, file: PendingAttachment) -> None:
        self.viewer.open_document(file.sha256, file.name)

"""The files that are attached and not yet sent: each belongs to the draft of one conversation, and is kept with it."""

from __future__ import annotations

from pathlib import Path

from app.domain.chat import ConversationId
from app.services.document_events import AttachmentId, PendingAttachment
from app.ui.ports import DocumentsPort, NotesPort

Place = ConversationId | None
"""A conversation, or the one that has not begun."""


class DraftFiles:
    """Reads them again when their conversation is looked at for the first time after a start."""

    def __init__(self, documents: DocumentsPort, notes: NotesPort) -> None:
        self._documents = documents
        self._notes = notes
        self._places: dict[AttachmentId, Place] = {}
        self._loaded: set[Place] = set()

    def of(self, place: Place) -> list[PendingAttachment]:
        """The files of a draft, in the order of their coming."""
        mine = {identity for identity, known in self._places.items() if known == place}
        return [file for file in self._documents.pending() if file.id in mine]

    def load(self, place: Place) -> None:
        """Have the files read that were in a draft when the application ended. Raises AppError."""
        if place in self._loaded:
            return
        self._loaded.add(place)
        for path in self._notes.draft_files(place):
            self._places[self._documents.attach(path).id] = place

    def attach(self, place: Place, path: Path) -> None:
        """Add a file to a draft. Raises AppError."""
        self._places[self._documents.attach(path).id] = place
        self.save(place)

    def discard(self, place: Place, attachment_id: AttachmentId) -> None:
        self._documents.discard(attachment_id)
        self._places.pop(attachment_id, None)
        self.save(place)

    def move(self, place: Place, to: Place) -> None:
        """What is left of a draft goes on in another one: the conversation has begun."""
        for file in self.of(place):
            self._places[file.id] = to
        self._loaded.add(to)
        self.save(place)
        self.save(to)

    def save(self, place: Place) -> None:
        """Keep which files are in a draft now."""
        self._notes.save_draft_files(place, [file.path for file in self.of(place)])

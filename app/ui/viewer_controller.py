"""Between what an answer cites, the documents of the core, and the panel that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QWidget

from app.documents.render import FailureReason, RenderedPage, RenderFailure
from app.domain.chat import Attachment, Citation
from app.domain.documents import DocumentKind, StoredDocument
from app.errors import AppError
from app.ui.document_panel import DocumentPanel
from app.ui.file_opener import FileOpener
from app.ui.ports import DocumentsPort, PagesPort


class ViewerController(QObject):
    """Opens the panel at a citation or a file, and closes it again."""

    visibility_changed = Signal(bool)  # the panel is wanted
    failed = Signal(object)  # AppError

    def __init__(
        self, documents: DocumentsPort | None, pages: PagesPort, panel: DocumentPanel, window: QWidget
    ) -> None:
        super().__init__(window)
        self._documents = documents
        self._pages = pages
        self._panel = panel
        self._opener = FileOpener(window)
        self._citations: list[Citation] = []
        self._place = 0
        self._shown: StoredDocument | None = None
        self._range = (0, 0)
        self._connect()

    def _connect(self) -> None:
        self._panel.closed.connect(self.close)
        self._panel.citation_wanted.connect(self._on_citation_wanted)
        self._panel.pages.pages_wanted.connect(self._on_pages_wanted)
        self._panel.open_requested.connect(self._on_open_requested)
        self._panel.folder_requested.connect(self._on_folder_requested)

    @property
    def opener(self) -> FileOpener:
        return self._opener

    @Slot(object, int)
    def open_citation(self, citations: Sequence[Citation], place: int) -> None:
        """Show one of an answer's citations; the reader can step through all that lead somewhere."""
        wanted = citations[place]
        if not wanted.sha256 and not wanted.passage:
            return
        self._citations = [each for each in citations if each.sha256 or each.passage]
        self._place = self._citations.index(wanted)
        self._show_citation()
        self._panel.take_focus()

    @Slot(object)
    def open_attachment(self, attachment: Attachment) -> None:
        """Show a file that came with a message, from its beginning."""
        self.open_document(attachment.sha256, attachment.name, attachment.text)

    def open_document(self, sha256: str, name: str, text: str = "") -> None:
        """Show a document by its content; text is what is left of it should the index have it no more."""
        self._citations, self._place = [], 0
        try:
            stored = self._stored(sha256)
        except AppError as error:
            self.failed.emit(error)
            return
        if stored is None:
            self._show(_left_of(name, text), (0, 0), self._missing(bool(text)))
        else:
            self._show(stored, (0, 0))
        self._panel.set_citation(0, 0)
        self._panel.take_focus()

    @Slot()
    def close(self) -> None:
        """Take the panel away."""
        self._pages.forget_waiting()
        self._shown = None
        self.visibility_changed.emit(False)

    def _show_citation(self) -> None:
        citation = self._citations[self._place]
        try:
            stored = self._stored(citation.sha256)
        except AppError as error:
            self.failed.emit(error)
            return
        if stored is None:
            passage = citation.passage
            self._show(_left_of(citation.document, passage), (0, len(passage)), self._missing(bool(passage)))
        else:
            self._show(stored, (citation.start, citation.end))
        self._panel.set_citation(self._place + 1, len(self._citations))

    def _stored(self, sha256: str) -> StoredDocument | None:
        return self._documents.stored(sha256) if self._documents is not None and sha256 else None

    def _show(self, document: StoredDocument, characters: tuple[int, int], notice: str = "") -> None:
        """Show a document with these characters marked. A PDF's pages need the file; what is left is its text."""
        anew = not self._is_shown(document) or not self._panel.isVisible()
        was_text = not anew and not self._panel.shows_pages
        self._shown, self._range = document, characters
        self._pages.forget_waiting()
        self.visibility_changed.emit(True)
        paged = document.kind is DocumentKind.PDF and bool(document.units) and bool(document.path)
        if anew:
            self._panel.say(notice)
            self._panel.set_reachable(bool(document.path))
        if not paged or was_text:
            self._panel.show_text(document, *characters)
        else:
            marks = self._documents.marks(document.sha256, *characters) if self._documents and any(characters) else ()
            self._panel.show_pages(document, marks)
        if document.path and anew and not paged:
            self._pages.check(Path(document.path), document.sha256, partial(self._on_checked, document))

    def _is_shown(self, document: StoredDocument) -> bool:
        shown = self._shown
        return shown is not None and (shown.sha256, shown.name) == (document.sha256, document.name)

    def _missing(self, something: bool) -> str:
        if something:
            return self.tr("This document is no longer kept here. Below is what the message kept of it.")
        return self.tr("This document is no longer kept here.")

    @Slot(int)
    def _on_citation_wanted(self, step: int) -> None:
        if 0 <= self._place + step < len(self._citations):
            self._place += step
            self._show_citation()

    @Slot(list)
    def _on_pages_wanted(self, wanted: list[tuple[int, int]]) -> None:
        document = self._shown
        if document is None:
            return
        self._pages.forget_waiting()
        for page, width in wanted:
            done = partial(self._on_drawn, document, page)
            self._pages.request(Path(document.path), document.sha256, page, width, done)

    def _on_drawn(self, document: StoredDocument, page: int, drawn: RenderedPage | RenderFailure) -> None:
        if not self._is_shown(document):
            return
        if isinstance(drawn, RenderedPage):
            self._panel.pages.set_picture(page, _pixmap(drawn))
        elif drawn.reason is FailureReason.FAILED:
            self._panel.pages.set_failure(page, drawn.sentence)
        else:
            self._pages.forget_waiting()
            self._on_checked(document, drawn)
            self._panel.show_text(document, *self._range)

    def _on_checked(self, document: StoredDocument, failure: RenderFailure | None) -> None:
        """Say what became of the file; its text is as it was read."""
        if failure is None or not self._is_shown(document):
            return
        self._panel.set_reachable(failure.reason is FailureReason.CHANGED)
        self._panel.say(f"{failure.sentence} {self.tr('Below is its text as it was read.')}")

    @Slot()
    def _on_open_requested(self) -> None:
        if self._shown is not None:
            self._opener.open(Path(self._shown.path))

    @Slot()
    def _on_folder_requested(self) -> None:
        if self._shown is not None:
            self._opener.show_in_folder(Path(self._shown.path))


def _left_of(name: str, text: str) -> StoredDocument:
    """What is known of a document that the index has no more."""
    return StoredDocument("", name, "", 0, DocumentKind.TEXT, "", text)


def _pixmap(page: RenderedPage) -> QPixmap:
    line = 3 * page.width
    return QPixmap.fromImage(QImage(page.pixels, page.width, page.height, line, QImage.Format.Format_RGB888))

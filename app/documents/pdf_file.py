"""A PDF that is open in PDFium, and the pages of it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from app.documents.limits import UnreadableError, damaged
from app.documents.pdf_pages import PageText, read_page
from app.documents.source import Source
from app.domain.documents import FileStatus

_PAGES_AT_A_TIME = 250


def open_pdf(source: Source) -> Any:
    """The document. Raises UnreadableError."""
    try:
        return pypdfium2.PdfDocument(source.memory())
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}:
            raise UnreadableError(
                FileStatus.ENCRYPTED, "The file is protected by a password. Save a copy without one to use it here."
            ) from None
        raise damaged("The file is damaged: it is no complete PDF.") from None


class PageReader:
    """Reads page after page, and opens the file anew now and then.

    PDFium keeps what it has parsed of each page until the document is closed, which is more than the text of it.
    """

    def __init__(self, source: Source) -> None:
        """Raises UnreadableError."""
        self._source = source
        self._open()

    @property
    def count(self) -> int:
        return len(self._document)

    def read(self, index: int) -> PageText:
        """The lines of a page; index from 0. Raises UnreadableError."""
        if self._read == _PAGES_AT_A_TIME:
            self._document.close()
            self._open()
        self._read += 1
        form = self._document.formenv
        return read_page(self._document.raw, index, form.raw if form is not None else None)

    def close(self) -> None:
        self._document.close()

    def _open(self) -> None:
        self._document, self._read = open_pdf(self._source), 0
        with suppress(pypdfium2.PdfiumError):
            # Does nothing where there is no form.
            self._document.init_forms()

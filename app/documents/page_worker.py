"""The process that draws a PDF's pages: closed like the reading process, and asked for one page at a time.

Only this process imports the module, and PDFium with it, before it closes itself. What the two sides say to each other
is in ``page_wire``.
"""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from app.documents import sandbox
from app.documents.page_wire import ANSWER, ASK, CHANNELS, NONE, PAGE, Opening, fitted
from app.documents.source import Source
from app.documents.worker import PASSES_DESCRIPTORS
from app.process_name import name_process


def draw_pages(connection: Connection) -> None:
    """Main function of the process: open one PDF, close the process, draw pages until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    name_process("pages")
    _be_silent()
    try:
        opening = Opening.from_json(connection.recv_bytes())
        descriptor = recv_handle(connection) if PASSES_DESCRIPTORS else os.open(opening.path, os.O_RDONLY | _binary())
        with os.fdopen(descriptor, "rb") as file:
            source = Source.of(file, opening.size, "")
            sandbox.close(opening.limits, opening.size)
            _serve(connection, source)
    except (EOFError, OSError):
        return
    finally:
        # Past all exit handlers, which may want what is closed by now.
        os._exit(0)


def _serve(connection: Connection, source: Source) -> None:
    document = _open(source)
    while True:
        number, width = ASK.unpack(connection.recv_bytes(ASK.size))
        try:
            answer = _draw(document, number - 1, width) if document is not None else b""
        except (MemoryError, ValueError):
            answer = b""
        connection.send_bytes(answer or ANSWER.pack(NONE, 0, 0))


def _open(source: Source) -> Any:
    try:
        document = pypdfium2.PdfDocument(source.memory())
    except pypdfium2.PdfiumError:
        return None
    with suppress(pypdfium2.PdfiumError):
        # Does nothing where there is no form.
        document.init_forms()
    return document


def _draw(document: Any, index: int, width: int) -> bytes:
    """One page with its annotations and what is filled in on white; nothing where PDFium can't load it."""
    page = pdfium.FPDF_LoadPage(document.raw, index)
    if not page:
        return b""
    form = document.formenv.raw if document.formenv is not None else None
    if form is not None:
        pdfium.FORM_OnAfterLoadPage(page, form)
    try:
        across, down = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        if not (across > 0 and down > 0):
            return b""
        width, height = fitted(across, down, width)
        pixels = bytearray(width * height * CHANNELS)
        memory = (ctypes.c_ubyte * len(pixels)).from_buffer(pixels)
        bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_BGR, memory, width * CHANNELS)
        if not bitmap:
            return b""
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
        if form is not None:
            pdfium.FPDF_FFLDraw(form, bitmap, page, 0, 0, width, height, 0, flags)
        pdfium.FPDFBitmap_Destroy(bitmap)
        return ANSWER.pack(PAGE, width, height) + bytes(pixels)
    finally:
        if form is not None:
            pdfium.FORM_OnBeforeClosePage(page, form)
        pdfium.FPDF_ClosePage(page)


def _be_silent() -> None:
    """What native code prints about a broken file helps nobody."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)


def _binary() -> int:
    return int(getattr(os, "O_BINARY", 0))

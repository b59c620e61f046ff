"""What was filled into a PDF's form or typed onto its pages: PDFium's text of a page holds none of it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2.raw as pdfium

_UNSEEN = pdfium.FPDF_ANNOT_FLAG_INVISIBLE | pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_MOST_ANNOTATIONS = 5_000
_MOST_BYTES = 64 << 10
_WRITTEN = frozenset({pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX})
_TICKED = frozenset({pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON})
_TICK = "☒"
_OFF = frozenset({"", "Off"})
_PASSWORD = 1 << 13
"""The bit of a field's flags that says that its value is not to be shown (PDF 32000-1, table 228)."""

Place = tuple[float, float, float, float]
"""Left, bottom, right, top in PDF coordinates."""


def filled_in(page: Any, form: Any) -> list[tuple[str, Place]]:
    """The texts of fields and free text annotations that are shown, and ticks, with where they stand.

    form is the document's, None where it has none.
    """
    found = []
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST_ANNOTATIONS)):
        with _annotation(page, index) as annotation:
            text = _text(annotation, form) if annotation else ""
            rectangle = pdfium.FS_RECTF()
            if text and pdfium.FPDFAnnot_GetRect(annotation, rectangle):
                found.append((text, (rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)))
    return found


@contextmanager
def _annotation(page: Any, index: int) -> Iterator[Any]:
    annotation = pdfium.FPDFPage_GetAnnot(page, index)
    try:
        yield annotation
    finally:
        if annotation:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _text(annotation: Any, form: Any) -> str:
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    is_field = kind == pdfium.FPDF_ANNOT_WIDGET and form is not None
    if not is_field and kind != pdfium.FPDF_ANNOT_FREETEXT:
        return ""
    if pdfium.FPDFAnnot_GetFlags(annotation) & _UNSEEN:
        return ""
    return _field_text(annotation, form) if is_field else _entry(annotation, b"Contents")


def _field_text(annotation: Any, form: Any) -> str:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _TICKED:
        return "" if _entry(annotation, b"AS") in _OFF else _TICK
    if kind not in _WRITTEN or pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return ""
    return _wide(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)


def _entry(annotation: Any, key: bytes) -> str:
    return _wide(pdfium.FPDFAnnot_GetStringValue, annotation, key)


def _wide(function: Any, *arguments: Any) -> str:
    """What a function of PDFium gives that writes UTF-16 into a buffer: it tells the size when it is given none."""
    size = function(*arguments, None, 0)
    if not 2 < size <= _MOST_BYTES:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    function(*arguments, buffer, size)
    return " ".join(bytes(buffer)[: size - 2].decode("utf-16-le", errors="replace").split())

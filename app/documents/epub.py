"""EPUB: chapters in reading order (EPUB 3.3: container, package document, spine)."""

from __future__ import annotations

import posixpath
import re

from app.documents import xml
from app.documents.archive import Archive
from app.documents.builder import DocumentBuilder
from app.documents.html import add_html, decode_page
from app.documents.limits import UnreadableError, damaged
from app.documents.source import Source
from app.domain.documents import FileStatus, UnitKind

_CONTAINER = "META-INF/container.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
# XHTML may close what HTML can't: read as HTML, <title/> or <a id="x"/> would swallow all that follows.
_CLOSED = re.compile(
    r"<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)\b)([A-Za-z][\w:-]*)((?:\s[^<>]*)?)/>"
)
_QUOTED = re.compile(rb"%([0-9A-Fa-f]{2})")
_FONT_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def extract(source: Source, builder: DocumentBuilder) -> None:
    archive = Archive(source, builder.limits)
    package = _package_name(archive)
    with archive.open(package) as stream:
        root = xml.parse(stream, doctype=True)
    builder.title = next((one.text or "" for one in root.iter("{*}title")), "")
    chapters = _spine(root, posixpath.dirname(package))
    if not chapters:
        raise damaged("The file is damaged: it lists no chapters.")
    _refuse_protected(archive, chapters)
    missing = sum(name not in archive for name in chapters)
    if missing:
        builder.notes.append(f"Chapters that are missing from the file: {missing:,} of {len(chapters):,}.")
    for number, name in enumerate(chapters, 1):
        if name in archive:
            builder.leave_headings()
            builder.begin_unit(UnitKind.CHAPTER, number)
            add_html(_CLOSED.sub(r"<\1\2></\1>", decode_page(archive.read(name))), builder)


def _package_name(archive: Archive) -> str:
    with archive.open(_CONTAINER) as stream:
        for one in xml.parse(stream, doctype=True).iter("{*}rootfile"):
            return xml.attribute(one, "full-path")
    raise damaged("The file is damaged: it does not say where the book is.")


def _spine(package: xml.Element, folder: str) -> list[str]:
    """The names of the chapters in reading order, without the table of contents."""
    items = {xml.attribute(one, "id"): one for one in package.iter("{*}item")}
    names = []
    for reference in package.iter("{*}itemref"):
        item = items.get(xml.attribute(reference, "idref"))
        if item is None or xml.attribute(item, "media-type") not in _PAGES:
            continue
        if "nav" not in xml.attribute(item, "properties").split():
            names.append(posixpath.normpath(posixpath.join(folder, _unquoted(xml.attribute(item, "href")))))
    return names


def _refuse_protected(archive: Archive, chapters: list[str]) -> None:
    """Books with digital rights management list encrypted chapters; a list of obfuscated fonts harms nothing."""
    if "META-INF/encryption.xml" not in archive:
        return
    with archive.open("META-INF/encryption.xml") as stream:
        for one in xml.parse(stream, doctype=True).iter("{*}EncryptedData"):
            method = next((xml.attribute(found, "Algorithm") for found in one.iter("{*}EncryptionMethod")), "")
            targets = {_unquoted(xml.attribute(found, "URI")) for found in one.iter("{*}CipherReference")}
            if method not in _FONT_OBFUSCATION and targets & set(chapters):
                raise UnreadableError(FileStatus.ENCRYPTED, "The book is protected against copying and can't be read.")


def _unquoted(reference: str) -> str:
    """A reference without percent encoding and without the place it points to (RFC 3986)."""
    path = reference.partition("#")[0].encode()
    return _QUOTED.sub(lambda match: bytes.fromhex(match.group(1).decode()), path).decode(errors="replace")

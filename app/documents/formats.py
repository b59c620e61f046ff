"""Which format a file has, by its first bytes and its name, and which module reads it.

The names of modules stand here and not the modules: each loads only in the process that needs it.
"""

from __future__ import annotations

import re

from app.documents.limits import UnreadableError
from app.domain.documents import DocumentKind, FileStatus

HEAD_BYTES = 64 << 10
"""How much of a file's beginning decides."""

EXTRACTORS: dict[DocumentKind, str] = {
    DocumentKind.PDF: "app.documents.pdf:extract",
    DocumentKind.DOCX: "app.documents.word:extract",
    DocumentKind.PPTX: "app.documents.slides:extract",
    DocumentKind.XLSX: "app.documents.spreadsheet:extract",
    DocumentKind.ODT: "app.documents.opendocument:extract",
    DocumentKind.ODS: "app.documents.opendocument:extract",
    DocumentKind.ODP: "app.documents.opendocument:extract",
    DocumentKind.EPUB: "app.documents.epub:extract",
    DocumentKind.RTF: "app.documents.rtf:extract",
    DocumentKind.HTML: "app.documents.html:extract",
    DocumentKind.MARKDOWN: "app.documents.plain:extract",
    DocumentKind.TEXT: "app.documents.plain:extract",
    DocumentKind.CODE: "app.documents.plain:extract_code",
    DocumentKind.TABLE: "app.documents.separated:extract",
    DocumentKind.JSON: "app.documents.json_text:extract",
    DocumentKind.MAIL: "app.documents.mail:extract",
    DocumentKind.OLE: "app.documents.ole:extract",
}

_BY_SUFFIX = {
    DocumentKind.PDF: "pdf",
    DocumentKind.DOCX: "docx docm dotx dotm",
    DocumentKind.PPTX: "pptx pptm ppsx ppsm potx potm",
    DocumentKind.XLSX: "xlsx xlsm xltx xltm",
    DocumentKind.ODT: "odt ott",
    DocumentKind.ODS: "ods ots",
    DocumentKind.ODP: "odp otp",
    DocumentKind.EPUB: "epub",
    DocumentKind.RTF: "rtf",
    DocumentKind.HTML: "html htm xhtml xht",
    DocumentKind.MARKDOWN: "md markdown mdown",
    DocumentKind.TEXT: "txt text rst adoc asciidoc org tex log nfo srt vtt",
    DocumentKind.TABLE: "csv tsv tab",
    DocumentKind.JSON: "json jsonl ndjson ipynb geojson",
    DocumentKind.MAIL: "eml",
    DocumentKind.OLE: "doc xls ppt msg",
    DocumentKind.CODE: (
        "py pyi pyw js mjs cjs ts tsx jsx java kt kts c h cc cpp cxx hpp hh cs go rs rb php pl pm swift scala sh bash "
        "zsh fish ps1 bat cmd sql r jl lua hs ml clj ex exs erl dart vb fs f90 asm s css scss less vue svelte yaml yml "
        "toml ini cfg conf properties env xml xsd xsl xslt svg gradle cmake make mk diff patch proto graphql tf nix bib"
    ),
}
SUFFIXES: dict[str, DocumentKind] = {
    f".{suffix}": kind for kind, names in _BY_SUFFIX.items() for suffix in names.split()
}
"""Which kind a name's ending stands for; what a folder's scan takes up."""

_CODE_NAMES = frozenset(
    {"makefile", "dockerfile", "cmakelists.txt", "jenkinsfile", "rakefile", "gemfile", "vagrantfile"}
)
_OPEN_DOCUMENT = {
    b"application/vnd.oasis.opendocument.text": DocumentKind.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": DocumentKind.ODS,
    b"application/vnd.oasis.opendocument.presentation": DocumentKind.ODP,
    b"application/epub+zip": DocumentKind.EPUB,
}
_OFFICE_FOLDERS = {b"word": DocumentKind.DOCX, b"ppt": DocumentKind.PPTX, b"xl": DocumentKind.XLSX}
# The name of an entry follows 26 bytes of its header (APPNOTE.TXT, 4.3.7).
_OFFICE_ENTRY = re.compile(rb"PK\x03\x04.{26}(word|ppt|xl)/", re.S)
_ZIPPED = frozenset({*_OFFICE_FOLDERS.values(), *_OPEN_DOCUMENT.values()})
_FOREIGN = (
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\0", "a picture"),
    (b"MM\0*", "a picture"),
    (b"BM", "a picture"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"\x1aE\xdf\xa3", "a film"),
    (b"\x1f\x8b", "an archive"),
    (b"BZh", "an archive"),
    (b"\xfd7zXZ", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"Rar!", "an archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
)
_MAIL_HEADER = re.compile(rb"(?:[\x21-\x39\x3b-\x7e]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){3}")
_MAIL_NAMES = re.compile(rb"^(?:From|Received|Return-Path|Message-ID|MIME-Version):", re.I | re.M)


def identify(head: bytes, name: str) -> DocumentKind:
    """The kind of a file, from its first 64 KiB and its name. Content wins over the name.

    Raises UnreadableError for what can't be read.
    """
    suffix = "." + name.lower().rpartition(".")[2]
    named = DocumentKind.CODE if name.lower() in _CODE_NAMES else SUFFIXES.get(suffix)
    if b"%PDF-" in head[:1024]:
        return DocumentKind.PDF
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return DocumentKind.OLE
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(head, named)
    if named is DocumentKind.PDF or named in _ZIPPED:
        raise UnreadableError(FileStatus.DAMAGED, f"The file is damaged: it is named {suffix}, but its content is not.")
    _refuse_foreign(head, named)
    return _textual(head, named)


def _zipped(head: bytes, named: DocumentKind | None) -> DocumentKind:
    # The first entry of OpenDocument files and e-books says what they are, unpacked, from byte 38 on.
    if head[30:38] == b"mimetype":
        for mark, kind in _OPEN_DOCUMENT.items():
            if head[38:].startswith((mark, mark + b"-template")) or mark in head[38:160]:
                return kind
    entry = _OFFICE_ENTRY.search(head)
    if entry:
        return _OFFICE_FOLDERS[entry.group(1)]
    if named in _ZIPPED:
        return named
    raise UnreadableError(FileStatus.UNSUPPORTED, "This is an archive. Unpack it to use what is in it.")


def _refuse_foreign(head: bytes, named: DocumentKind | None) -> None:
    for mark, what in _FOREIGN:
        # Text may begin with the two letters of some of them.
        if head.startswith(mark) and (len(mark) > 3 or named is None or b"\0" in head[:512]):
            raise UnreadableError(FileStatus.UNSUPPORTED, f"This is {what}. Only documents with text can be read.")
    if head[4:8] == b"ftyp":
        raise UnreadableError(FileStatus.UNSUPPORTED, "This is a film. Only documents with text can be read.")


def _textual(head: bytes, named: DocumentKind | None) -> DocumentKind:
    start = head[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{\\rtf"):
        return DocumentKind.RTF
    if named not in {None, DocumentKind.TEXT, DocumentKind.OLE, DocumentKind.RTF}:
        assert named is not None
        return named
    if named is DocumentKind.RTF:
        raise UnreadableError(FileStatus.DAMAGED, "The file is damaged: it is named .rtf, but its content is not.")
    if start[:14].lower() == b"<!doctype html" or start[:5].lower() == b"<html":
        return DocumentKind.HTML
    if named is None and _MAIL_HEADER.match(start) and _MAIL_NAMES.search(start):
        return DocumentKind.MAIL
    return DocumentKind.TEXT

"""The container of Office before 2007 (MS-CFB): recognised, so that a person learns what to do, and never read."""

from __future__ import annotations

from app.documents.builder import DocumentBuilder
from app.documents.limits import UnreadableError
from app.documents.source import Source
from app.domain.documents import FileStatus

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def extract(source: Source, _builder: DocumentBuilder) -> None:
    """Always raises UnreadableError: today's Office files with a password look like this from outside, too."""
    if source.mapping is not None and source.mapping.find(_ENCRYPTED) >= 0:
        raise UnreadableError(
            FileStatus.ENCRYPTED, "The file is protected by a password. Save a copy without one to use it here."
        )
    raise UnreadableError(
        FileStatus.UNSUPPORTED,
        "This is a file of an old Office version. Save it in today’s form (.docx, .xlsx, .pptx) to use it here.",
    )

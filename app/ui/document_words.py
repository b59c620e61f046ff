"""What the window says about documents, worded once for every place that says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from PySide6.QtCore import QCoreApplication

from app.domain.chat import Citation, Message
from app.domain.documents import FileStatus, UnitKind
from app.services.document_events import Library, PendingAttachment
from app.services.evidence import evidence
from app.ui.words import number, time_left


def tr(text: str) -> str:
    """The text in the user's language."""
    return QCoreApplication.translate("DocumentWords", text)


def tr_later(text: str) -> str:
    """Mark a text for translation; tr() gives it in the user's language."""
    return text


@dataclass(frozen=True, slots=True)
class Grounds:
    """What an answer rests on: so many passages in so many files, of all that it could be drawn from if known."""

    passages: int
    files: int
    of_files: int | None = None


_PARTS = {
    UnitKind.PAGE: (tr_later("page {number}"), tr_later("page {number} of {count}")),
    UnitKind.SLIDE: (tr_later("slide {number}"), tr_later("slide {number} of {count}")),
    UnitKind.SHEET: (tr_later("sheet {number}"), tr_later("sheet {number} of {count}")),
    UnitKind.CHAPTER: (tr_later("chapter {number}"), tr_later("chapter {number} of {count}")),
}
_KINDS = {
    **dict.fromkeys((".pptx", ".pptm", ".ppsx", ".odp"), UnitKind.SLIDE),
    **dict.fromkeys((".xlsx", ".xlsm", ".ods"), UnitKind.SHEET),
    ".epub": UnitKind.CHAPTER,
}


def unit(name: str, number_: int | None) -> str:
    """Where in a file of this name something stands: "page 7", "slide 3", or nothing where nobody knows."""
    if number_ is None:
        return ""
    kind = _KINDS.get(PurePath(name).suffix.lower(), UnitKind.PAGE)
    return tr(_PARTS[kind][0]).format(number=number(number_))


def unit_of(kind: UnitKind, number_: int, count: int) -> str:
    """ "page 7 of 18"."""
    return tr(_PARTS[kind][1]).format(number=number(number_), count=number(count))


def passages(count: int) -> str:
    return tr("1 passage") if count == 1 else tr("{count} passages").format(count=number(count))


def files(count: int) -> str:
    return tr("1 file") if count == 1 else tr("{count} files").format(count=number(count))


def drawn_from(grounds: Grounds) -> str:
    """What an answer rests on: "Drawn from 5 passages in 3 of 13 files"."""
    found, within = passages(grounds.passages), files(grounds.files)
    if grounds.of_files is not None and grounds.of_files >= max(grounds.files, 2):
        within = tr("{count} of {files}").format(count=number(grounds.files), files=files(grounds.of_files))
    return tr("Drawn from {passages} in {files}").format(passages=found, files=within)


def citation_tip(citation: Citation) -> str:
    """What a mark in the text stands for: the file, the page, and how the passage begins."""
    place = source_place(citation)
    if not citation.verified:
        return " ".join((place, tr("The model was not shown these lines. Don’t rely on it.")))
    return f"{place}: “{beginning(citation.passage)}”"


def sources(citations: Sequence[Citation]) -> list[tuple[int, Citation]]:
    """The citations by number, each once, with their places among all."""
    numbered: dict[int, tuple[int, Citation]] = {}
    for place, citation in enumerate(citations):
        numbered.setdefault(citation.number, (place, citation))
    return [numbered[number_] for number_ in sorted(numbered)]


def source_lines(citations: Sequence[Citation]) -> str:
    """The sources as lines of text, to be pasted below an answer: "[1] lease.pdf, page 7"."""
    return "\n".join(
        f"[{citation.number}] {source_place(citation)}" + ("" if citation.verified else " " + tr("(not verified)"))
        for _, citation in sources(citations)
    )


def source_place(citation: Citation) -> str:
    """ "lease.pdf, page 7"."""
    return ", ".join(part for part in (citation.document, unit(citation.document, citation.page)) if part)


def beginning(text: str, most: int = 120) -> str:
    """The first words of a passage, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def attachment(pending: PendingAttachment) -> str:
    """How a file that shall be sent along stands, in a few words."""
    match pending.status:
        case FileStatus.WAITING:
            return tr("waiting")
        case FileStatus.READING:
            return tr("reading…")
        case _ if not pending.ready:
            return pending.reason.rstrip(".") or tr("can’t be read")
    if pending.pages is not None:
        return tr("1 page") if pending.pages == 1 else tr("{count} pages").format(count=number(pending.pages))
    return ""


_STATUSES = {
    FileStatus.WAITING: tr_later("Waiting"),
    FileStatus.READING: tr_later("Reading"),
    FileStatus.READ: tr_later("Read"),
    FileStatus.INDEXED: tr_later("Indexed"),
    FileStatus.UNCHANGED: tr_later("Indexed"),
    FileStatus.NO_TEXT: tr_later("No text"),
    FileStatus.EMPTY: tr_later("Empty"),
    FileStatus.TOO_LARGE: tr_later("Too large"),
    FileStatus.ENCRYPTED: tr_later("Protected by a password"),
    FileStatus.DAMAGED: tr_later("Damaged"),
    FileStatus.UNSUPPORTED: tr_later("Not supported"),
    FileStatus.TIMED_OUT: tr_later("Took too long"),
    FileStatus.OUT_OF_MEMORY: tr_later("Too large to read"),
    FileStatus.CRASHED: tr_later("Could not be read"),
    FileStatus.UNREADABLE: tr_later("Not readable"),
    FileStatus.STOPPED: tr_later("Stopped"),
}


def file_status(status: FileStatus) -> str:
    return tr(_STATUSES[status])


def library_progress(library: Library) -> str:
    """What is being done for a library: "Reading, 40 files left, 3 min 20 s left"."""
    if library.paused and library.waiting:
        return tr("Paused, {files} left").format(files=files(library.waiting))
    if library.waiting:
        return tr("Reading, {files} left").format(files=files(library.waiting)) + time_left(library.seconds_left)
    return tr("Paused") if library.paused else tr("Up to date")


def library_counts(library: Library) -> str:
    """ "128 files · 1,402 passages · 3 with problems"."""
    parts = [files(library.files), passages(library.passages)]
    if library.failed:
        parts.append(tr("{count} with problems").format(count=number(library.failed)))
    return " · ".join(parts)


def grounds_of(message: Message) -> Grounds | None:
    """What an answer rests on; None for one without documents.

    It is what the model was shown. Of files that came with the question in whole that is all of them, so that there
    the citations tell what it drew on.
    """
    looked_at = evidence(message.parts)
    if looked_at is not None and looked_at.passages:
        return Grounds(looked_at.passages, looked_at.files, looked_at.of_files)
    cited = [part for part in message.parts if isinstance(part, Citation) and part.verified]
    if not cited:
        return None
    places = {(citation.sha256, citation.document, citation.start, citation.first_line) for citation in cited}
    return Grounds(len(places), len({(citation.sha256, citation.document) for citation in cited}))


def attachment_tip(pending: PendingAttachment) -> str:
    """More about a file that shall be sent along. Plain: no name can be taken for markup, as it has no brackets."""
    if not pending.ready:
        text = pending.reason or attachment(pending)
    elif pending.whole:
        text = tr("The model reads the whole file, about {tokens} tokens.").format(tokens=number(pending.tokens))
    else:
        text = tr("The model searches this file: {passages}.").format(passages=passages(pending.passages))
    return text.replace("<", "‹").replace(">", "›")


def waits_for(reading: int, running: bool) -> str:
    """What a message with files waits for."""
    if reading:
        return tr("Goes out as soon as {files} can be read").format(files=files(reading))
    return tr("Goes out after this answer") if running else ""


def drop_of(count: int, folders: int, model: bool) -> tuple[str, str]:
    """What happens to what is dragged over the window: a title and a sentence."""
    if model:
        return tr("Use this model"), tr("It is loaded, and answers from now on.")
    if folders:
        return tr("Make a library"), tr("All documents in the folder can then be asked about.")
    if count == 1:
        return tr("Attach this file"), tr("It goes with your next message, and stays on this computer.")
    title = tr("Attach {files}").format(files=files(count))
    return title, tr("They go with your next message, and stay on this computer.")


def library_state(library: Library) -> str:
    """A library in a few words, for a list: "128 files", "reading, 40 left"."""
    if library.paused:
        return tr("{files} · paused").format(files=files(library.files))
    if library.waiting:
        return tr("reading, {count} left").format(count=number(library.waiting))
    return files(library.files)

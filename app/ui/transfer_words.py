"""What the window says about exports and imports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app import APP_NAME
from app.export.formats import Format
from app.export.reading import Unread
from app.services.transfer_events import ImportReport
from app.ui.words import number

NAMED = 3
"""Problems that are told in full; of more only the number."""


def tr(text: str) -> str:
    return QCoreApplication.translate("TransferWords", text)


def conversations(count: int) -> str:
    return tr("1 conversation") if count == 1 else tr("{count} conversations").format(count=number(count))


def export_title(count: int) -> str:
    return tr("Export this conversation") if count == 1 else tr("Export {what}").format(what=conversations(count))


def format_name(form: Format) -> str:
    return {
        Format.MARKDOWN: tr("Markdown"),
        Format.HTML: tr("Web page (HTML)"),
        Format.PDF: tr("PDF"),
        Format.DOCX: tr("Word document"),
        Format.TEXT: tr("Plain text"),
        Format.JSON: tr("JSON, complete"),
    }[form]


def format_note(form: Format) -> str:
    if form is Format.JSON:
        return tr("Holds everything, also thoughts, sources and all versions. {name} can import it again.").format(
            name=APP_NAME
        )
    return tr("For reading. Choose what goes into it:")


def exported(files: Sequence[Path]) -> tuple[str, str]:
    """A title and a sentence for an export that went well."""
    if len(files) == 1:
        return tr("Exported"), str(files[0])
    return tr("Exported {count} files").format(count=number(len(files))), str(files[0].parent)


def progress(done: int, total: int | None) -> str:
    if total is None:
        return tr("{what} so far").format(what=conversations(done))
    return tr("{done} of {total}").format(done=number(done), total=number(total))


def together(first: ImportReport, second: ImportReport) -> ImportReport:
    """The report on two files."""
    return ImportReport(first.imported + second.imported, first.known + second.known, first.unread + second.unread)


def imported(report: ImportReport) -> tuple[str, str]:
    """A title and what there is to know about an import."""
    count = len(report.imported)
    title = tr("{what} imported").format(what=conversations(count)) if count else tr("No conversation imported")
    said = []
    copies = sum(item.is_copy for item in report.imported)
    trashed = sum(item.in_trash for item in report.known)
    for count, words in (
        (copies, tr("As a copy, because another version is here: {what}.")),
        (len(report.known), tr("Here already, left unchanged: {what}.")),
        (trashed, tr("Of these in the trash: {what}.")),
    ):
        if count:
            said.append(words.format(what=conversations(count)))
    for item in report.unread[:NAMED]:
        where = tr("“{title}”: ").format(title=item.title) if item.title else ""
        words = tr("Incomplete: {where}{reason}.") if item.partly else tr("Not imported: {where}{reason}.")
        said.append(words.format(where=where, reason=item.reason))
    if len(report.unread) > NAMED:
        said.append(tr("{count} more could not be read.").format(count=number(len(report.unread) - NAMED)))
    return title, " ".join(said)


def unread(item: Unread) -> tuple[str, str]:
    """A line about something that could not be read, and one that says why."""
    words = tr("Incomplete: {reason}") if item.partly else tr("Not imported: {reason}")
    return item.title or tr("The file"), words.format(reason=item.reason)


def drop() -> tuple[str, str]:
    """What happens to files with conversations that are dragged over the window."""
    return tr("Import these conversations"), tr("What is here already stays as it is.")

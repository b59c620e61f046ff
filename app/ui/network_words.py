"""What the window says about its processes and what they have open."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from app import APP_NAME
from app.services.connections import Confinement, OpenSocket, ProcessReport, Role, connected
from app.ui.model_rows import Row


def tr(text: str) -> str:
    """The text in the user's language."""
    return QCoreApplication.translate("NetworkWords", text)


def row(report: ProcessReport) -> Row:
    """A process: what it is for, what it may do, and what it has open."""
    reaches = report in connected((report,))
    if report.sockets is None:
        badge = tr("could not be looked at")
    elif reaches:
        badge = tr("reaches another computer")
    else:
        badge = tr("reaches nothing")
    # A download that runs reaches a server because the user asked for it.
    astray = report.sockets is None or (reaches and not report.may_connect)
    lines = [_may(report), _open(report.sockets)]
    title = tr("{role} · process {number}").format(role=_role(report.role), number=report.pid)
    return Row(str(report.pid), title, "\n".join(lines), badge, warns=astray)


def summary(reports: Sequence[ProcessReport]) -> str:
    """All of them in a sentence."""
    astray = [report for report in connected(tuple(reports)) if not report.may_connect]
    if astray:
        return tr("{count} of these processes reach another computer and should not. Please tell the makers.").format(
            count=len(astray)
        )
    if any(report.sockets is None for report in reports):
        return tr("Not every process could be looked at. None of the others reaches another computer unasked.")
    if connected(tuple(reports)):
        return tr("Only the download that you started reaches another computer.")
    return tr("None of these processes reaches another computer now.")


def verify() -> str:
    """How to see for oneself, with nothing of ours."""
    ours = tr("“inglenook doctor --network” tells what stands here.")
    theirs = {
        "win32": tr(
            "In a terminal, “netstat -ano” lists every connection of this computer with the number of its process."
        ),
        "darwin": tr(
            "In a terminal, “lsof -i -P” lists every connection of this computer with the number of its process."
        ),
    }.get(
        sys.platform,
        tr("In a terminal, “ss -tunp” lists every connection of this computer with the number of its process."),
    )
    without = tr("Or switch the network off: {name} works the same.").format(name=APP_NAME)
    return f"{theirs} {ours} {without}"


def _role(role: Role) -> str:
    return {
        Role.MAIN: tr("The window"),
        Role.ENGINE: tr("The engine"),
        Role.EMBEDDER: tr("The engine for documents"),
        Role.READER: tr("A reader of documents"),
        Role.NURSERY: tr("The starter of readers"),
        Role.PAGES: tr("The drawer of pages"),
        Role.DOWNLOAD: tr("The download"),
        Role.OTHER: tr("A helper"),
    }[role]


def _may(report: ProcessReport) -> str:
    if report.may_connect:
        return tr("Fetches the model that you asked for. The only process that uses the network.")
    what = {
        Role.MAIN: tr("Shows and keeps your conversations."),
        Role.ENGINE: tr("Runs the model."),
        Role.EMBEDDER: tr("Finds passages by their meaning."),
        Role.READER: tr("Reads one document."),
        Role.NURSERY: tr("Starts the readers; it sees no document."),
        Role.PAGES: tr("Draws the pages of documents."),
    }.get(report.role, tr("Helps the others."))
    held = {
        Confinement.FORBIDDEN: tr("The system refuses it every connection."),
        Confinement.NONE: tr("It opens no connection to other computers."),
        Confinement.UNKNOWN: tr("It opens no connection to other computers."),
    }[report.confinement]
    return f"{what} {held}"


def _open(sockets: Sequence[OpenSocket] | None) -> str:
    if sockets is None:
        return tr("The system did not let us see what it has open.")
    leaving = [each for each in sockets if each.leaves]
    if leaving:
        ends = ", ".join(each.remote or each.local for each in leaving)
        return tr("Open now: {ends}").format(ends=ends)
    if sockets:
        return tr("Open now: {count} within this computer, to its screen and to each other").format(count=len(sockets))
    return tr("Open now: nothing")

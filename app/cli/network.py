"""``inglenook doctor --network``: what has a way out of this computer, now."""

from __future__ import annotations

import dataclasses
import json

from app import APP_NAME
from app.paths import Paths
from app.services.connections import Confinement, ProcessReport, Role, connected, processes
from app.store.lock import InstanceLock

_ROLES = {
    Role.MAIN: "window",
    Role.ENGINE: "engine, runs the model",
    Role.EMBEDDER: "engine of the model for documents",
    Role.READER: "reader of a document",
    Role.NURSERY: "starter of readers",
    Role.PAGES: "drawer of pages",
    Role.DOWNLOAD: "download",
    Role.OTHER: "helper",
}
_LIMITS = {
    Confinement.FORBIDDEN: "The system refuses it every connection.",
    Confinement.NONE: "It opens no connection, but the system would not stop it.",
    Confinement.UNKNOWN: "It opens no connection. This system does not tell what it would allow.",
}


def network(paths: Paths, as_json: bool) -> int:
    """Print the processes of the open window. Exit code 1 if one has a connection that is none of its business."""
    holder = InstanceLock(paths.data).holder()
    reports = processes(holder) if holder is not None else ()
    astray = [report for report in connected(reports) if not report.may_connect]
    if as_json:
        print(json.dumps([_fields(report) for report in reports], ensure_ascii=False, indent=1))
    elif not reports:
        print(f"{APP_NAME} is not open with the data in {paths.data}, so nothing of it runs.")
    else:
        for report in reports:
            _print(report)
        print(_summary(reports, astray))
    return 1 if astray else 0


def _print(report: ProcessReport) -> None:
    print(f"process {report.pid}, {_ROLES[report.role]}")
    if report.may_connect:
        print("  It may reach the server that you chose, while a download runs.")
    else:
        print(f"  {_LIMITS[report.confinement]}")
    if report.sockets is None:
        print("  The system did not let us see what it has open.")
        return
    for each in report.sockets:
        way = "can leave this computer" if each.leaves else "within this computer"
        ends = " to ".join(end for end in (each.local, each.remote) if end) or "unnamed"
        print(f"  open: {each.family} {each.kind}, {ends} ({way})")
    if not report.sockets:
        print("  open: nothing")


def _summary(reports: tuple[ProcessReport, ...], astray: list[ProcessReport]) -> str:
    if any(report.sockets is None for report in reports):
        return "Not every process could be looked at. Ask again as the user who opened the window."
    if astray:
        return f"Attention: {len(astray)} of these processes can reach other computers and should not."
    if connected(reports):
        return "Only the download reaches another computer."
    return "None of these processes reaches another computer."


def _fields(report: ProcessReport) -> dict[str, object]:
    fields = dataclasses.asdict(report)
    fields["may_connect"] = report.may_connect
    return fields

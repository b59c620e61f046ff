"""Which processes of the application run, what each has open to the outside, and what each may do.

For the page of the window and for ``inglenook doctor --network``. Read from the system at the moment of asking; nothing
is taken from what the application believes of itself, except the names of its own children where the system has none.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from app.process_name import role_of


class Role(StrEnum):
    """What a process is for."""

    MAIN = "main"
    """The window, or a command."""
    ENGINE = "engine"
    EMBEDDER = "embed"
    READER = "reader"
    NURSERY = "nursery"
    PAGES = "pages"
    DOWNLOAD = "download"
    OTHER = "other"
    """A helper of Python's, or one that just starts."""


class Confinement(StrEnum):
    """How the system holds a process to what it may do."""

    FORBIDDEN = "forbidden"
    """A filter for system calls is set that it can't take off: the kernel refuses every new connection."""
    NONE = "none"
    """The system would let it. It opens none because no such code is in it, which only looking can show."""
    UNKNOWN = "unknown"
    """This system does not tell."""


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """A socket. family is "inet", "inet6" or "unix"; kind "stream" or "dgram".

    local and remote are addresses or paths, remote empty if unconnected. Only inet and inet6 reach another computer.
    """

    family: str
    kind: str
    local: str
    remote: str
    state: str

    @property
    def leaves(self) -> bool:
        return self.family != "unix"


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """A process. sockets is None where the system did not let us look."""

    pid: int
    role: Role
    name: str
    confinement: Confinement
    sockets: tuple[OpenSocket, ...] | None

    @property
    def may_connect(self) -> bool:
        """Whether it is meant to reach other computers: only the download is, and it runs only when asked to."""
        return self.role is Role.DOWNLOAD


def processes(main: int | None = None) -> tuple[ProcessReport, ...]:
    """The process with this number (by default this one) and all below it. Empty if there is no such process."""
    try:
        top = psutil.Process(main or os.getpid())
        family = [top, *top.children(recursive=True)]
    except psutil.Error:
        return ()
    known = {child.pid: child.name.removeprefix("inglenook-") for child in multiprocessing.active_children()}
    reports = []
    for process in family:
        try:
            reports.append(_report(process, top.pid, known.get(process.pid, "")))
        except psutil.NoSuchProcess:
            continue
    return tuple(reports)


def connected(reports: tuple[ProcessReport, ...]) -> tuple[ProcessReport, ...]:
    """Those that have a socket open that can reach another computer."""
    return tuple(report for report in reports if any(each.leaves for each in report.sockets or ()))


def _report(process: psutil.Process, main: int, known: str) -> ProcessReport:
    name = process.name()
    role = known or role_of(name)
    try:
        which = Role.MAIN if process.pid == main else Role(role)
    except ValueError:
        which = Role.OTHER
    return ProcessReport(process.pid, which, name, _confinement(process.pid, main), _sockets(process))


def _sockets(process: psutil.Process) -> tuple[OpenSocket, ...] | None:
    try:
        found = process.net_connections(kind="all")
    except psutil.AccessDenied:
        return None
    return tuple(
        OpenSocket(
            each.family.name.removeprefix("AF_").lower(),
            each.type.name.removeprefix("SOCK_").lower(),
            _address(each.laddr),
            _address(each.raddr),
            each.status.lower() if each.status != psutil.CONN_NONE else "",
        )
        for each in found
    )


def _address(address: object) -> str:
    if isinstance(address, tuple) and address:
        host = f"[{address[0]}]" if ":" in str(address[0]) else str(address[0])
        return f"{host}:{address[1]}"
    return str(address) if address else ""


def _confinement(pid: int, main: int) -> Confinement:
    """Whether a filter for system calls is set that the main process has not: containers set one for all."""
    ours, theirs = _filters(main), _filters(pid)
    if ours is None or theirs is None:
        return Confinement.UNKNOWN
    return Confinement.FORBIDDEN if theirs > ours else Confinement.NONE


def _filters(pid: int) -> int | None:
    """How many filters a process has (Seccomp_filters in proc(5)); None where the system does not tell."""
    if sys.platform != "linux":
        return None
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("Seccomp_filters:")), None)

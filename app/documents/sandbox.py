"""Closes a process: limits, and on Linux no file, no network, no other process, by Landlock and seccomp.

Called once all modules are loaded and the document is open, before its first byte is looked at. Needs no rights and no
library. What the system does not offer is named and left out: the limits and the process of its own remain.
Sources: landlock(7), seccomp(2), linux/landlock.h, linux/seccomp.h, linux/filter.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Callable
from importlib.machinery import BuiltinImporter, FrozenImporter

from app.documents.limits import MIB, Limits

try:
    import resource
except ImportError:  # Windows has no limits of this kind.
    resource = None  # type: ignore[assignment]

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_VERSION = 1
# Rights over files that each version of Landlock knows, from the second on; network rules came with 4, scopes with 6.
_FILE_RIGHTS = (13, 14, 15, 15, 16)
_BASE_ADDRESS_SPACE = 2_048 * MIB
_OPEN_FILES = 32
_NICENESS = 15

# All that a process needs that computes, allocates, reads what is open and writes its answer. By name, with the number
# on x86-64 and on arm64 (0 where that machine has no such call). Everything else fails with EPERM.
ALLOWED = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "lseek": (8, 62),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, 0),
    "ppoll": (271, 73),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "tgkill": (234, 131),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "gettimeofday": (96, 169),
    "times": (100, 153),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column in the table, and AUDIT_ARCH, which names the machine to the filter."""
_X32_BIT = 0x40000000

# Instructions of classic BPF (linux/bpf_common.h), and what a filter may answer.
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000
_NUMBER_OFFSET, _ARCH_OFFSET = 0, 4


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def be_modest() -> None:
    """Let everything else go first; for a process that works in the background."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)


def close(limits: Limits, file_bytes: int) -> tuple[str, ...]:
    """Close the process for good. Gives what could not be closed, as sentences."""
    guards: list[tuple[Callable[[], None], str]] = [
        (lambda: _limit(limits, file_bytes), "This system sets no limits to a process."),
    ]
    if sys.platform == "linux":
        guards += [
            (_forbid_files, "This kernel has no Landlock."),
            (_forbid_calls, "This kernel or processor offers no filter for system calls (seccomp)."),
        ]
    else:
        guards.append((_nothing_known, "On this system reading is kept apart, but not locked in."))
    _stop_imports()
    missing: list[str] = []
    for guard, sentence in guards:
        try:
            guard()
        except (OSError, ValueError):
            missing.append(sentence)
    return tuple(missing)


def _limit(limits: Limits, file_bytes: int) -> None:
    if resource is None:
        raise OSError
    # A private mapping of the file counts as data, though none of it is copied.
    data = limits.memory_bytes + file_bytes
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_FSIZE, 0)
    _set(resource.RLIMIT_NOFILE, _OPEN_FILES)
    # The first limit sends SIGXCPU, which says what happened; the second kills.
    _set(resource.RLIMIT_CPU, limits.cpu_seconds, more=2)
    if sys.platform == "linux":
        # Elsewhere these are ignored or refused; there the parent watches.
        _set(resource.RLIMIT_DATA, data)
        _set(resource.RLIMIT_AS, _BASE_ADDRESS_SPACE + data)


def _set(which: int, value: int, more: int = 0) -> None:
    hard = resource.getrlimit(which)[1]
    most = value + more if hard == resource.RLIM_INFINITY else min(value + more, hard)
    resource.setrlimit(which, (min(value, most), most))


def _stop_imports() -> None:
    """Let a module that is not loaded be one that does not exist, where looking for its file would be refused."""
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter]


def _nothing_known() -> None:
    raise OSError


def _forbid_files() -> None:
    """Landlock: from now on no path can be opened, made or removed. What is open stays usable."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_VERSION)
    _check(version)
    rights = _FILE_RIGHTS[min(version, len(_FILE_RIGHTS)) - 1]
    ruleset = _Ruleset((1 << rights) - 1, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    descriptor = libc.syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    _check(descriptor)
    try:
        _check(libc.syscall(_LANDLOCK_RESTRICT_SELF, descriptor, 0))
    finally:
        os.close(descriptor)


def _forbid_calls() -> None:
    """seccomp: only the listed system calls work, so that there is no socket, no file, no program to start."""
    machine = os.uname().machine
    if machine not in _MACHINES:
        raise OSError
    program = filter_program(machine)
    buffer = ctypes.create_string_buffer(program, len(program))
    filter_ = _Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filter_)))


def filter_program(machine: str) -> bytes:
    """The filter in classic BPF for a machine as ``os.uname`` names it: 8 bytes an instruction."""
    column, architecture = _MACHINES[machine]
    numbers = sorted(number for name, columns in ALLOWED.items() if (number := columns[column]) or name == "read")
    count = len(numbers)
    lines = [
        _instruction(_LOAD, 0, 0, _ARCH_OFFSET),
        _instruction(_EQUAL, 1, 0, architecture),
        _instruction(_RETURN, 0, 0, _KILL),
        _instruction(_LOAD, 0, 0, _NUMBER_OFFSET),
        # The x32 calls of an x86-64 have other numbers for the same things.
        _instruction(_AT_LEAST, count, 0, _X32_BIT),
        *(_instruction(_EQUAL, count - index, 0, number) for index, number in enumerate(numbers)),
        _instruction(_RETURN, 0, 0, _REFUSE),
        _instruction(_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(lines)


def _instruction(code: int, if_true: int, if_false: int, operand: int) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, operand)


def _check(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused by the kernel")

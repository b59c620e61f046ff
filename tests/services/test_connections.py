"""What is said of processes and their connections, about real processes with real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.engine.base import LoadRequest
from app.engine.process import EngineProcess
from app.services.connections import Confinement, ProcessReport, Role, connected, processes
from tests.models import TINY

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")


def test_a_listening_socket_of_the_process_is_seen_and_told_from_a_local_one() -> None:
    with socket.socket() as server, socket.socket(socket.AF_UNIX) as local:
        server.bind(("127.0.0.1", 0))
        server.listen()
        local.bind("")
        port = server.getsockname()[1]
        (report,) = [each for each in processes() if each.pid == os.getpid()]
        assert report.role is Role.MAIN
        assert report.sockets is not None
        leaving = [each for each in report.sockets if each.leaves]
        assert f"127.0.0.1:{port}" in [each.local for each in leaving]
        assert any(each.family == "unix" for each in report.sockets)
        assert report in connected((report,))


def test_the_engine_is_named_and_has_no_connection(tmp_path: Path) -> None:
    engine = EngineProcess("app.engine.llama_engine:LlamaEngine", tmp_path / "engine.log")
    try:
        list(engine.load(LoadRequest(TINY)))
        (report,) = [each for each in processes() if each.pid == engine.pid]
        assert report.role is Role.ENGINE
        assert report.sockets is not None
        assert [each for each in report.sockets if each.leaves] == []
        assert not report.may_connect
    finally:
        engine.close()


_CLOSED = """
import sys, time
from app.documents import sandbox
from app.documents.limits import Limits
from app.process_name import name_process
name_process("reader")
sandbox.close(Limits(), 1)
print("closed", flush=True)
sys.stdin.read()
"""


@linux_only
def test_a_closed_process_is_told_from_one_that_is_not() -> None:
    command = [sys.executable, "-c", _CLOSED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "closed\n"
        reports = {each.pid: each for each in processes()}
        child.kill()
    assert reports[child.pid].role is Role.READER
    assert reports[child.pid].confinement is Confinement.FORBIDDEN
    assert reports[os.getpid()].confinement is Confinement.NONE


def test_of_a_process_that_is_gone_nothing_is_said() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert processes(child.pid) == ()


@linux_only
@pytest.mark.parametrize("role", [role.value for role in Role if role not in (Role.MAIN, Role.OTHER)])
def test_each_process_can_bear_the_name_of_its_role(role: str) -> None:
    named = "from app.process_name import name_process, role_of; import sys; from pathlib import Path\n"
    named += "name_process(sys.argv[1]); print(role_of(Path('/proc/self/comm').read_text().strip()))"
    result = subprocess.run([sys.executable, "-c", named, role], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == role


@pytest.mark.parametrize("role", list(Role))
def test_each_process_is_told_of_in_words(role: Role) -> None:
    from app.cli.network import _ROLES
    from app.ui import network_words

    report = ProcessReport(1, role, "name", Confinement.UNKNOWN, ())
    assert role in _ROLES
    assert network_words.row(report).title

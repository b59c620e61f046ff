"""``inglenook models get`` and its siblings as their user types them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_commands import GREETING, ROOT, inglenook
from tests.cli.typed import typed
from tests.hub.server import LocalHub, local_hub
from tests.models import TINY
from tests.split_models import split_in_two

NAME = "someone/something/tiny-gpt-oss.gguf"
FILES = {TINY.name: TINY.read_bytes()}
CALLS = "trace=socket,connect,bind,sendto"


def get(hub: LocalHub, data: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return typed("models", "get", NAME, "--endpoint", hub.endpoint, *arguments, data=data)


def test_a_model_is_fetched_listed_verified_and_removed(tmp_path: Path) -> None:
    with local_hub(FILES) as hub:
        result = get(hub, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"tiny-gpt-oss is here, and its checksum is right: {tmp_path / 'models' / TINY.name}\n"
    listed = json.loads(typed("models", "list", "--json", data=tmp_path).stdout)
    assert [model["name"] for model in listed["installed"]] == ["tiny-gpt-oss"]
    assert {entry["id"] for entry in listed["catalogue"]} >= {"gpt-oss-20b", "gpt-oss-120b"}
    assert [entry["id"] for entry in listed["catalogue"] if entry["recommended"]] in ([], ["gpt-oss-20b"])
    assert "is what was published" in typed("models", "verify", "tiny-gpt-oss", data=tmp_path).stdout
    removed = typed("models", "remove", "tiny-gpt-oss", "--json", data=tmp_path)
    assert json.loads(removed.stdout)["name"] == "tiny-gpt-oss"
    assert not (tmp_path / "models" / TINY.name).exists()


def test_a_file_is_added_as_a_copy_or_in_place(tmp_path: Path) -> None:
    mine = tmp_path / "my model.gguf"
    mine.write_bytes(TINY.read_bytes())
    added = json.loads(typed("models", "add", mine, "--in-place", "--json", data=tmp_path / "data").stdout)
    assert (added["path"], added["in_place"]) == (str(mine), True)
    copied = json.loads(typed("models", "add", TINY, "--json", data=tmp_path / "data").stdout)
    assert (copied["path"], copied["in_place"]) == (str(tmp_path / "data" / "models" / TINY.name), False)
    assert "in place" in typed("models", "list", data=tmp_path / "data").stdout
    assert typed("models", "remove", "my model", data=tmp_path / "data").returncode == 0
    assert mine.exists()


def test_a_model_in_parts_is_fetched_into_one_folder_and_answers_like_the_whole(tmp_path: Path) -> None:
    parts = split_in_two(TINY, tmp_path)
    data = tmp_path / "data"
    with local_hub({part.name: part.read_bytes() for part in parts}) as hub:
        name = f"someone/something/quantized/{parts[1].name}"
        result = typed("models", "get", name, "--endpoint", hub.endpoint, "--json", data=data)
    assert (result.returncode, result.stderr) == (0, "")
    fetched = json.loads(result.stdout.splitlines()[-1])
    assert fetched["files"] == [str(data / "models" / part.name) for part in parts]
    # By any of them, and what the whole says (test_commands).
    assert inglenook("ask", "Hello", "--model", fetched["files"][1], data=data).stdout == GREETING + "\n"
    assert typed("models", "remove", fetched["name"], data=data).returncode == 0
    assert not list((data / "models").glob("*.gguf"))


def test_a_model_in_parts_is_added_by_any_of_them(tmp_path: Path) -> None:
    parts = split_in_two(TINY, tmp_path)
    data = tmp_path / "data"
    added = json.loads(typed("models", "add", parts[1], "--json", data=data).stdout)
    assert added["files"] == [str(data / "models" / part.name) for part in parts]
    assert added["bytes"] == sum(part.stat().st_size for part in parts)
    assert inglenook("ask", "Hello", "--model", added["path"], data=data).stdout == GREETING + "\n"
    parts[0].unlink()
    lacking = typed("models", "add", parts[1], "--in-place", data=data)
    assert lacking.returncode == 1
    assert f"This model comes in 2 parts, and {parts[0].name} is missing" in lacking.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
def test_ctrl_c_pauses_and_the_same_command_goes_on(tmp_path: Path) -> None:
    with local_hub(FILES) as hub:
        hub.pause = 0.03
        command = [sys.executable, "-m", "app", "models", "get", NAME, "--json"]
        command += ["--endpoint", hub.endpoint, "--data-dir", str(tmp_path)]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            assert process.stdout is not None
            while '"fetching"' not in (line := process.stdout.readline()):
                assert line, "the download ended before it began"
            time.sleep(0.3)
            # To the whole group, as a terminal does.
            os.killpg(process.pid, signal.SIGINT)
            _, words = process.communicate(timeout=30)
        assert process.returncode == 130
        assert f"Go on with `inglenook models get {NAME}`" in words
        assert len(words.strip().splitlines()) == 1
        listed = json.loads(typed("models", "list", "--json", data=tmp_path).stdout)
        [paused] = listed["downloads"]
        assert paused["phase"] == "paused"
        assert 0 < paused["done_bytes"] < paused["total_bytes"] == TINY.stat().st_size
        hub.pause = 0
        result = get(hub, tmp_path, "--json")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert (result.returncode, lines[-1]["path"]) == (0, str(tmp_path / "models" / TINY.name))
        assert hub.sent < 1.05 * TINY.stat().st_size + (256 << 10), "but for what was on its way when it stopped"
    assert (tmp_path / "models" / TINY.name).read_bytes() == TINY.read_bytes()


def test_the_offline_lock_keeps_a_model_from_being_fetched(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"offline": true}')
    with local_hub(FILES) as hub:
        result = get(hub, tmp_path)
    assert result.returncode == 1
    assert "The offline lock is on" in result.stderr
    assert hub.heads == 0


def test_a_token_comes_from_the_environment_a_file_or_the_settings_and_is_for_one_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "not meant for us")
    (tmp_path / "token").write_text("from a file\n".replace(" ", "-"))
    with local_hub(FILES) as hub:
        assert get(hub, tmp_path / "two", "--token-file", tmp_path / "token").returncode == 0
        assert {token for _, token in hub.tokens} == {"Bearer from-a-file"}
        hub.tokens.clear()
        (tmp_path / "five").mkdir()
        (tmp_path / "five" / "settings.json").write_text(f'{{"hub_endpoint": "{hub.endpoint}", "hub_token": "kept"}}')
        assert typed("models", "get", NAME, data=tmp_path / "five").returncode == 0
        assert {token for _, token in hub.tokens} == {"Bearer kept"}
        hub.tokens.clear()
        (tmp_path / "five" / "models" / TINY.name).unlink()
        assert get(hub, tmp_path / "five").returncode == 0
        assert {token for _, token in hub.tokens} == {None}, "an endpoint that was named is not the one of the token"
        hub.tokens.clear()
        monkeypatch.setenv("INGLENOOK_TOKEN", "from-the-environment")
        assert get(hub, tmp_path / "three").returncode == 0
        assert {token for _, token in hub.tokens} == {"Bearer from-the-environment"}
    assert get(hub, tmp_path / "four", "--token", "secret").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("get", "nothing"), "no model “nothing” in the catalogue"),
        (("get", "gpt-oss-20b", "--endpoint", "nowhere"), "is no address of a hub"),
        (("get", "gpt-oss-20b", "--token-file", "/missing"), "The token can’t be read"),
        (("add", "/missing.gguf"), "There is no file"),
        (("verify", "nothing"), "There is no model “nothing” here."),
        (("remove", "nothing"), "There is no model “nothing” here."),
    ],
)
def test_what_goes_wrong_is_one_sentence(tmp_path: Path, arguments: tuple[object, ...], words: str) -> None:
    result = typed("models", *arguments, data=tmp_path)
    assert result.returncode == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_commands_that_need_no_network_do_not_load_it() -> None:
    script = (
        "import sys, app.cli.main, app.core, app.ui.run\n"
        "print([name for name in ('httpx2', 'huggingface_hub', 'filelock', 'ssl') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_only_the_download_process_opens_sockets_of_the_network(tmp_path: Path) -> None:
    with local_hub(FILES) as hub:
        command = ["strace", "-f", "-ff", "-qq", "-s", "200", "-e", f"{CALLS},execve", "-o", str(tmp_path / "trace")]
        command += [sys.executable, "-m", "app", "models", "get", NAME, "--endpoint", hub.endpoint]
        result = subprocess.run(
            [*command, "--data-dir", str(tmp_path / "data")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        if "PTRACE" in result.stderr or "Operation not permitted" in result.stderr:
            pytest.skip("strace may not trace here")
        assert (result.returncode, result.stderr) == (0, "")
    networked, programs = set(), {}
    for trace in tmp_path.glob("trace.*"):
        text = trace.read_text(errors="replace")
        programs[trace.suffix] = text
        if re.search(r"AF_INET|AF_NETLINK", text):
            networked.add(trace.suffix)
    assert networked, "the download was traced"
    # Threads of a process have traces of their own, without an execve.
    assert sum("execve(" in programs[suffix] for suffix in networked) == 1
    assert all("spawn_main" in programs[suffix] for suffix in networked if "execve(" in programs[suffix])

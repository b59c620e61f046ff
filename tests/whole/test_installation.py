"""What an installation brings along: complete by its own test, and files that the desktop understands."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app import APP_ID, __version__
from app.cli.main import build_parser
from app.export.lossless import FORMAT, to_json_pieces

ROOT = Path(__file__).parents[2]
LINUX = ROOT / "packaging" / "linux"
ENTRY = (LINUX / f"{APP_ID}.desktop").read_text(encoding="utf-8")
MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False, env={**os.environ, **environment}
    )


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def test_the_smoke_test_of_a_complete_installation_says_nothing() -> None:
    result = run(sys.executable, "-m", "app", "--smoke-test")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_smoke_test_says_what_is_missing(tmp_path: Path) -> None:
    for name in ("app", "resources"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "resources" / "smoke" / "sample.odt").write_bytes(b"nothing")
    command = [sys.executable, "-m", "app", "--smoke-test"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    result = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False, env=environment
    )
    assert result.returncode == 1
    assert "sample.odt could not be read" in result.stderr


@needs("desktop-file-validate")
def test_the_desktop_entry_is_valid() -> None:
    result = run("desktop-file-validate", LINUX / f"{APP_ID}.desktop")
    assert (result.returncode, result.stdout) == (0, "")


@needs("appstreamcli")
def test_the_metainfo_is_valid() -> None:
    result = run("appstreamcli", "validate", "--no-net", LINUX / f"{APP_ID}.metainfo.xml")
    assert result.returncode == 0, result.stdout


def test_desktop_entry_metainfo_and_mime_types_speak_of_the_same_things() -> None:
    entry = dict(line.split("=", 1) for line in ENTRY.splitlines() if "=" in line)
    metainfo = ElementTree.parse(LINUX / f"{APP_ID}.metainfo.xml").getroot()
    mime = ElementTree.parse(LINUX / f"{APP_ID}.mime.xml").getroot()
    types = {each.get("type") for each in mime.findall(f"{MIME}mime-type")}
    assert metainfo.findtext("id") == APP_ID
    assert metainfo.findtext("launchable") == f"{APP_ID}.desktop"
    assert entry["Icon"] == APP_ID
    assert set(entry["MimeType"].strip(";").split(";")) == types
    assert {each.text for each in metainfo.findall("provides/mediatype")} == types
    assert metainfo.find(f"releases/release[@version='{__version__}']") is not None


def test_exported_conversations_begin_as_their_mime_type_says() -> None:
    mime = ElementTree.parse(LINUX / f"{APP_ID}.mime.xml").getroot()
    (match,) = [each for each in mime.iter(f"{MIME}match") if FORMAT in str(each.get("value"))]
    assert "".join(to_json_pieces([])).startswith(str(match.get("value")))


def test_the_command_of_the_desktop_entry_is_understood() -> None:
    (command,) = re.findall(r"^Exec=inglenook (.*)$", ENTRY, re.M)
    assert build_parser().parse_args(command.replace("%F", "a.gguf b.pdf").split()).open == [
        Path("a.gguf"),
        Path("b.pdf"),
    ]
    assert build_parser().parse_args(command.replace("%F", "").split()).open == []


def page() -> str:
    result = run(sys.executable, "packaging/manual_page.py", "0", PYTHONPATH=str(ROOT))
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_manual_page_names_every_command_and_option() -> None:
    text = page().replace("\\-", "-")

    def look(parser: argparse.ArgumentParser) -> None:
        for action in parser._actions:
            assert all(f"\\fB{option}\\fR" in text for option in action.option_strings[:1])
            if isinstance(action, argparse._SubParsersAction):
                for name, command in action.choices.items():
                    assert re.search(rf"^\.SS .*\b{name}$", text, re.M), name
                    look(command)

    look(build_parser())


@needs("man")
def test_the_manual_page_is_without_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "inglenook.1"
    path.write_text(page(), encoding="utf-8")
    result = run("man", "--warnings", "--encoding=UTF-8", "-l", path, LC_ALL="C.UTF-8", MANWIDTH="80")
    assert result.returncode == 0
    assert result.stderr == ""
    assert "INGLENOOK(1)" in result.stdout


def test_the_frozen_application_takes_what_is_used_and_leaves_the_rest() -> None:
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        from frozen_files import is_needed, reachable  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    assert is_needed("PySide6/Qt/plugins/platforms/libqxcb.so")
    assert is_needed("PySide6/plugins/platforms/qwindows.dll")
    assert is_needed("PySide6/Qt/lib/libQt6Svg.so.6")
    assert not is_needed("PySide6/Qt/lib/libQt6Qml.so.6")
    assert not is_needed("PySide6/Qt6Quick.dll")
    assert not is_needed("PySide6/Qt/plugins/tls/libqopensslbackend.so")
    assert not is_needed("PySide6/Qt/translations/qt_fr.qm")
    assert is_needed("llama_cpp/lib/libggml-cpu-haswell.so")
    assert not is_needed("libggml-base.so.0")
    assert is_needed("tqdm-4.70.1.dist-info/METADATA")
    assert not is_needed("tqdm-4.70.1.dist-info/RECORD")
    links = {"/a.so": ["libused.so.1"], "/libused.so.1": ["libdeep.so.2"]}
    entries = [
        ("pkg/a.so", "/a.so", "EXTENSION"),
        ("libused.so.1", "/libused.so.1", "BINARY"),
        ("libdeep.so.2", "/libdeep.so.2", "BINARY"),
        ("liborphan.so.3", "/liborphan.so.3", "BINARY"),
    ]
    kept = reachable(entries, lambda path: [(name, None) for name in links.get(path, [])])
    assert [each[0] for each in kept] == ["pkg/a.so", "libused.so.1", "libdeep.so.2"]

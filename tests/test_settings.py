"""Settings survive mistakes: a person's, a crash's, another version's."""

from __future__ import annotations

import base64
import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.chat import Effort
from app.errors import SettingsError
from app.settings import Settings, load_settings, save_settings

CHOSEN = Settings(
    model_path="/models/gpt-oss-20b\udcff.gguf",
    effort=Effort.HIGH,
    temperature=0.7,
    context_size=8192,
    theme="dark",
    sidebar_width=300,
    window_geometry=base64.b64encode(b"\x01\xd9\xd0\xcb").decode(),
    instructions="Réponds en français.\n",
    thinking_budget=500,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


def test_a_new_user_gets_the_defaults_without_a_word(path: Path) -> None:
    assert load_settings(path) == (Settings(), [])
    assert not path.exists()


def test_what_was_saved_is_loaded(path: Path) -> None:
    save_settings(path, CHOSEN)
    assert load_settings(path) == (CHOSEN, [])


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left_beside_it(path: Path) -> None:
    save_settings(path, CHOSEN)
    path.chmod(0o644)
    save_settings(path, CHOSEN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_token_is_shown_in_no_message(path: Path) -> None:
    assert "hf_secret" not in repr(Settings(hub_token="hf_secret"))
    path.write_text('{"hub_token": ["hf_secret"]}')
    settings, repairs = load_settings(path)
    assert settings.hub_token == ""
    assert repairs == ["The setting “hub_token” was of the wrong kind; the default is used instead."]


def test_what_another_version_wrote_is_kept(path: Path) -> None:
    path.write_text('{"theme": "dark", "telepathy": {"range": [1, 2]}}')
    settings, repairs = load_settings(path)
    assert (settings.theme, repairs) == ("dark", [])
    save_settings(path, replace(settings, theme="light"))
    written = json.loads(path.read_text())
    assert (written["theme"], written["telepathy"]) == ("light", {"range": [1, 2]})


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "model_path": (5, ["a"], False),
        "effort": ("extreme", None, 3, ["low"], {}),
        "temperature": ("hot", -0.1, 2.1, True, float("nan"), float("inf"), 10**400),
        "context_size": (16384.0, 0, 10**9, "16384", True, float("nan")),
        "theme": ("pink", None, 0, ["dark"]),
        "sidebar_width": (-5, 10**6, "wide", 1.5),
        "window_geometry": ("not base64!", 7, "", "é"),
        "instructions": (None, 5, ["be kind"]),
    }.items(),
)
def test_a_value_that_makes_no_sense_is_repaired_and_reported(
    path: Path, name: str, values: tuple[object, ...]
) -> None:
    for value in values:
        path.write_text(json.dumps({"sidebar_width": 333, "temperature": 0, "theme": "dark", name: value}))
        settings, [repair] = load_settings(path)
        assert getattr(settings, name) == getattr(Settings(), name)
        assert name in repair
        assert len(repair) < 120
        # The others are as they were.
        others = {"sidebar_width": 333, "temperature": 0, "theme": "dark"}
        assert all(getattr(settings, other) == kept for other, kept in others.items() if other != name)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"dark"', b"\xff\xfe\x00", b"\x00" * 4096, b"[" * 100_000, b'{"a": ' + b"9" * 5000],
)
def test_a_file_that_cannot_be_read_is_set_aside_and_reported(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    settings, [repair] = load_settings(path)
    assert settings == Settings()
    assert "settings.json.broken" in repair
    assert not path.exists()
    assert path.with_name("settings.json.broken").read_bytes() == content
    save_settings(path, settings)
    assert load_settings(path) == (Settings(), [])


def test_a_save_that_fails_is_reported_and_leaves_the_old_file(path: Path) -> None:
    save_settings(path, CHOSEN)
    nowhere = path.parent / "nowhere" / "settings.json"
    with pytest.raises(SettingsError, match="could not be saved"):
        save_settings(nowhere, CHOSEN)
    with pytest.raises(TypeError):
        save_settings(path, replace(CHOSEN, unknown={"broken": object()}))
    assert load_settings(path) == (CHOSEN, [])
    assert list(path.parent.iterdir()) == [path]


def test_settings_that_are_a_folder_are_reported_in_words(path: Path) -> None:
    path.mkdir()
    with pytest.raises(SettingsError, match="can't be read"):
        load_settings(path)

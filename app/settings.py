"""The user's settings: one value, kept in a JSON file that a person may edit and that is never lost over a mistake."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.domain.chat import Effort
from app.errors import SettingsError

Theme = Literal["system", "light", "dark"]

_SECRET = ("hub_token",)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose. The defaults are what a new user gets.

    embedding_path is the model that finds passages by their meaning. temperature None is what suits the model.
    window_geometry is what Qt's saveGeometry gave, in base64. states_mb is the room on disk for the caches of
    conversations, 0 for none. thinking_budget ends thoughts after so many tokens, None lets them take their time.
    titles lets the model give conversations theirs. The model is unloaded after idle_minutes without use, 0 keeps it.
    tuned_threads were found to be the fastest, by the fingerprint of a model. hub_endpoint is where models are fetched
    from, hub_token what that place alone is shown; offline forbids that. model_files are those that are used where they
    lie, outside of the folder of models.
    unknown holds what another version of the application wrote into the file; it is kept when the settings are saved
    again.
    """

    model_path: str | None = None
    embedding_path: str | None = None
    effort: Effort = Effort.MEDIUM
    temperature: float | None = None
    context_size: int = 16384
    theme: Theme = "system"
    sidebar_width: int = 260
    document_width: int = 420
    window_geometry: str | None = None
    instructions: str = ""
    states_mb: int = 4000
    thinking_budget: int | None = None
    titles: bool = True
    idle_minutes: int = 30
    hub_endpoint: str = "https://huggingface.co"
    hub_token: str = field(default="", repr=False)
    offline: bool = False
    model_files: tuple[str, ...] = ()
    tuned_threads: Mapping[str, int] = field(default_factory=dict, repr=False)
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)


def load_settings(path: Path) -> tuple[Settings, list[str]]:
    """Read the settings, and say in words what had to be repaired. A missing file gives the defaults.

    A file that isn't JSON is set aside as ``settings.json.broken``. Raises SettingsError if it can't be read or moved.
    """
    try:
        values = _read(path)
    except FileNotFoundError:
        return Settings(), []
    except OSError as error:
        raise SettingsError(
            "The settings can't be read.", f"Allow your user to read and write {path}.", str(error)
        ) from error
    if values is None:
        return Settings(), [f"The settings could not be read and begin anew; the old file is kept as {_broken(path)}."]
    return _repair(values)


def save_settings(path: Path, settings: Settings) -> None:
    """Write the settings; whatever happens, the old file or the new one is there. Raises SettingsError."""
    values = dict(settings.unknown) | {name: getattr(settings, name) for name in _CHECKS}
    try:
        # mkstemp gives a file that its owner alone can read.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                # In ASCII, because a path may hold bytes that are no valid Unicode.
                json.dump(values, file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(
            "The settings could not be saved.", f"See that {path.parent} can be written to and has space.", str(error)
        ) from error


def _broken(path: Path) -> Path:
    return path.with_name(f"{path.name}.broken")


def _read(path: Path) -> dict[str, Any] | None:
    """Give what the file says, or set it aside and give None."""
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        values = None
    if isinstance(values, dict):
        return values
    path.replace(_broken(path))
    return None


def _repair(values: dict[str, Any]) -> tuple[Settings, list[str]]:
    """Take the values that make sense, and the default for each that doesn't."""
    good = {name: values[name] for name, check in _CHECKS.items() if name in values and check(values[name])}
    repairs = [
        f"The setting “{name}” was {_shown(name, values[name])}; the default is used instead."
        for name in _CHECKS
        if name in values and name not in good
    ]
    if "effort" in good:
        good["effort"] = Effort(good["effort"])
    if "model_files" in good:
        good["model_files"] = tuple(good["model_files"])
    unknown = {name: value for name, value in values.items() if name not in _CHECKS}
    return Settings(**good, unknown=unknown), repairs


def _shown(name: str, value: object) -> str:
    if name in _SECRET:
        return "of the wrong kind"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_base64_or_none(value: object) -> bool:
    try:
        return value is None or (isinstance(value, str) and bool(base64.b64decode(value, validate=True)))
    except ValueError:
        return False


def _is_number(low: float, high: float) -> Callable[[object], bool]:
    # JSON's true is an int in Python; NaN compares false.
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _is_number_or_none(low: float, high: float) -> Callable[[object], bool]:
    in_range = _is_number(low, high)
    return lambda value: value is None or in_range(value)


def _is_whole(low: int, high: int) -> Callable[[object], bool]:
    in_range = _is_number(low, high)
    return lambda value: isinstance(value, int) and in_range(value)


def _is_whole_or_none(low: int, high: int) -> Callable[[object], bool]:
    in_range = _is_whole(low, high)
    return lambda value: value is None or in_range(value)


def _is_mapping_of(low: int, high: int) -> Callable[[object], bool]:
    in_range = _is_whole(low, high)
    return lambda value: isinstance(value, dict) and all(map(in_range, value.values()))


def _is_one_of(*choices: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in choices


_CHECKS: dict[str, Callable[[object], bool]] = {
    "model_path": _is_text_or_none,
    "embedding_path": _is_text_or_none,
    "effort": _is_one_of(*Effort),
    "temperature": _is_number_or_none(0.0, 2.0),
    "context_size": _is_whole(1024, 131072),
    "theme": _is_one_of("system", "light", "dark"),
    "sidebar_width": _is_whole(120, 1200),
    "document_width": _is_whole(120, 4000),
    "states_mb": _is_whole(0, 1 << 20),
    "titles": _is_truth,
    "thinking_budget": _is_whole_or_none(0, 131072),
    "tuned_threads": _is_mapping_of(1, 1024),
    "idle_minutes": _is_whole(0, 1 << 20),
    "window_geometry": _is_base64_or_none,
    "instructions": _is_text,
    "hub_endpoint": _is_text,
    "hub_token": _is_text,
    "offline": _is_truth,
    "model_files": _is_list_of_text,
}

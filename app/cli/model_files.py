"""``inglenook models list|get|add|verify|remove``: models fetched, brought, checked and removed."""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.core import ModelStore, open_models
from app.domain.catalogue import Prospect
from app.domain.sizes import FILE_MB, file_size
from app.errors import AppError, DownloadError, SettingsError
from app.paths import Paths
from app.services.catalogue import entry_named
from app.services.download_events import Download, DownloadChanged, DownloadPhase
from app.services.events import Event
from app.services.installed import Check, InstalledModel

TOKEN_VARIABLE = "INGLENOOK_TOKEN"  # noqa: S105 - the name of a variable
_SECONDS_BETWEEN = 0.2


def add_file_actions(actions: Any, common: argparse.ArgumentParser) -> None:
    """Add these to the actions of ``models``. common holds what all commands take."""
    action = actions.add_parser("list", parents=[common], help="list the models that are here and those to be had")
    action.add_argument("--json", action="store_true")
    # Without abbreviations, so that nobody gives a token itself as an argument, which all others here can see.
    action = actions.add_parser(
        "get", parents=[common], allow_abbrev=False, help="fetch a model; Ctrl+C pauses, the same command goes on"
    )
    action.add_argument("id", metavar="ID", help="as in the list, or OWNER/REPOSITORY/FILE.gguf")
    action.add_argument(
        "--endpoint", metavar="URL", help="the hub to fetch it from, instead of the one in the settings"
    )
    action.add_argument(
        "--token-file", type=Path, metavar="FILE", help=f"holds the hub’s token; ${TOKEN_VARIABLE} can hold it too"
    )
    action.add_argument("--json", action="store_true", help="print one JSON object a line")
    action = actions.add_parser("add", parents=[common], help="take in a GGUF file, or all parts of one")
    action.add_argument("file", type=Path, metavar="FILE", help="a GGUF file; in parts, any of them")
    action.add_argument("--in-place", action="store_true", help="use it where it lies, without a copy")
    action.add_argument("--json", action="store_true")
    action = actions.add_parser("verify", parents=[common], help="see whether a model is what was published")
    action.add_argument("name", metavar="NAME", help="as in the list, or a file")
    action.add_argument("--json", action="store_true")
    action = actions.add_parser("remove", parents=[common], help="delete a model, or forget one used in place")
    action.add_argument("name", metavar="NAME", help="as in the list, or a file")
    action.add_argument("--json", action="store_true")


def model_files(paths: Paths, options: argparse.Namespace) -> int:
    """Run one of the actions. Raises AppError."""
    if options.action == "get":
        return _get(paths, options)
    # What these post is for listeners, and there are none.
    with open_models(paths, lambda closure: None, lambda event: None) as store:  # noqa: ARG005
        match options.action:
            case "list":
                return _list(store, options.json)
            case "add":
                return _add(store, options)
            case "verify":
                return _verify(store, options)
            case _:
                return _remove(store, options)


def _list(store: ModelStore, as_json: bool) -> int:
    installed, prospects = store.installed.all(), store.prospects()
    downloads = store.downloads.downloads()
    if as_json:
        _print_json(
            {
                "installed": [_model_json(model) for model in installed],
                "downloads": [_download_json(download) for download in downloads],
                "catalogue": [_prospect_json(prospect) for prospect in prospects],
            }
        )
        return 0
    print("Here:" if installed else "There is no model here yet.")
    for model in installed:
        print(f"  {model.name:24} {file_size(model.size):>8}  {_standing(model)}  {_printable(model.path)}")
    for download in downloads:
        print(f"  {download.entry.id:24} {_share(download)} fetched, paused. Go on with `{_again(download.entry.id)}`")
    print("To be had:")
    for prospect in prospects:
        star = " (recommended)" if prospect.recommended else ""
        print(f"  {prospect.entry.id:24} {file_size(prospect.disk):>8}  {prospect.suitability}{star}")
        print(f"  {'':24} {prospect.entry.description} {prospect.sentence}")
    return 0


class _Fetching:
    """A download on this thread, with what is shown of it."""

    def __init__(self, tasks: queue.SimpleQueue[Callable[[], None]], as_json: bool) -> None:
        self._tasks = tasks
        self._as_json = as_json
        self._watched = sys.stderr.isatty() and not as_json
        self._shown = 0.0
        self.state: Download | None = None

    def hear(self, event: Event) -> None:
        if isinstance(event, DownloadChanged):
            changed = self.state is None or self.state.phase is not event.download.phase
            self.state = event.download
            self._show(event.download, changed)

    def until_end(self) -> Download:
        while self.state is None or self.state.active:
            self._tasks.get()()
        if self._watched:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        return self.state

    def _show(self, download: Download, changed: bool) -> None:
        now = time.monotonic()
        if not changed and now - self._shown < _SECONDS_BETWEEN:
            return
        self._shown = now
        if self._as_json:
            print(json.dumps(_download_json(download), ensure_ascii=False), flush=True)
        elif self._watched:
            print(f"\r{_progress(download)}\033[K", end="", file=sys.stderr, flush=True)


def _get(paths: Paths, options: argparse.Namespace) -> int:
    tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    fetching = _Fetching(tasks, options.json)
    # The token of the settings is for the endpoint of the settings.
    overrides = {"hub_endpoint": options.endpoint, "hub_token": ""} if options.endpoint else {}
    with open_models(paths, tasks.put, fetching.hear, **overrides) as store:
        entry = entry_named(store.catalogue, options.id)
        known = store.installed.of_entry(entry.id)
        if known is not None and known.verified:
            return _tell_of(known, f"{entry.name} is here already: {_printable(known.path)}", options.json)
        try:
            store.downloads.start(entry, _token(options.token_file))
            end = fetching.until_end()
        except KeyboardInterrupt:
            store.close()
            print(f"\nPaused. What has arrived is kept. Go on with `{_again(entry.id)}`.", file=sys.stderr)
            return 130
        if end.failure is not None:
            raise DownloadError(end.failure.title, end.failure.remedy)
        if end.phase is not DownloadPhase.DONE:
            raise DownloadError("The download was stopped.", f"Go on with `{_again(entry.id)}`.")
        model = store.installed.find(str(end.files[0]))
        sentence = f"{entry.name} is here, and its checksum is right: {_printable(model.path)}"
        return _tell_of(model, sentence, options.json)


def _tell_of(model: InstalledModel, sentence: str, as_json: bool) -> int:
    """The last line of a download."""
    print(json.dumps(_model_json(model), ensure_ascii=False) if as_json else sentence)
    return 0


def _token(file: Path | None) -> str | None:
    """A token given for this run. Never an argument: everybody on the computer can see those of a running program."""
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        return file.expanduser().read_text(encoding="ascii").strip() or None
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The token can’t be read from {file}.", "Name a file that holds it.", str(error)
        ) from error


def _add(store: ModelStore, options: argparse.Namespace) -> int:
    if options.in_place:
        model = store.installed.use_in_place(options.file)
        return _report(model, f"{model.name} is used where it lies: {_printable(model.path)}", options.json)
    model = store.installed.copy_in(options.file, _shown("Copying"))
    return _report(model, f"{model.name} is here: {_printable(model.path)}", options.json)


def _verify(store: ModelStore, options: argparse.Namespace) -> int:
    model = store.installed.find(options.name)
    if model.problem:
        raise AppError(model.problem)
    check = store.installed.verify(model, _shown("Checking"))
    sentence = {
        Check.RIGHT: f"{model.name} is what was published.",
        Check.WRONG: f"{model.path.name} is damaged: its checksum is not the one that was published.",
        Check.UNKNOWN: f"{model.name} can be read to its end. It is in no catalogue, so nobody knows its checksum.",
    }[check]
    if options.json:
        _print_json({**_model_json(store.installed.find(str(model.path))), "check": check.value})
    else:
        print(sentence)
    return 1 if check is Check.WRONG else 0


def _remove(store: ModelStore, options: argparse.Namespace) -> int:
    model = store.installed.find(options.name)
    store.shelf.remove(model)
    what = "is no longer used. Its file stays" if model.in_place else "is deleted"
    return _report(model, f"{model.name} {what}: {_printable(model.path)}", options.json)


def _report(model: InstalledModel, sentence: str, as_json: bool) -> int:
    if as_json:
        _print_json(_model_json(model))
    else:
        print(sentence)
    return 0


def _shown(doing: str) -> Callable[[int, int], None]:
    watched, shown = sys.stderr.isatty(), 0.0

    def progress(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if watched and (done == total or now - shown >= _SECONDS_BETWEEN):
            shown = now
            end = "\r\033[K" if done == total else f"\r{doing}: {done / max(1, total):.0%}\033[K"
            print(end, end="", file=sys.stderr, flush=True)

    return progress


def _progress(download: Download) -> str:
    match download.phase:
        case DownloadPhase.FETCHING if download.speed is not None and download.seconds_left is not None:
            rate, left = f"{download.speed / FILE_MB:.1f} MB/s", _duration(download.seconds_left)
            return f"{download.entry.name}: {_share(download)}, {rate}, {left} left"
        case DownloadPhase.WAITING if download.reason:
            return f"{download.entry.name}: {download.reason} Trying again."
        case DownloadPhase.CHECKING:
            return f"{download.entry.name}: checking what has arrived, {download.checked or 0:.0%}"
        case _:
            return f"{download.entry.name}: {_share(download)}"


def _share(download: Download) -> str:
    return f"{download.done / download.total:.0%}" if download.total else "0%"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def _again(identity: str) -> str:
    return f"inglenook models get {identity}"


def _standing(model: InstalledModel) -> str:
    if model.problem:
        return f"can’t be used: {model.problem}"
    return ("verified" if model.verified else "not verified") + (", in place" if model.in_place else "")


def _model_json(model: InstalledModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "id": model.entry.id if model.entry is not None else None,
        "path": _printable(model.path),
        "files": [_printable(path) for path in model.files],
        "bytes": model.size,
        "verified": model.verified,
        "in_place": model.in_place,
        "problem": model.problem or None,
    }


def _download_json(download: Download) -> dict[str, Any]:
    return {
        "id": download.entry.id,
        "phase": download.phase.value,
        "done_bytes": download.done,
        "total_bytes": download.total,
        "bytes_per_second": download.speed,
        "seconds_left": download.seconds_left,
        "reason": download.reason or None,
        "failure": download.failure.title if download.failure is not None else None,
        "files": [_printable(path) for path in download.files],
    }


def _prospect_json(prospect: Prospect) -> dict[str, Any]:
    entry = prospect.entry
    return {
        "id": entry.id,
        "name": entry.name,
        "purpose": entry.purpose.value,
        "description": entry.description,
        "licence": entry.licence,
        "repository": entry.repository,
        "suitability": prospect.suitability.value,
        "recommended": prospect.recommended,
        "memory_bytes": prospect.memory,
        "disk_bytes": prospect.disk,
        "free_disk_bytes": prospect.free_disk,
        "sentence": prospect.sentence,
    }


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))


def _printable(path: Path) -> str:
    """A path as text; bytes in it that are no UTF-8 are replaced."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")

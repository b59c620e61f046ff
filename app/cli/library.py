"""``inglenook library``: folders of documents that are kept in the index, made, searched and looked after."""

from __future__ import annotations

import argparse
import json
import queue
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.cli.places import on_terminal
from app.core import open_libraries, search_library
from app.domain.chat import Failure
from app.domain.documents import FileStatus, Hit
from app.errors import AppError, NotFoundError
from app.paths import Paths
from app.services.document_events import EmbeddingState, Library, LibraryChanged, LibraryFile
from app.services.events import Event, StorageFailed
from app.services.library import LibraryService

_LIMIT = 10
_SETTLED = {FileStatus.INDEXED, FileStatus.UNCHANGED, FileStatus.WAITING, FileStatus.READING}


def add_library_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``library`` to the commands of the command line. common holds what all commands take."""
    library_parser = commands.add_parser("library", help="keep folders of documents, and search them")
    actions = library_parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    action = actions.add_parser("create", parents=[common], help="read folders and keep them under a name")
    action.add_argument("name", metavar="NAME")
    action.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    action = actions.add_parser("list", parents=[common], help="list the libraries")
    action.add_argument("--json", action="store_true")
    action = actions.add_parser("status", parents=[common], help="say how a library and its files stand")
    action.add_argument("name", metavar="NAME")
    action.add_argument("--json", action="store_true")
    action = actions.add_parser("search", parents=[common], help="find passages")
    action.add_argument("name", metavar="NAME")
    action.add_argument("query", metavar="QUERY")
    action.add_argument(
        "--limit", type=_count, default=_LIMIT, metavar="N", help=f"so many at most, {_LIMIT} if not given"
    )
    action.add_argument("--json", action="store_true")
    action = actions.add_parser(
        "meaning", parents=[common], help="find passages by their meaning too, with an embedding model"
    )
    action.add_argument(
        "model",
        metavar="FILE",
        nargs="?",
        help="the GGUF of an embedding model, or “off”; without it: say how it stands",
    )
    for name, what in (("rescan", "read what is new or changed"), ("remove", "forget a library, but for its files")):
        action = actions.add_parser(name, parents=[common], help=what)
        action.add_argument("name", metavar="NAME")


def library(paths: Paths, options: argparse.Namespace) -> int:
    """Run one of the actions. Raises AppError."""
    if options.action == "search":
        return _search(search_library(paths, options.name, options.query, options.limit), options.json)
    with _running(paths) as run:
        match options.action:
            case "create":
                run.service.create(options.name, options.folders)
                return _report(run.until_done(" ".join(options.name.split())))
            case "rescan":
                run.service.rescan(options.name)
                return _report(run.until_done(options.name))
            case "remove":
                run.service.remove(options.name)
                return 0
            case "meaning":
                return _meaning(run, options.model)
            case "list":
                return _list(run.service.libraries(), options.json)
            case _:
                return _status(_named(run.service, options.name), run.service.files(options.name), options.json)


class _Run:
    """The service with what it posts and tells, on this thread."""

    def __init__(self, service: LibraryService, tasks: queue.SimpleQueue[Callable[[], None]]) -> None:
        self.service = service
        self.state: Library | None = None
        self.failure: AppError | None = None
        self._tasks = tasks
        self._watched = sys.stderr.isatty()

    def until_done(self, name: str) -> Library:
        """Let the work on a library come to its end, and say on a terminal how far it is. Raises AppError."""
        while True:
            self._tasks.get()()
            if self.failure is not None:
                raise self.failure
            if self.state is None or self.state.name != name:
                continue
            if not self.state.busy:
                self.until_embedded()
                self._show("")
                return self.state
            self._show(_progress(self.state))

    def until_embedded(self) -> EmbeddingState:
        """Let all passages get their vectors, if there is a model for it; what goes wrong with it is in the state."""
        embeddings = self.service.embeddings
        assert embeddings is not None
        embeddings.work()
        while embeddings.busy:
            self._tasks.get()()
            self._show(_embedding_progress(embeddings.state))
        self._show("")
        if embeddings.state.failure is not None:
            print(f"inglenook: {_sentence(embeddings.state.failure)}", file=sys.stderr)
        return embeddings.state

    def hear(self, event: Event) -> None:
        match event:
            case LibraryChanged(state):
                self.state = state
            case StorageFailed(failure):
                self.failure = AppError(failure.title, failure.remedy)

    def _show(self, line: str) -> None:
        if self._watched:
            print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)


@contextmanager
def _running(paths: Paths) -> Iterator[_Run]:
    tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    listeners: list[Callable[[Event], None]] = []

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    with open_libraries(paths, tasks.put, tell) as service:
        run = _Run(service, tasks)
        listeners.append(run.hear)
        yield run


def _progress(state: Library) -> str:
    done = state.files - state.waiting
    left = "" if state.seconds_left is None else f", {_duration(state.seconds_left)} left"
    return f"{state.name}: {done:,} of {state.files:,} files, {state.passages:,} passages{left}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def _report(state: Library) -> int:
    print(_summary(state))
    for folder in state.missing:
        print(f"inglenook: The folder {_shown(folder)} is missing. What was read of it is kept.", file=sys.stderr)
    return 0


def _summary(state: Library) -> str:
    parts = [f"{state.files:,} files", f"{state.indexed:,} with text", f"{state.passages:,} passages"]
    parts += [f"{count:,} {what}" for count, what in ((state.failed, "without"), (state.waiting, "waiting")) if count]
    return f"{state.name}: {', '.join(parts)}{' (paused)' if state.paused else ''}"


def _meaning(run: _Run, model: str | None) -> int:
    embeddings = run.service.embeddings
    assert embeddings is not None
    if model is not None:
        embeddings.use(None if model == "off" else Path(model))
    state = run.until_embedded()
    if state.path is None:
        print("Passages are found by their words. Name an embedding model to find them by their meaning too.")
    elif state.failure is None:
        print(f"Passages are found by their words and by their meaning, with {state.path.name}.")
    return 1 if state.failure is not None else 0


def _embedding_progress(state: EmbeddingState) -> str:
    left = "" if state.seconds_left is None else f", {_duration(state.seconds_left)} left"
    return f"Learning what the passages mean: {state.waiting:,} to do{left}" if state.waiting else ""


def _sentence(failure: Failure) -> str:
    return " ".join(filter(None, (failure.title, failure.remedy)))


def _list(libraries: list[Library], as_json: bool) -> int:
    if as_json:
        _print_json([_library_json(state) for state in libraries])
    elif not libraries:
        print("There are no libraries yet. Make one with `inglenook library create NAME FOLDER`.")
    for state in () if as_json else libraries:
        print(_summary(state))
        for folder in state.folders:
            print(f"  {_shown(folder)}")
    return 0


def _status(state: Library, files: list[LibraryFile], as_json: bool) -> int:
    if as_json:
        _print_json({**_library_json(state), "files": [_file_json(file) for file in files]})
        return 0
    print(_summary(state))
    for file in files:
        pages = f", {_counted(file.pages, 'page')}" if file.pages else ""
        read = f"{_counted(file.passages, 'passage')}{pages}"
        what = f"{read}. {file.reason}".removesuffix(". ") if file.status in _SETTLED else file.reason
        print(f"  {file.status.value:11} {_shown(file.path)}  {what}")
    return 0


def _search(hits: Sequence[tuple[Hit, Path]], as_json: bool) -> int:
    if as_json:
        _print_json([_hit_json(hit, path) for hit, path in hits])
        return 0
    for hit, path in hits:
        passage = hit.passage
        page = f", page {passage.unit}" if passage.unit is not None else ""
        print(f"{_shown(path)}{page}, lines {passage.first_line} to {passage.last_line}  ({hit.score:.3f})")
        print("  " + passage.text.replace("\n", "\n  ") + "\n")
    if not hits:
        print("Nothing was found.")
    return 0


def _named(service: LibraryService, name: str) -> Library:
    for state in service.libraries():
        if state.name == name:
            return state
    raise NotFoundError(f"There is no library “{name}”.", "List the libraries to see their names.")


def _library_json(state: Library) -> dict[str, Any]:
    return {
        "name": state.name,
        "folders": list(map(_printable, state.folders)),
        "missing": list(map(_printable, state.missing)),
        "paused": state.paused,
        "counts": {
            "files": state.files,
            "indexed": state.indexed,
            "failed": state.failed,
            "waiting": state.waiting,
            "passages": state.passages,
        },
    }


def _file_json(file: LibraryFile) -> dict[str, Any]:
    return {**asdict(file), "path": _printable(file.path), "status": file.status.value}


def _hit_json(hit: Hit, path: Path) -> dict[str, Any]:
    passage = hit.passage
    return {
        "file": _printable(path),
        "sha256": hit.document,
        "page": passage.unit,
        "page_name": passage.unit_name,
        "headings": list(passage.headings),
        "lines": [passage.first_line, passage.last_line],
        "text": passage.text,
        "score": hit.score,
    }


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))


def _printable(path: Path) -> str:
    """A path as text; bytes in it that are no UTF-8 are replaced."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _shown(path: Path) -> str:
    return on_terminal(_printable(path))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1_000:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 to 1000")
    return int(text)

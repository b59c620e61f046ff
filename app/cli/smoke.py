"""``inglenook --smoke-test``: does this installation hold all that it needs?

A frozen build can lack a module, a library, a plugin of Qt or a file without anybody noticing before it is wanted. So
this uses each kind once, in the way in which the application uses it, on a data folder that is thrown away. What is
said on the way, by Qt or in the log, counts as a fault.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import logging
import os
import pkgutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import app
from app.documents.reader import DocumentReader
from app.documents.render import PageRenderer, RenderFailure
from app.domain.documents import FileStatus
from app.errors import AppError
from app.paths import resource

_WORD = "inglenook"
"""Is in each of the documents in resources/smoke."""
_PAGE_WIDTH = 200


class SmokeError(AppError):
    """Something that this installation should be able to do failed."""


def smoke_test() -> int:
    """Try everything and print nothing. Exit code 1 and the reasons on stderr where something fails."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with _heard() as heard, tempfile.TemporaryDirectory(prefix="inglenook-smoke-") as folder:
        # Fontconfig complains on stderr where the home can't be written, which is no fault of the installation.
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            _import_everything()
            _read_documents()
            _draw_a_page()
            # Qt is loaded here and nowhere else, as for the window.
            from app.ui.smoke import use_the_window  # noqa: PLC0415

            use_the_window(Path(folder))
        except Exception:  # noqa: BLE001 - whatever it is, it must be told with the place where it happened
            heard.append(traceback.format_exc())
    for line in heard:
        print(f"inglenook: {line}", file=sys.stderr)
    return 1 if heard else 0


def _import_everything() -> None:
    for module in pkgutil.walk_packages(app.__path__, f"{app.__name__}."):
        if module.name != "app.__main__":
            importlib.import_module(module.name)


def _read_documents() -> None:
    reader = DocumentReader()
    try:
        for path in sorted(resource("smoke").iterdir()):
            result = reader.read(path, another_follows=True)
            text = result.document.text if result.document is not None else ""
            if result.status is not FileStatus.READ or _WORD not in text:
                raise SmokeError(f"{path.name} could not be read: {result.status} {result.reason}")
    finally:
        reader.close()


def _draw_a_page() -> None:
    renderer = PageRenderer()
    path = resource("smoke/sample.pdf")
    try:
        page = renderer.render(path, hashlib.sha256(path.read_bytes()).hexdigest(), 1, _PAGE_WIDTH)
    finally:
        renderer.close()
    if isinstance(page, RenderFailure):
        raise SmokeError(f"A page could not be drawn: {page.sentence}")
    if len(set(page.pixels)) < 2:
        raise SmokeError("A page was drawn without anything on it.")


class _Listener(logging.Handler):
    """Keeps what is logged as a warning or worse."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.append(self.format(record))


@contextlib.contextmanager
def _heard() -> Iterator[list[str]]:
    heard: list[str] = []
    listener = _Listener(heard)
    logging.getLogger().addHandler(listener)
    try:
        yield heard
    finally:
        logging.getLogger().removeHandler(listener)

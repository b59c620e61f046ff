"""The part of the smoke test that has a window: an answer in it, a search for it, and a file of each format."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize
from PySide6.QtGui import QIcon, QImage, QImageWriter
from PySide6.QtWidgets import QApplication

from app.core import Core
from app.domain.search import SearchHit, SearchQuery
from app.errors import AppError
from app.export.formats import Format
from app.paths import Paths, resource
from app.services.events import Event, ModelPhase, TurnEnded
from app.services.transfer_events import ExportRequest
from app.ui.bridge import Bridge
from app.ui.main_window import MainWindow
from app.ui.pdf_export import to_pdf
from app.ui.run import make_application, theme_of

_QUESTION = "Hello"
_ANSWER = "Hello! How can I help you today?"
"""What the tiny model has learnt to say."""
_SECONDS = 120.0


def use_the_window(folder: Path) -> None:
    """Have a conversation in the real window with the real engine. Raises AppError where anything goes wrong."""
    application = make_application()
    _check_pictures()
    bridge = Bridge()
    window = MainWindow(theme_of(application))
    window.show()
    core = Core(Paths(folder / "data"), bridge.post, guarded=True)
    try:
        window.attach(core, resource("tiny-gpt-oss.gguf"))
        _talk(application, core)
        _search(application, core)
        _export(core, folder)
        window.close()
    finally:
        core.close()
        bridge.close()
        window.deleteLater()
        application.processEvents()


def _check_pictures() -> None:
    """SVG needs a plugin, and so does each format of pictures."""
    if QIcon(str(resource("icons/inglenook.svg"))).pixmap(QSize(32, 32)).toImage().pixelColor(16, 16).alpha() == 0:
        raise AppError("The icon can't be drawn.")
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(0xFF0000)
    for kind in (b"PNG", b"JPG"):
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        if not QImageWriter(buffer, QByteArray(kind)).write(image) or QImage.fromData(data).isNull():
            raise AppError(f"Pictures of the kind {kind.decode()} can't be written and read.")


def _talk(application: QApplication, core: Core) -> None:
    core.override_settings(temperature=0.0)
    ended: list[TurnEnded] = []

    def listen(event: Event) -> None:
        if isinstance(event, TurnEnded):
            ended.append(event)

    core.chat.subscribe(listen)
    _wait(application, lambda: core.models.state.phase in (ModelPhase.READY, ModelPhase.FAILED))
    if core.models.state.failure is not None:
        raise AppError(core.models.state.failure.title, core.models.state.failure.remedy)
    core.outbox.submit(None, _QUESTION)
    _wait(application, lambda: bool(ended))
    if ended[0].message.text != _ANSWER:
        raise AppError(f"The model answered “{ended[0].message.text}” instead of “{_ANSWER}”.")


def _search(application: QApplication, core: Core) -> None:
    found: list[Sequence[SearchHit] | AppError] = []
    core.search.search(SearchQuery("help today"), found.append)
    _wait(application, lambda: bool(found))
    if isinstance(found[0], AppError):
        raise found[0]
    if not found[0]:
        raise AppError("The search did not find what was said.")


def _export(core: Core, folder: Path) -> None:
    conversations = tuple(conversation.id for conversation in core.chat.conversations())
    for form in Format:
        target = folder / f"export{form.suffix}"
        request = ExportRequest(conversations, form, target)
        outcome: list[object] = []
        core.transfer.export(request, to_pdf, lambda _done, _total: None, outcome.append)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        _wait(application, lambda: bool(outcome))  # noqa: B023 - waited for in this turn of the loop
        if isinstance(outcome[0], AppError):
            raise outcome[0]
        if not target.stat().st_size:
            raise AppError(f"The export as {form.value} is empty.")


def _wait(application: QApplication, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AppError(f"Something did not happen within {_SECONDS:.0f} seconds.")
        application.processEvents()
        time.sleep(0.01)

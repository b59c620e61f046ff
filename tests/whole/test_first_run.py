"""From the first start to the first answer, with a hub on this computer: by mouse, and by keyboard alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from PySide6.QtGui import QColor, QImage

from app.ui.theme import LIGHT
from tests.hub.server import LocalHub, local_hub
from tests.models import TINY
from tests.screen import Screen
from tests.whole.small_catalogue import NAME, VARIABLE, write_catalogue
from tests.whole.test_window import GREETING, App, start_again

BUTTON_WIDTH = 30
WITHOUT_WORDS = 6
"""Pixels above a button’s words. A bar of progress, of the same colour, is not as high."""


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with Screen() as screen:
        yield screen


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with local_hub({NAME: TINY.read_bytes()}) as hub:
        # About three seconds, in which something can be seen.
        hub.pause = 0.05
        yield hub


def first_start(screen: Screen, hub: LocalHub, folder: Path) -> App:
    data = folder / "data"
    data.mkdir(mode=0o700)
    (data / "settings.json").write_text(
        json.dumps({"hub_endpoint": hub.endpoint, "temperature": 0.0, "theme": "light"})
    )
    catalogue = write_catalogue(folder / "catalogue.json")
    # In a home of its own, in whose downloads nothing lies.
    environment = {VARIABLE: str(catalogue), "HOME": str(folder)}
    return App(screen, data, module="tests.whole.small_catalogue", environment=environment)


def open_to_the_network(app: App) -> list[psutil.Process]:
    """The processes of the application that have a socket to the hub open."""
    found = []
    for each in [psutil.Process(app.pid), *psutil.Process(app.pid).children(recursive=True)]:
        # One may end while it is looked at.
        with suppress(psutil.NoSuchProcess):
            if each.net_connections(kind="inet"):
                found.append(each)
    return found


def click_primary(screen: Screen, app: App, picture: Path) -> None:
    """Click on the button that stands out, once it stays where it is: a notice above may move it."""
    places: list[tuple[int, int] | None] = [None]

    def found() -> tuple[int, int] | None:
        screen.screenshot(picture)
        places.append(_widest_button(QImage(str(picture)), QColor(LIGHT.accent).rgb()))
        return places[-1] if places[-1] == places[-2] else None

    x, y = app.wait(found, "a button that stands out")
    screen.xdotool("mousemove", str(x), str(y), "click", "1")


def _widest_button(image: QImage, colour: int) -> tuple[int, int] | None:
    """A place above the words of the widest button of this colour."""
    width, middle = BUTTON_WIDTH - 1, None
    for y in range(0, image.height() - WITHOUT_WORDS, 2):
        run = 0
        for x in range(image.width()):
            run = run + 1 if image.pixel(x, y) == colour == image.pixel(x, y + WITHOUT_WORDS) else 0
            if run > width:
                width, middle = run, (x - run // 2, y + WITHOUT_WORDS)
    return middle


def test_by_keyboard_alone_the_model_is_fetched_and_answers(screen: Screen, hub: LocalHub, tmp_path: Path) -> None:
    app = first_start(screen, hub, tmp_path)
    app.key("space")
    app.wait(lambda: hub.gets, "the download to begin")
    with_network = app.wait(lambda: open_to_the_network(app), "a connection")
    assert app.pid not in [each.pid for each in with_network], "the window itself has none"
    app.engine()
    assert (tmp_path / "data" / "models" / NAME).read_bytes() == TINY.read_bytes()
    app.type("Hello")
    app.key("Return")
    assert app.wait_for_answers(1)[0]["text"] == GREETING
    assert app.end() == ""


def test_by_mouse_two_clicks_lead_to_an_answer(screen: Screen, hub: LocalHub, tmp_path: Path) -> None:
    app = first_start(screen, hub, tmp_path)
    click_primary(screen, app, tmp_path / "first.png")
    app.wait(lambda: hub.gets, "the download to begin")
    app.engine()
    app.type("Hello")
    click_primary(screen, app, tmp_path / "composer.png")
    assert app.wait_for_answers(1)[0]["text"] == GREETING
    assert app.end() == ""


def test_a_download_goes_on_after_the_window_was_killed(screen: Screen, hub: LocalHub, tmp_path: Path) -> None:
    app = first_start(screen, hub, tmp_path)
    app.key("space")
    app.wait(lambda: hub.sent > 300_000, "a part to arrive")
    app.kill()
    environment = {VARIABLE: str(tmp_path / "catalogue.json"), "HOME": str(tmp_path)}
    again = App(screen, tmp_path / "data", module="tests.whole.small_catalogue", environment=environment)
    again.key("space")
    again.engine()
    assert hub.sent < 1.3 * TINY.stat().st_size, "what had arrived was not fetched again"
    assert again.end() == ""


def test_a_second_start_hands_over_a_document(screen: Screen, tmp_path: Path) -> None:
    document = tmp_path / "lease.txt"
    document.write_text("Three months.")
    app = App(screen, tmp_path / "data", "--model", str(TINY))
    app.engine()
    assert start_again(screen, tmp_path / "data", str(document)) == (0, "")
    app.type("Hello")
    app.key("Return")
    app.wait_for_answers(1)
    assert "lease.txt" in json.dumps(app.messages()[0]), "it went with the message"
    assert app.end() == ""

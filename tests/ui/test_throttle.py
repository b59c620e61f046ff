"""Repaints as a timeline."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.ui.throttle import SHORTEST, Throttle


class Clock:
    """Time that passes when a rendering takes time."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Renderer:
    """Counts its renderings, each of which takes cost seconds of the clock."""

    def __init__(self, clock: Clock, cost: float = 0.0) -> None:
        self.count = 0
        self.cost = cost
        self.clock = clock

    def __call__(self) -> None:
        self.count += 1
        self.clock.now += self.cost


def test_the_first_request_is_rendered_at_once(qtbot: QtBot) -> None:
    clock = Clock()
    renderer = Renderer(clock)
    throttle = Throttle(renderer, clock=clock)
    throttle.request()
    assert renderer.count == 1
    assert not throttle.waiting


def test_requests_that_follow_soon_become_one(qtbot: QtBot) -> None:
    clock = Clock()
    renderer = Renderer(clock)
    throttle = Throttle(renderer, clock=clock)
    for _ in range(20):
        throttle.request()
    assert renderer.count == 1
    qtbot.waitUntil(lambda: renderer.count == 2, timeout=1000)
    qtbot.wait(80)
    assert renderer.count == 2


def test_after_a_rest_a_request_is_rendered_at_once_again(qtbot: QtBot) -> None:
    clock = Clock()
    renderer = Renderer(clock)
    throttle = Throttle(renderer, clock=clock)
    throttle.request()
    clock.now += SHORTEST
    throttle.request()
    assert renderer.count == 2


def test_a_costly_rendering_rests_four_times_as_long_as_it_took(qtbot: QtBot) -> None:
    clock = Clock()
    renderer = Renderer(clock, cost=0.5)
    throttle = Throttle(renderer, clock=clock)
    throttle.request()
    clock.now += 1.9
    throttle.request()
    assert renderer.count == 1
    throttle.cancel()
    clock.now += 0.2
    throttle.request()
    assert renderer.count == 2


def test_flush_renders_what_waits_and_cancel_forgets_it(qtbot: QtBot) -> None:
    clock = Clock()
    renderer = Renderer(clock)
    throttle = Throttle(renderer, clock=clock)
    throttle.request()
    throttle.request()
    throttle.flush()
    assert renderer.count == 2
    throttle.flush()
    assert renderer.count == 2
    throttle.request()
    throttle.cancel()
    qtbot.wait(60)
    assert renderer.count == 2

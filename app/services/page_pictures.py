"""Pictures of pages for the viewer: drawn one after another on a lane of their own, the last few kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from app.documents.render import PageRenderer, RenderedPage, RenderFailure, check_file
from app.jobs import Lane, Post

MOST_BYTES = 48 << 20
"""Of pictures that are kept: some thirty pages as a panel shows them."""

Key = tuple[Path, str, int, int]
"""File, SHA-256 of its content, page (from 1) and width in pixels."""
Done = Callable[[RenderedPage | RenderFailure], None]


class PagePictures:
    """Called on the main thread, where answers come as well."""

    def __init__(self, renderer: PageRenderer, post: Post) -> None:
        self._renderer = renderer
        self._post = post
        self._lane = Lane("pages")
        self._waiting: dict[Key, Done] = {}
        self._kept: OrderedDict[Key, RenderedPage] = OrderedDict()

    def request(self, path: Path, sha256: str, page: int, width: int, done: Done) -> None:
        """Draw a page of the file with this content; done hears of it, at once if the picture is still there.

        Who asks again before the answer came is heard in the stead of the first.
        """
        key = (path, sha256, page, width)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            done(kept)
            return
        waits = key in self._waiting
        self._waiting[key] = done
        if not waits:
            self._lane.submit(lambda: self._draw(key))

    def check(self, path: Path, sha256: str, done: Callable[[RenderFailure | None], None]) -> None:
        """Find out whether the file still has this content; done hears None if it has."""

        def look() -> None:
            failure = check_file(path, sha256)
            self._post(lambda: done(failure))

        self._lane.submit(look)

    def forget_waiting(self) -> None:
        """Nobody looks any more at what was asked for and has not come."""
        self._waiting.clear()

    def close(self) -> None:
        """End all drawing."""
        self._waiting.clear()
        self._renderer.stop()
        self._lane.close()
        self._renderer.close()

    def _draw(self, key: Key) -> None:
        """On the lane."""
        if key in self._waiting:
            picture = self._renderer.render(*key)
            self._post(lambda: self._on_drawn(key, picture))

    def _on_drawn(self, key: Key, picture: RenderedPage | RenderFailure) -> None:
        if isinstance(picture, RenderedPage):
            self._kept[key] = picture
            while len(self._kept) > 1 and sum(len(each.pixels) for each in self._kept.values()) > MOST_BYTES:
                self._kept.popitem(last=False)
        done = self._waiting.pop(key, None)
        if done is not None:
            done(picture)

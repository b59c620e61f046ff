"""Search as one types: on a lane of its own, and only the newest query is answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from app.domain.search import SearchHit, SearchQuery
from app.errors import AppError, StoreError
from app.jobs import Lane, Post
from app.store.search import SearchStore

_log = logging.getLogger(__name__)

OnFound = Callable[[Sequence[SearchHit] | AppError], None]


class SearchService:
    """Called on the main thread only."""

    def __init__(self, store: SearchStore, lane: Lane, post: Post) -> None:
        self._store = store
        self._lane = lane
        self._post = post
        self._newest = 0
        self._closed = False

    def search(self, query: SearchQuery, on_found: OnFound) -> None:
        """Look for something; on_found is not called if something else is looked for meanwhile."""
        self._newest += 1
        number = self._newest
        self._store.stop()
        self._lane.submit(lambda: self._run(number, query, on_found))

    def forget(self) -> None:
        """Nothing is looked for any more."""
        self._newest += 1
        self._store.stop()

    def reopen(self) -> None:
        """The database holds something else now: forget what was read of it, and what is looked for."""
        self.forget()
        self._lane.submit(self._store.close)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.forget()
        self._lane.submit(self._store.close)
        self._lane.close(drop=False)

    def _run(self, number: int, query: SearchQuery, on_found: OnFound) -> None:
        if number != self._newest:
            return
        try:
            found: Sequence[SearchHit] | AppError = self._store.search(query)
        except StoreError as error:
            # One that was stopped for a newer query ends in an error too.
            _log.info("A search came to nothing: %s %s", error, error.details)
            found = error
        self._post(lambda: on_found(found) if number == self._newest else None)

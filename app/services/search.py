"""Search as one types: on a lane of its own, and only the newest query is answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from app.domain.search import SearchHit, SearchQuery
from app.errors import AppError, StoreError
from app.jobs import Lane, Post
from app.store.search import SearchStore
from app.store.search_index import DamagedIndexError

_log = logging.getLogger(__name__)

OnFound = Callable[[Sequence[SearchHit] | AppError], None]


class SearchService:
    """Called on the main thread only."""

    def __init__(self, store: SearchStore, lane: Lane, post: Post, remake: Callable[[], None]) -> None:
        """remake makes the search indexes anew, on the main thread."""
        self._store = store
        self._remake = remake
        self._lane = lane
        self._post = post
        self._newest = 0
        self._remade = False
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
        except DamagedIndexError as error:
            damaged = error
            self._post(lambda: self._mend(number, query, on_found, damaged))
            return
        except StoreError as error:
            # One that was stopped for a newer query ends in an error too.
            _log.info("A search came to nothing: %s %s", error, error.details)
            found = error
        self._post(lambda: self._tell(number, found, on_found))

    def _tell(self, number: int, found: Sequence[SearchHit] | AppError, on_found: OnFound) -> None:
        if number == self._newest:
            on_found(found)

    def _mend(self, number: int, query: SearchQuery, on_found: OnFound, damaged: DamagedIndexError) -> None:
        """Make a damaged index anew and look once more, in the same breath: nobody has to know."""
        if number != self._newest or self._closed:
            return
        if self._remade:
            # It would be damaged again: the disk is at its end.
            on_found(damaged)
            return
        self._remade = True
        try:
            self._remake()
        except AppError as error:
            _log.warning("The search index could not be made anew: %s %s", error, error.details)
            on_found(damaged)
            return
        self.search(query, on_found)

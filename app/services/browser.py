"""The browser tool of gpt-oss over the user's documents: search, open and find, within limits.

The page stack is that of the conversation: results of earlier turns stay in the prompt, so their cursors stay valid,
and a new page takes the next number. Behaviour: openai/gpt-oss, gpt_oss/tools/simple_browser/simple_browser_tool.py;
where that one refuses what can only have one meaning, this one does it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.domain.chat import Attachment, Excerpt, Message, Shown, ToolCall, ToolResult
from app.domain.documents import StoredDocument
from app.domain.quoted import quoted_line
from app.errors import AppError
from app.services.browser_arguments import BrowserCall, Find, Open, Search, read_call
from app.services.numbered_passages import numbered_passages
from app.services.pages import (
    ListPage,
    Opened,
    add_hits,
    add_matches,
    document_page,
    estimated_tokens,
)
from app.services.sources import DocumentSource

_SEARCH = "browser.search"
_LINES_BEFORE = 4
_LEAST_VIEW = 120
_LISTED = 40
_FILES_TO_FIND_IN = 10
_WEB = re.compile(r"\s*https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BrowserLimits:
    """What one turn may read, in tokens (a CPU reads 15 to 100 a second), and how long its calls may take together.

    link_tokens is for what surrounds a passage that was found and is known already; who wants more reads on.
    """

    search_tokens: int = 700
    link_tokens: int = 500
    open_tokens: int = 1_000
    turn_tokens: int = 4_000
    seconds: float = 30.0
    results: int = 8

    def within(self, context_size: int) -> BrowserLimits:
        """These limits for a context of so many tokens: a turn takes a quarter of it at most, a page a twelfth."""
        page, turn = context_size // 12, context_size // 4
        return replace(
            self,
            search_tokens=min(self.search_tokens, page),
            link_tokens=min(self.link_tokens, page),
            open_tokens=min(self.open_tokens, page),
            turn_tokens=min(self.turn_tokens, turn),
        )


class _Refusal(Exception):  # noqa: N818 - not a fault, but what the model is told
    """Why a call can't be done, in words for the model that say what to do instead."""


_Result = tuple[str, Shown | None]


class Browser:
    """Runs the calls of one turn. history is what the model has been shown before it, oldest first."""

    builtin_tools: tuple[str, ...] = ("browser",)

    def __init__(
        self,
        source: DocumentSource,
        history: Sequence[Message] = (),
        limits: BrowserLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._limits = limits or BrowserLimits()
        self._clock = clock
        parts = [part for message in history for part in message.parts]
        shown = [part.shown for part in parts if isinstance(part, ToolResult) and part.shown is not None]
        self._pages = {page.cursor: page for page in shown if page.cursor is not None and not page.numbered}
        self._next_number = max(
            (page.cursor + len(page.excerpts) for page in shown if page.numbered and page.cursor is not None), default=1
        )
        self._whole = frozenset(part.sha256 for part in parts if isinstance(part, Attachment) and part.text)
        self._opened: dict[str, Opened] = {}
        self._listing: Sequence[StoredDocument] | None = None
        self._tokens = 0
        self._seconds = 0.0
        self._done: dict[BrowserCall, int] = {}

    def fit(self, context_size: int) -> None:
        self._limits = self._limits.within(context_size)

    def run(self, call: ToolCall) -> ToolResult:
        started = self._clock()
        output, shown = self._answer(lambda: self._run(call))
        self._seconds += self._clock() - started
        self._tokens += estimated_tokens(output)
        return ToolResult(call.name, output, call.channel, shown)

    def passages(self, question: str, *, numbered: bool) -> tuple[ToolCall, ToolResult] | None:
        query = " ".join(question.split())
        arguments = json.dumps({"query": query}, ensure_ascii=False)
        call = ToolCall(_SEARCH, arguments, channel="analysis", content_type="code")
        if not numbered:
            return call, self.run(call)
        output, shown = self._answer(lambda: self._numbered(query))
        return call, ToolResult(_SEARCH, output, call.channel, shown or Shown(None, 0, numbered=True))

    def _answer(self, do: Callable[[], _Result]) -> _Result:
        try:
            return do()
        except _Refusal as refusal:
            return str(refusal), None
        except AppError as error:
            problem = quoted_line(error.title)
            return f"The documents can't be read now ({problem}). Answer without them, and say so.", None

    def _run(self, call: ToolCall) -> _Result:
        wanted = read_call(call)
        if wanted is None:
            raise _Refusal(
                f"There is no tool {quoted_line(call.name)}. "
                "Use browser.search, browser.open or browser.find, or answer without tools."
            )
        if self._tokens >= self._limits.turn_tokens or self._seconds >= self._limits.seconds:
            raise _Refusal("The limit of reading for this question is reached. Answer now with what you have read.")
        if wanted in self._done and not isinstance(wanted, Open):
            raise _Refusal(
                f"You have made this call already: its result is [{self._done[wanted]}]. Use that, or answer."
            )
        match wanted:
            case Search(""):
                output, shown = self._list()
            case Search(query, topn):
                output, shown = self._search(query, topn)
            case Open():
                output, shown = self._open(wanted)
            case Find():
                output, shown = self._find(wanted)
        if shown.cursor is not None:
            self._pages[shown.cursor] = shown
            self._done[wanted] = shown.cursor
        return output, shown

    def _search(self, query: str, topn: int | None) -> tuple[str, Shown]:
        results = min(topn or self._limits.results, self._limits.results)
        hits = [
            (opened, hit.passage)
            for hit in self._source.search(query, results)
            if (opened := self._document(hit.document)) is not None
        ]
        if not hits:
            return f"No results for {quoted_line(query)}", Shown(None, self._files())
        page = ListPage(self._budget(self._limits.search_tokens))
        page.add_line("# Search Results")
        page.add_line("")
        add_hits(page, hits, query)
        return page.render(self._next_cursor(), quoted_line(query), self._files())

    def _list(self) -> tuple[str, Shown]:
        documents = self._documents()
        if not documents:
            raise _Refusal("There are no documents. Answer without them, and say so.")
        page = ListPage(self._budget(self._limits.search_tokens))
        for document in documents[:_LISTED]:
            if page.left < 0:
                break
            page.add_document(document)
        if len(page) < len(documents):
            page.add_line(f"and {len(documents) - len(page)} more: search for what you need.")
        return page.render(self._next_cursor(), f"Documents: {self._counted_files()}", len(documents))

    def _open(self, wanted: Open) -> tuple[str, Shown]:
        link: Excerpt | None = None
        if isinstance(wanted.id, str):
            opened = self._named(wanted.id)
        elif wanted.id is not None and (link := self._link(wanted.id, wanted.cursor)) is not None:
            opened = self._needed(link.sha256)
        else:
            opened = self._needed(self._document_of(self._page(wanted.cursor)))
        around_passage = link is not None and link.text and not wanted.num_lines
        budget = self._budget(self._limits.link_tokens if around_passage else self._limits.open_tokens)
        first = self._first_line(opened, wanted, link, budget)
        last = opened.end_of_view(first, budget, wanted.num_lines)
        return document_page(opened, self._next_cursor(), first, last, self._files())

    def _find(self, wanted: Find) -> tuple[str, Shown]:
        if not wanted.pattern:
            raise _Refusal('Say what to find: {"pattern": "words as they stand in the document"}.')
        page = self._page(wanted.cursor)
        listed = dict.fromkeys(one.sha256 for one in page.excerpts)
        names = [page.document] if page.document else list(listed)[:_FILES_TO_FIND_IN]
        found = ListPage(self._budget(self._limits.search_tokens))
        opened = [document for sha256 in names if (document := self._document(sha256)) is not None]
        for document in opened:
            add_matches(found, document, wanted.pattern)
        pattern = quoted_line(wanted.pattern)
        if not len(found):
            advice = "Try fewer or other words, or browser.search."
            return f"No `find` results for pattern: `{pattern}`. {advice}", Shown(None, self._files())
        where = ", ".join(document.name for document in opened[:3]) + (", …" if len(opened) > 3 else "")
        return found.render(self._next_cursor(), f"Find results for text: `{pattern}` in `{where}`", self._files())

    def _numbered(self, query: str) -> _Result:
        hits = [
            (opened, hit.passage)
            for hit in self._source.search(query, self._limits.results)
            if hit.document not in self._whole and (opened := self._document(hit.document)) is not None
        ]
        return numbered_passages(hits, self._next_number, self._limits.search_tokens, self._files())

    def _next_cursor(self) -> int:
        return max(self._pages, default=-1) + 1

    def _page(self, cursor: int | None) -> Shown:
        """The page with this cursor, or the most recent one."""
        if not self._pages:
            raise _Refusal('No page is open yet. Search first: browser.search {"query": "…"}.')
        if cursor is None:
            return self._pages[max(self._pages)]
        if cursor not in self._pages:
            raise _Refusal(f"Cursor {cursor} is out of range. Available cursors: {_ranges(sorted(self._pages))}.")
        return self._pages[cursor]

    def _link(self, number: int, cursor: int | None) -> Excerpt | None:
        """Where link number of a page leads; without a cursor that of the latest page that has links.

        None: the page is a document without links, and the number means nothing.
        """
        page = self._page(cursor)
        if page.document and cursor is None:
            page = next((page for _, page in sorted(self._pages.items(), reverse=True) if not page.document), page)
        if page.document:
            return None
        if number >= len(page.excerpts):
            raise _Refusal(
                f"Invalid link id {number}. The links of page [{page.cursor}] are 0 to {len(page.excerpts) - 1}."
            )
        return page.excerpts[number]

    def _document_of(self, page: Shown) -> str:
        """The content of the document that a page shows, or leads to if it is a list with one link."""
        names = {page.document} if page.document else {excerpt.sha256 for excerpt in page.excerpts}
        if len(names) != 1:
            raise _Refusal(
                f'Page [{page.cursor}] is a list. Choose a link: browser.open {{"id": 0, "cursor": {page.cursor}}}.'
            )
        return names.pop()

    def _first_line(self, opened: Opened, wanted: Open, link: Excerpt | None, budget: int) -> int:
        """Where a view begins: at loc, at the passage that the link is about, after what was shown last, or on top."""
        count = len(opened.lines)
        if wanted.loc is not None:
            if wanted.loc >= count:
                raise _Refusal(
                    f"Invalid location parameter: {wanted.loc}. The lines of {opened.name} are 0 to {count - 1}."
                )
            return wanted.loc
        if link is not None and link.text:
            if opened.end_of_view(0, budget) >= opened.line_at(link.start + len(link.text) - 1):
                return 0
            return max(0, link.first_line - _LINES_BEFORE)
        if isinstance(wanted.id, str) or link is not None:
            return 0
        seen = [one for page in self._pages.values() if page.document == opened.stored.sha256 for one in page.excerpts]
        next_line = opened.line_at(seen[-1].start + len(seen[-1].text)) + 1 if seen else 0
        return next_line if next_line < count else 0

    def _named(self, name: str) -> Opened:
        """The document of this name, or whose name has it in it; a folder or a scheme before it does not matter."""
        if _WEB.match(name):
            raise _Refusal("There is no web here, only the user's documents. Search them with browser.search.")
        wanted = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].strip().casefold()
        documents = self._documents()
        exact = [
            one for one in documents if wanted in (quoted_line(one.name).casefold(), one.name.casefold(), one.sha256)
        ]
        found = exact or [one for one in documents if wanted and wanted in f"{one.name} {one.title}".casefold()]
        if len(found) > 1 and not exact:
            names = ", ".join(quoted_line(one.name) for one in found[:5])
            raise _Refusal(f"Several documents match {quoted_line(name)}: {names}. Give the whole name.")
        if not found:
            raise _Refusal(
                f'No document is named {quoted_line(name)}. List all of them: browser.search {{"query": ""}}.'
            )
        return self._needed(found[0].sha256)

    def _needed(self, sha256: str) -> Opened:
        opened = self._document(sha256)
        if opened is None:
            raise _Refusal("This document is no longer there. Search again, or answer with what you have read.")
        return opened

    def _document(self, sha256: str) -> Opened | None:
        if sha256 not in self._opened:
            stored = self._source.document(sha256)
            if stored is None:
                return None
            self._opened[sha256] = Opened.of(stored)
        return self._opened[sha256]

    def _documents(self) -> Sequence[StoredDocument]:
        if self._listing is None:
            self._listing = self._source.documents()
        return self._listing

    def _files(self) -> int:
        return len(self._documents())

    def _counted_files(self) -> str:
        return f"{self._files()} file{'' if self._files() == 1 else 's'}"

    def _budget(self, tokens: int) -> int:
        """So many tokens, or what is left for this turn; enough to be of use in any case."""
        return max(_LEAST_VIEW, min(tokens, self._limits.turn_tokens - self._tokens))


def _ranges(cursors: Sequence[int]) -> str:
    """``[0 - 3]``, or each by itself where some are missing."""
    if len(cursors) == cursors[-1] - cursors[0] + 1:
        return f"[{cursors[0]} - {cursors[-1]}]"
    return ", ".join(f"[{cursor}]" for cursor in cursors)

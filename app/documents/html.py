"""HTML: what a browser would show, without running or fetching anything. Also the chapters of e-books, and mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from app.documents.builder import DocumentBuilder
from app.documents.clean import clean_line
from app.documents.encoding import decode
from app.documents.source import Source
from app.documents.tables import TableWriter
from app.domain.documents import BlockKind

_UNSEEN_TAGS = (
    "head script style template noscript noframes iframe object embed svg math audio video canvas nav select textarea "
    "title"
)
_BLOCK_TAGS = (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu ol p pre section summary tbody tfoot thead ul"
)
_UNSEEN = frozenset(_UNSEEN_TAGS.split())
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CELLS = frozenset({"td", "th"})
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_DECLARED = re.compile(
    rb"(?:<meta[^>]{0,200}charset\s*=|^\s*<\?xml[^>]{0,200}encoding\s*=)\s*[\"']?\s*([\w.:-]{1,40})", re.I
)
_PERMALINK = re.compile(r"\s*[¶#]\s*$")


def extract(source: Source, builder: DocumentBuilder) -> None:
    add_html(decode_page(source.read()), builder)


def decode_page(data: bytes) -> str:
    """The text of a page, which may say itself in which encoding it is."""
    declared = _DECLARED.search(data[:4096])
    return decode(data, declared.group(1).decode("ascii") if declared else "")


def add_html(text: str, builder: DocumentBuilder) -> None:
    """Add what a page shows, and take its title where the document has none."""
    tree = LexborHTMLParser(text)
    title = tree.css_first("title")
    if title is not None and not builder.title:
        builder.title = title.text()
    if tree.root is not None:
        _Page(builder).add(tree.root)


class _Page:
    """Collects inline text and adds it as a block wherever a block element begins or ends."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._inline: list[str] = []
        self._kind = BlockKind.PARAGRAPH
        self._heading = 0
        self._lists: list[int | None] = []
        self._label = ""
        self._tables: list[TableWriter] = []
        self._rows: list[list[str]] = []

    def add(self, root: Any) -> None:
        for node, begins in _walk(root):
            tag = node.tag
            if tag == "-text" and begins:
                text = node.text_content or ""
                self._inline.append(text if self._kind is BlockKind.CODE else text.replace("\n", " "))
            elif tag == "br" and begins:
                self._inline.append("\n")
            elif tag in _CELLS:
                self._cell(begins)
            elif tag == "tr":
                self._row(begins)
            elif tag == "table":
                self._table(begins)
            elif tag in _BLOCKS:
                self._flush()
                self._block(node, tag, begins)
        self._flush()

    def _block(self, node: Any, tag: str, begins: bool) -> None:
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag] if begins else 0
        elif tag == "pre":
            self._kind = BlockKind.CODE if begins else BlockKind.PARAGRAPH
        elif tag in {"ul", "ol", "menu"}:
            if begins:
                self._lists.append(_number(node, "start", 1) - 1 if tag == "ol" else None)
            elif self._lists:
                self._lists.pop()
        elif tag == "li" and begins:
            self._label = self._next_label(node)

    def _next_label(self, item: Any) -> str:
        before = self._lists[-1] if self._lists else None
        if before is None:
            return "• "
        number = _number(item, "value", before + 1)
        self._lists[-1] = number
        return f"{number}. "

    def _cell(self, begins: bool) -> None:
        """What was written before a cell belongs to the one before it; what ends with it, to it."""
        if not self._rows:
            self._flush()
            return
        text = clean_line("".join(self._inline))
        self._inline.clear()
        cells = self._rows[-1]
        if not begins:
            cells.append(text)
        elif text and cells:
            cells[-1] += " " + text

    def _row(self, begins: bool) -> None:
        if not self._rows:
            self._flush()
        if begins:
            self._rows.append([])
        elif self._rows:
            cells = self._rows.pop()
            if len(cells) == 1:
                self._builder.text(cells[0])
            elif self._tables:
                self._tables[-1].add(cells)

    def _table(self, begins: bool) -> None:
        self._flush()
        if begins:
            self._tables.append(TableWriter(self._builder))
        elif self._tables:
            self._tables.pop()

    def _flush(self) -> None:
        """Add the text since the last border. In a cell a border is only a space."""
        text = "".join(self._inline)
        if self._rows and not self._heading:
            self._inline = [text, " "] if text and not text.endswith(" ") else [text]
            return
        self._inline.clear()
        if not text.strip():
            return
        label, self._label = self._label, ""
        if self._heading:
            self._builder.heading(_PERMALINK.sub("", clean_line(text)), self._heading)
        elif self._kind is BlockKind.CODE:
            self._builder.text(text, BlockKind.CODE)
        else:
            self._builder.text(label + _collapsed(text), BlockKind.ITEM if label else BlockKind.PARAGRAPH)


def _number(node: Any, name: str, otherwise: int) -> int:
    text = (node.attributes.get(name) or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else otherwise


def _collapsed(text: str) -> str:
    """White space as a browser shows it: the only line breaks left are those that the page asks for (see ``add``)."""
    return "\n".join(clean_line(line) for line in text.split("\n")).strip()


def _walk(root: Any) -> Iterator[tuple[Any, bool]]:
    """Nodes as they begin (True) and end (False), without what is not shown. No recursion: pages may nest endlessly."""
    node, begins = root, True
    while node is not None:
        if begins:
            shown = _is_shown(node)
            if shown:
                yield node, True
            inner = node.child if shown else None
            if inner is not None:
                node = inner
                continue
            if shown:
                yield node, False
        else:
            yield node, False
        if node.mem_id == root.mem_id:
            return
        following = node.next
        node, begins = (following, True) if following is not None else (node.parent, False)


def _is_shown(node: Any) -> bool:
    tag = node.tag
    if tag == "-text":
        return True
    if tag in _UNSEEN or tag is None or tag.startswith(("-", "!")):
        return False
    attributes = node.attributes
    if "hidden" in attributes or attributes.get("role") == "navigation":
        return False
    style = attributes.get("style")
    return not (style and _HIDING.search(style))

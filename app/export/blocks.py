"""A message's Markdown as a tree of blocks, from which every format but Markdown itself is written.

It reads what the window reads (see app.markup): raw HTML is text, an image is its description, links lead to the web or
to mail or are only text, and formulas stay as they were written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from markdown_it.token import Token

from app.markup import Code, is_web_or_mail, language_of, parse, without_unseen, words_of


class Style(StrEnum):
    """How a run is set."""

    BOLD = "bold"
    ITALIC = "italic"
    STRUCK = "struck"
    CODE = "code"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one style; target is where a link leads, or empty."""

    text: str
    styles: frozenset[Style] = frozenset()
    target: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """The end of a line in the source: hard if it is meant, else as good as a space."""

    hard: bool


Inlines = tuple[Run | Break, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    inlines: Inlines


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    inlines: Inlines


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula on lines of its own, as source."""

    source: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A list. start is the first number, or None if its items have bullets; tight ones have no space between items."""

    start: int | None
    items: tuple[tuple[Block, ...], ...]
    tight: bool = True


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the first being the head; alignments are ``left``, ``center``, ``right`` or empty, per column."""

    rows: tuple[tuple[Inlines, ...], ...]
    alignments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page."""


Block = Paragraph | Heading | Code | Formula | Listing | Quote | Table | Rule

_LEAVES = frozenset({"paragraph_open", "heading_open", "fence", "code_block", "formula_block", "table_open", "hr"})
_BOXES = {"[ ]": "☐", "[x]": "☑", "[X]": "☑"}
_STYLES = {"strong": Style.BOLD, "em": Style.ITALIC, "s": Style.STRUCK}


def read_blocks(markdown: str) -> tuple[Block, ...]:
    """Read a message's text."""
    return _blocks(iter(parse(markdown)))


def words(inlines: Inlines) -> str:
    """Give what inlines say, a line's end as a line's end."""
    return "".join("\n" if isinstance(part, Break) else part.text for part in inlines)


def _blocks(tokens: Iterator[Token], closing: str = "") -> tuple[Block, ...]:
    blocks: list[Block] = []
    for token in tokens:
        if token.type == closing:
            break
        block = _leaf(token, tokens) if token.type in _LEAVES else _container(token, tokens)
        if block is not None:
            blocks.append(block)
    return tuple(blocks)


def _leaf(token: Token, tokens: Iterator[Token]) -> Block:
    """Read a block that has no blocks in it."""
    match token.type:
        case "paragraph_open":
            return Paragraph(_inlines(next(tokens)))
        case "heading_open":
            return Heading(int(token.tag[1]), _inlines(next(tokens)))
        case "formula_block":
            return Formula(token.content.removesuffix("\n"))
        case "table_open":
            return _table(tokens)
        case "hr":
            return Rule()
    return Code(language_of(token.info), token.content.removesuffix("\n"))


def _container(token: Token, tokens: Iterator[Token]) -> Block | None:
    """Read a block of blocks, up to its end; what closes a leaf is none."""
    match token.type:
        case "blockquote_open":
            return Quote(_blocks(tokens, "blockquote_close"))
        case "bullet_list_open":
            return _listing(tokens, None, "bullet_list_close")
        case "ordered_list_open":
            start = token.attrGet("start")
            return _listing(tokens, 1 if start is None else int(start), "ordered_list_close")
    return None


def _listing(tokens: Iterator[Token], start: int | None, closing: str) -> Listing:
    items: list[tuple[Block, ...]] = []
    tight = True
    for token in tokens:
        if token.type == closing:
            break
        # The paragraphs of a tight list are hidden, which only the token that opens one tells.
        first = next(tokens)
        tight = tight and (first.type != "paragraph_open" or first.hidden)
        if first.type == "list_item_close":
            items.append(())
        else:
            items.append(_with_box(_blocks(chain((first,), tokens), "list_item_close")))
    return Listing(start, tuple(items), tight)


def _with_box(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Make the box of a task, which Markdown writes in brackets at the beginning of an item."""
    match blocks:
        case (Paragraph((Run(text) as first, *rest)), *others) if text[:3] in _BOXES and text[3:4] == " ":
            boxed = replace(first, text=_BOXES[text[:3]] + text[3:])
            return (Paragraph((boxed, *rest)), *others)
    return blocks


def _table(tokens: Iterator[Token]) -> Table:
    rows: list[list[Inlines]] = []
    alignments: list[str] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_inlines(token))
        elif token.type == "th_open":
            alignments.append(str(token.attrGet("style") or "").removeprefix("text-align:"))
    return Table(tuple(map(tuple, rows)), tuple(alignments))


def _inlines(token: Token) -> Inlines:
    found: list[Run | Break] = []
    styles: frozenset[Style] = frozenset()
    target = ""
    for child in token.children or ():
        match child.type:
            case "link_open":
                address = str(child.attrGet("href") or "")
                target = address if is_web_or_mail(address) else ""
            case "link_close":
                target = ""
            case "softbreak" | "hardbreak":
                found.append(Break(child.type == "hardbreak"))
            case "code_inline":
                found.append(_run(child.content, styles | {Style.CODE}, target))
            case "formula":
                found.append(_run(child.content, styles | {Style.FORMULA}, target))
            case "text" | "image":
                found.append(_run(words_of((child,)), styles, target))
            case _ if child.tag in _STYLES:
                style = frozenset({_STYLES[child.tag]})
                styles = styles | style if child.nesting > 0 else styles - style
    return _joined(found)


def _run(text: str, styles: frozenset[Style], target: str) -> Run:
    return Run(without_unseen(text) if target else text, styles, target)


def _joined(parts: Sequence[Run | Break]) -> Inlines:
    """Join neighbours of one style, and leave out what says nothing."""
    joined: list[Run | Break] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Run) and not part.text:
            continue
        if isinstance(part, Run) and isinstance(last, Run) and (last.styles, last.target) == (part.styles, part.target):
            joined[-1] = replace(last, text=last.text + part.text)
        else:
            joined.append(part)
    return tuple(joined)

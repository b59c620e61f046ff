"""Markdown as a model writes it, often half finished, as blocks of safe HTML and of code.

The HTML is built from the parser's tokens and never from the text, so nothing has to be cleaned afterwards: raw HTML is
shown as text, no image is loaded, links go to the web or to mail, and only TAGS with their attributes ever appear. It
keeps to what Qt's rich text understands.

What cites a document (``【3†L3-L9】``, or whatever a citation's mark is) becomes a link of the scheme ``cite``. Only a
mark that is known makes one: a link that the text itself writes never leads there.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, paragraph, reference
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from app.citation_marks import CITATION_SCHEME, NO_CITATIONS, CitationMark, Citations, citation_rule, numbers

TAGS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "li", "blockquote", "hr", "br"), frozenset[str]()),
    **dict.fromkeys(("em", "strong", "s", "thead", "tbody", "tr"), frozenset[str]()),
    **dict.fromkeys(("th", "td"), frozenset({"align"})),
    **dict.fromkeys(("code", "pre"), frozenset({"class"})),
    "ol": frozenset({"start"}),
    "a": frozenset({"href", "class", "title"}),
    "span": frozenset({"class"}),
    "table": frozenset({"border", "cellspacing", "cellpadding"}),
}
"""Every tag that render_blocks may give, and its attributes."""


@dataclass(frozen=True, slots=True)
class Prose:
    """One block of text (a paragraph, a list, a table) as HTML that is safe to show."""

    html: str


@dataclass(frozen=True, slots=True)
class Code:
    """A block of code as plain text; language is what the fence said, or empty."""

    language: str
    code: str


Block = Prose | Code


def render_blocks(markdown: str, citations: Citations = NO_CITATIONS) -> tuple[Block, ...]:
    """Give the blocks of a text in order, one for each block of the Markdown.

    While a text grows, all but its last blocks stay equal, so a window need not show them anew. A fence that is still
    open is a block of code.
    """
    return tuple(_block(tokens) for tokens in _top_level(_parse(markdown, {"citations": citations})))


class GrowingBlocks:
    """The blocks of a text that grows at its end, without parsing again what can no longer change."""

    # A line that isn't complete yet can join the block before it, but not the one before that.
    _OPEN_BLOCKS = 2

    def __init__(self, citations: Citations = NO_CITATIONS) -> None:
        self._citations = citations
        self._settled_text = ""
        self._settled_blocks: tuple[Block, ...] = ()

    def update(self, markdown: str) -> tuple[Block, ...]:
        """Give what render_blocks gives. The text may also be another one; it then begins anew."""
        if not markdown.startswith(self._settled_text):
            self._settled_text, self._settled_blocks = "", ()
        rest = markdown[len(self._settled_text) :]
        environment: dict[str, Any] = {"citations": self._citations}
        groups = _top_level(_parse(rest, environment))
        if environment.get("references"):
            # A definition ("[name]: address") changes text that came long before it.
            return render_blocks(markdown, self._citations)
        blocks = self._settled_blocks + tuple(_block(tokens) for tokens in groups)
        if len(groups) > self._OPEN_BLOCKS and (lines := groups[-self._OPEN_BLOCKS][0].map):
            self._settled_text += _first_lines(rest, lines[0])
            self._settled_blocks = blocks[: -self._OPEN_BLOCKS]
        return blocks


def plain_text(markdown: str) -> str:
    """Give the words alone, in one line and without citations, for a notification or a list."""
    words = [
        words_of(token.children or ()) if token.type == "inline" else token.content
        for token in _parse(markdown, {"citations": None})
        if token.content
    ]
    return _one_line(" ".join(words))


def title_from(text: str, limit: int = 48) -> str:
    """Make a title of what the user wrote first: one line, cut between words; empty if there are no words."""
    line = _one_line(text)
    if len(line) <= limit:
        return line
    # One place is for the ellipsis. A text without spaces (Chinese, say) is cut anywhere, but not within a character.
    end = line.rfind(" ", limit // 2, limit)
    if end < 0:
        end = limit - 1
        while end > 1 and _continues(line, end):
            end -= 1
    return line[:end].rstrip(" ,;:.-–—") + "…"


def parse(markdown: str) -> list[Token]:
    """Give the parser's tokens, for whoever makes another form of a text than HTML. Links are not checked yet."""
    return _parse(markdown)


def printable(text: str) -> str:
    """Replace what is no text, controls and halves of surrogate pairs, as the parser does in Markdown."""
    return _NOT_TEXT.sub("\ufffd", text)


def without_unseen(text: str) -> str:
    """Leave out the characters that make one address look like another."""
    return _UNSEEN.sub("", text)


def is_web_or_mail(target: str) -> bool:
    """Tell whether a link leads to where links may lead."""
    return bool(_WEB_OR_MAIL.match(target))


# --- Characters -------------------------------------------------------------------------------------------------------

# Controls, halves of surrogate pairs and non-characters; Qt uses some of these for its own ends inside a document.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffc\ufffe\uffff]")

# What is not seen, or turns the direction of what follows: in a link it makes one address look like another.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)

# The joiners belong to the spelling of Persian, of many Indian languages and of emoji.
_UNSEEN_BUT_JOINERS = re.compile(rf"(?![\u200c\u200d]){_UNSEEN.pattern}")


def _one_line(text: str) -> str:
    return " ".join(_UNSEEN_BUT_JOINERS.sub("", _NOT_TEXT.sub(" ", text)).split())


def _continues(text: str, position: int) -> bool:
    """Tell whether the character at position belongs to the one before, as an accent does or an emoji's next part."""
    return unicodedata.category(text[position]).startswith("M") or "\u200d" in text[position - 1 : position + 1]


# --- Parsing ----------------------------------------------------------------------------------------------------------

_NEWLINE = re.compile(r"\r\n?|\n")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:")

# Looking for the ends of links takes time with the square of the brackets, and a model that is stuck may write no
# other character. Up to here it stays below a tenth of a second.
_MOST_BRACKETS = 4000


class _Parser(MarkdownIt):
    """CommonMark with tables, strikethrough and formulas that stay as they were written."""

    def __init__(self, links: bool = True) -> None:
        # The preset drops what is nested more than 20 deep; a list in a list counts four.
        super().__init__("commonmark", {"html": False, "maxNesting": 100})
        self.enable(["table", "strikethrough"])
        # "Text:\n-" would be a heading for as long as the list that it becomes is not there yet.
        self.disable("lheading")
        if not links:
            self.disable(["link", "image"])
        self.block.ruler.at("reference", _reference)
        self.block.ruler.before("reference", "footnote", _footnote, {"alt": ["paragraph"]})
        self.inline.ruler.before("escape", "formula", _formula)
        self.inline.ruler.before("formula", "citation", citation_rule)
        for opening in "【(":
            self.inline.add_terminator_char(opening)
        self.block.ruler.before(
            "fence", "formula", _formula_block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
        )

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 - the library's names
        """Let every link be parsed: a bad one loses its target when HTML is made, but its text is shown."""
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
        return super().normalizeLink(_UNSEEN.sub("", url))


def _reference(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Define a link's address. A footnote ("[^1]: Here.") has the same form, and its text must not vanish."""
    return not _line(state, start_line).startswith("[^") and reference(state, start_line, end_line, silent)


def _footnote(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Begin a paragraph with each footnote ("[^1]: Here."), which models write below each other without a space."""
    if state.level or state.is_code_block(start_line) or not _FOOTNOTE.match(_line(state, start_line)):
        return False
    return silent or bool(paragraph(state, start_line, end_line, False))


def _parse(markdown: str, environment: dict[str, Any] | None = None) -> list[Token]:
    """Parse a text; the environment, if one is given, is told the references that the text defines."""
    parser = _PARSER if markdown.count("[") <= _MOST_BRACKETS else _PARSER_WITHOUT_LINKS
    return parser.parse(_NOT_TEXT.sub("\ufffd", markdown), environment)


def _top_level(tokens: list[Token]) -> list[list[Token]]:
    """Split the tokens into the blocks of the outermost level."""
    blocks: list[list[Token]] = []
    for token in tokens:
        if token.level == 0 and token.nesting >= 0:
            blocks.append([])
        blocks[-1].append(token)
    return blocks


def _block(tokens: Sequence[Token]) -> Block:
    first = tokens[0]
    if first.type in ("fence", "code_block"):
        return Code(language_of(first.info), first.content.removesuffix("\n"))
    return Prose(_blocks_html(tokens))


def _first_lines(text: str, count: int) -> str:
    """Give the first lines of a text, with their ends, as the parser counts lines."""
    end = 0
    for newline in islice(_NEWLINE.finditer(text), count):
        end = newline.end()
    return text[:end]


# --- Formulas ---------------------------------------------------------------------------------------------------------
# Markdown would take the backslashes and underscores out of them. Their source is shown, delimiters and all, so that
# nothing is lost where something else was meant.

_LONGEST_FORMULA = 2000

# A dollar opens a formula where none of a price's signs is there: no letter or digit before, no space after, and the
# next dollar follows no space and precedes no letter or digit ("$5 and $10", "US$5", "$HOME/$USER").
_DOLLARS = re.compile(
    r"\$\$(?!\$)(?:\\.|[^\\$]|\$(?!\$))++\$\$"
    r"|(?<!\w)\$(?![\s$])(?!\d[\d.,]*\s+[^\W\d_]{2})(?:\\[^\n]|[^\\$\n])++(?<!\s)\$(?![\w$])",
    re.DOTALL,
)
_CLOSING_IN_LINE = {"\\(": "\\)", "\\[": "\\]"}
_CLOSING_BLOCK = {"\\[": "\\]", "$$": "$$"}
_AFTER_FORMULA = re.compile(r"[\s.,;:!?]*")


def _formula(state: StateInline, silent: bool) -> bool:
    """Take a formula within a line as it stands; a rule of the inline parser."""
    opening = state.src[state.pos : state.pos + 2]
    if opening in _CLOSING_IN_LINE:
        end = _end_of_brackets(state, _CLOSING_IN_LINE[opening])
    elif opening.startswith("$") and (match := _DOLLARS.match(state.src, state.pos, state.posMax)):
        end = match.end()
    else:
        return False
    if not silent:
        state.push("formula", "code", 0).content = state.src[state.pos : end]
    state.pos = end
    return True


def _end_of_brackets(state: StateInline, closing: str) -> int:
    """Find where a bracketed formula ends. One that isn't closed yet keeps at least its backslash."""
    begin = state.pos + 2
    position = state.src.find(closing, begin, min(state.posMax, begin + _LONGEST_FORMULA))
    return begin if position < 0 else position + 2


def _formula_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Take a formula on lines of its own as it stands; a rule of the block parser.

    It ends with the line that closes it, else before an empty line: it may be still growing.
    """
    if state.is_code_block(start_line):
        return False
    first = _line(state, start_line)
    closing = _CLOSING_BLOCK.get(first[:2])
    if closing is None or first.startswith("$$$"):
        return False
    within, closed, after = first[2:].partition(closing)
    if closed and (not within or not _AFTER_FORMULA.fullmatch(after)):
        return False
    if silent:
        return True
    next_line = start_line + 1
    while not closed and next_line < end_line and not state.isEmpty(next_line):
        if state.sCount[next_line] < state.blkIndent:
            break
        closed = closing if closing in _line(state, next_line) else ""
        next_line += 1
    token = state.push("formula_block", "pre", 0)
    token.content = state.getLines(start_line, next_line, state.sCount[start_line], False)
    token.map = [start_line, next_line]
    state.line = next_line
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


# --- Citations --------------------------------------------------------------------------------------------------------


def _citations_html(marks: Sequence[CitationMark] | None, in_link: bool) -> str:
    if marks is None:
        return '<span class="awaited">•</span>'
    # Links don't nest.
    return numbers(marks) if in_link else "".join(map(_citation_html, marks))


def _citation_html(mark: CitationMark) -> str:
    label = f"{mark.number}" if mark.verified else f"{mark.number}?"
    # Escaped twice: once for the attribute, and once for Qt, which takes a tooltip for HTML if it looks like it.
    tip = html.escape(f"<qt>{html.escape(_one_line(mark.tip))}</qt>")
    kind = "cited" if mark.verified else "doubted"
    return f'<a class="{kind}" href="{CITATION_SCHEME}:{mark.target}" title="{tip}">[{label}]</a>'


# --- HTML -------------------------------------------------------------------------------------------------------------

_WEB_OR_MAIL = re.compile(r"https?://[^/\\\s]|mailto:[^/\\\s]", re.IGNORECASE)
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")
_TASK = re.compile(r"\A\[([ xX])\](?=\s)")
_ALIGNMENT = re.compile(r"text-align:(left|center|right)")


def language_of(info: str) -> str:
    """Give the language that a fence names, or nothing."""
    match = _LANGUAGE.match(info.strip())
    return match.group() if match else ""


def _blocks_html(tokens: Sequence[Token]) -> str:
    out: list[str] = []
    for position, token in enumerate(tokens):
        if token.type == "inline":
            text = _inline_html(token.children or ())
            starts_item = position >= 2 and tokens[position - 2].type == "list_item_open"
            out.append(_TASK.sub(_box, text) if starts_item else text)
        elif token.type in ("fence", "code_block"):
            out.append(f"<pre>{_escaped(token.content.removesuffix(chr(10)))}</pre>")
        elif token.type == "formula_block":
            out.append(f'<pre class="math">{_escaped(token.content)}</pre>')
        elif not token.hidden:
            out.append(_tag(token))
    return "".join(out)


def _box(task: re.Match[str]) -> str:
    return "☐" if task[1] == " " else "☑"


def _tag(token: Token) -> str:
    """Write the tag that a token opens or closes; an unknown one is a mistake and raises KeyError."""
    allowed = TAGS[token.tag]
    if token.nesting < 0:
        return f"</{token.tag}>"
    if token.tag == "table":
        return '<table border="1" cellspacing="0" cellpadding="6">'
    if "align" in allowed:
        match = _ALIGNMENT.match(str(token.attrGet("style") or ""))
        return f'<{token.tag} align="{match[1] if match else "left"}">'
    if "start" in allowed and (start := token.attrGet("start")) is not None:
        return f'<{token.tag} start="{int(start)}">'
    return f"<{token.tag}>"


def _inline_html(tokens: Sequence[Token]) -> str:
    out: list[str] = []
    in_link = False
    for token in tokens:
        match token.type:
            case "link_open":
                target = str(token.attrGet("href") or "")
                in_link = bool(_WEB_OR_MAIL.match(target))
                if in_link:
                    out.append(f'<a href="{html.escape(target)}">')
            case "link_close":
                # Links don't nest, so this closes the one that was opened last.
                if in_link:
                    out.append("</a>")
                in_link = False
            case "code_inline":
                out.append(f"<code>{_escaped(token.content, in_link)}</code>")
            case "formula":
                out.append(f'<code class="math">{_escaped(token.content, in_link)}</code>')
            case "citation":
                out.append(_citations_html(token.meta["marks"], in_link))
            case "text" | "softbreak" | "image":
                out.append(_escaped(words_of((token,)), in_link))
            case _:
                out.append(_tag(token))
    return "".join(out)


def _escaped(text: str, in_link: bool = False) -> str:
    return html.escape(_UNSEEN.sub("", text) if in_link else text, quote=False)


def words_of(tokens: Sequence[Token]) -> str:
    """Give what inline tokens say, without any form."""
    words: list[str] = []
    for token in tokens:
        if token.type == "image":
            alternative = words_of(token.children or ())
            words.append(f"[image: {alternative}]" if alternative else "[image]")
        elif token.type in ("softbreak", "hardbreak"):
            words.append("\n")
        elif token.type == "citation":
            continue
        else:
            words.append(token.content)
    return "".join(words)


_PARSER = _Parser()
_PARSER_WITHOUT_LINKS = _Parser(links=False)

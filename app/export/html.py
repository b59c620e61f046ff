"""A conversation as one HTML file that loads nothing: no script, no picture, one style sheet named by its hash."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from app.export.blocks import (
    Block,
    Break,
    Formula,
    Heading,
    Inlines,
    Listing,
    Paragraph,
    Quote,
    Rule,
    Run,
    Style,
    Table,
    read_blocks,
)
from app.export.code_colours import DARK, LIGHT, coloured
from app.export.transcript import Entry, Source, Thought, Transcript
from app.markup import Code, printable

_SHEET = """
:root { color-scheme: light dark; --bg: #fff; --ink: #23211e; --mute: #635d55; --line: #e4e0d9; --code: #f5f3ef;
  --user: #f2f0ec; --accent: #2f6f5e; LIGHT }
@media (prefers-color-scheme: dark) { :root { --bg: #1c1b19; --ink: #e9e6e1; --mute: #a8a198; --line: #3a3733;
  --code: #262421; --user: #2a2825; --accent: #7fc8b2; DARK } }
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--ink); line-height: 1.55;
  font-family: Inter, "Segoe UI", system-ui, "Noto Sans", sans-serif; font-size: 16px }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.4em 0 .5em; overflow-wrap: anywhere }
header h1 { margin: 0 } h2.who { font-size: 1rem; margin: 2.2em 0 .5em }
h2.branch { border-top: 2px solid var(--line); margin-top: 3em; padding-top: 1em }
h3 { font-size: 1.3rem } h4 { font-size: 1.15rem } h5, h6 { font-size: 1rem }
time, .note, .files, summary, header p { color: var(--mute); font-size: .875rem; font-weight: normal }
p, li, td, th, blockquote { overflow-wrap: anywhere }
a { color: var(--accent) }
.user { background: var(--user); border-radius: 10px; padding: .7em 1em; white-space: pre-wrap;
  overflow-wrap: anywhere }
pre, code { font-family: "JetBrains Mono", Consolas, Menlo, "Noto Sans Mono", monospace; font-size: .875em }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 8px; padding: .8em 1em; overflow-x: auto;
  direction: ltr; tab-size: 4 }
:not(pre) > code { background: var(--code); border-radius: 4px; padding: .1em .3em; overflow-wrap: anywhere;
  white-space: pre-wrap }
pre code { font-size: 1em }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1em 0 }
th, td { border: 1px solid var(--line); padding: .35em .7em; text-align: start }
.to-left { text-align: left } .to-center { text-align: center } .to-right { text-align: right }
blockquote { margin: 1em 0; padding-inline-start: 1em; border-inline-start: 3px solid var(--line); color: var(--mute) }
details { margin: .8em 0; border-inline-start: 3px solid var(--line); padding-inline-start: 1em }
details pre { background: none; border: 0; padding: 0; white-space: pre-wrap; overflow-wrap: anywhere;
  font-family: inherit; color: var(--mute); direction: inherit }
.sources { font-size: .875rem; list-style: none; padding: 0 }
.sources blockquote { white-space: pre-wrap; margin: .3em 0 }
hr { border: 0; border-top: 1px solid var(--line); margin: 2em 0 }
.k { color: var(--k) } .s { color: var(--s) } .n { color: var(--n) } .c { color: var(--c); font-style: italic }
.f { color: var(--f) } .t { color: var(--t) }
@media print { :root { --bg: #fff; --ink: #000; --mute: #444; --line: #bbb; --code: #fff; --user: #fff; --accent: #000;
  LIGHT } main { max-width: none; padding: 0 } pre { white-space: pre-wrap; overflow-wrap: anywhere }
  .user { border: 1px solid var(--line) } h1, h2, h3, h4, h5, h6 { break-after: avoid } tr { break-inside: avoid }
  a[href]::after { content: " (" attr(href) ")"; font-size: .8em; overflow-wrap: anywhere } }
"""


def to_html(document: Transcript) -> str:
    """Write a document as HTML 5."""
    title = escape(document.title)
    sheet = _sheet()
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = "\n".join(
        (f'<h2 class="branch">{escape(section.title)}</h2>\n' if section.title else "")
        + "\n".join(_entry(entry) for entry in section.entries)
        for section in document.sections
    )
    return f"""<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{sheet}</style>
</head>
<body>
<main>
<header>
<h1 dir="auto">{title}</h1>
<p>{document.when}</p>
</header>
{body}
</main>
</body>
</html>
"""


def blocks_to_html(blocks: tuple[Block, ...]) -> str:
    """Write blocks of Markdown as HTML that has no attribute but class, dir, start, href and rel."""
    return "\n".join(_block(block) for block in blocks)


def code_to_html(block: Code) -> str:
    """Write code with its colours as classes, for the inside of a <pre>."""
    return "".join(
        f'<span class="{colour}">{escape(text, quote=False)}</span>' if colour else escape(text, quote=False)
        for text, colour in coloured(block)
    )


def _sheet() -> str:
    light = " ".join(f"--{name}: {value};" for name, value in LIGHT.items())
    dark = " ".join(f"--{name}: {value};" for name, value in DARK.items())
    return _SHEET.replace("LIGHT", light).replace("DARK", dark)


def _entry(entry: Entry) -> str:
    moment = entry.created_at
    time = f'<time datetime="{moment.isoformat(timespec="seconds")}">{moment:%Y-%m-%d %H:%M}</time>'
    parts = ["<article>", f'<h2 class="who">{escape(entry.heading)} {time}</h2>', *map(_thought, entry.thoughts)]
    if entry.is_user and entry.text:
        parts.append(f'<div class="user" dir="auto">{escape(printable(entry.text), quote=False)}</div>')
    elif entry.text:
        parts.append(blocks_to_html(read_blocks(entry.text)))
    parts += [f'<p class="files">Attached: {escape(file, quote=False)}</p>' for file in entry.files]
    if entry.sources:
        parts += ["<h3>Sources</h3>", '<ul class="sources">', *map(_source, entry.sources), "</ul>"]
    if entry.note:
        parts.append(f'<p class="note">{escape(entry.note, quote=False)}</p>')
    return "\n".join([*parts, "</article>"])


def _thought(thought: Thought) -> str:
    text = escape(printable(thought.text.strip()), quote=False)
    return f'<details open><summary>{escape(thought.title)}</summary><pre dir="auto">{text}</pre></details>'


def _source(source: Source) -> str:
    passage = escape(printable(source.passage.strip()), quote=False)
    quote = f'<blockquote dir="auto">{passage}</blockquote>' if passage else ""
    return f"<li>[{source.number}] {escape(source.place, quote=False)}{quote}</li>"


def _block(block: Block) -> str:
    match block:
        case Paragraph(inlines):
            return f'<p dir="auto">{inlines_to_html(inlines)}</p>'
        case Heading(level, inlines):
            # The title is the first level, who speaks the second.
            tag = f"h{min(6, level + 2)}"
            return f'<{tag} dir="auto">{inlines_to_html(inlines)}</{tag}>'
        case Code(language, _):
            name = f' class="language-{escape(language)}"' if language else ""
            return f"<pre><code{name}>{code_to_html(block)}</code></pre>"
        case Formula(source):
            return f'<pre class="math">{escape(source, quote=False)}</pre>'
        case Listing():
            return _listing(block)
        case Quote(blocks):
            return f"<blockquote>{blocks_to_html(blocks)}</blockquote>"
        case Table():
            return _table(block)
        case Rule():
            return "<hr>"


def _listing(block: Listing) -> str:
    tag = "ul" if block.start is None else "ol"
    start = f' start="{block.start}"' if block.start not in (None, 1) else ""
    items = "\n".join(f'<li dir="auto">{_item(item, block.tight)}</li>' for item in block.items)
    return f"<{tag}{start}>\n{items}\n</{tag}>"


def _item(blocks: tuple[Block, ...], tight: bool) -> str:
    return "\n".join(
        inlines_to_html(block.inlines) if tight and isinstance(block, Paragraph) else _block(block) for block in blocks
    )


def _table(table: Table) -> str:
    head, *rows = (
        "<tr>"
        + "".join(
            f'<{tag} dir="auto"{f" class={chr(34)}to-{side}{chr(34)}" if side else ""}>{inlines_to_html(cell)}</{tag}>'
            for cell, side in zip(row, table.alignments, strict=True)
        )
        + "</tr>"
        for tag, row in zip(["th", *["td"] * len(table.rows)], table.rows, strict=False)
    )
    return f"<table>\n<thead>{head}</thead>\n<tbody>{''.join(rows)}</tbody>\n</table>"


def inlines_to_html(inlines: Inlines) -> str:
    """Write words with their styles and links."""
    return "".join(("<br>\n" if part.hard else "\n") if isinstance(part, Break) else _run(part) for part in inlines)


def _run(run: Run) -> str:
    text = escape(run.text, quote=False)
    if Style.FORMULA in run.styles:
        text = f'<code class="math">{text}</code>'
    for style, tag in ((Style.CODE, "code"), (Style.STRUCK, "s"), (Style.ITALIC, "em"), (Style.BOLD, "strong")):
        if style in run.styles:
            text = f"<{tag}>{text}</{tag}>"
    if run.target:
        text = f'<a href="{escape(run.target)}" rel="noreferrer noopener">{text}</a>'
    return text

"""Citations in Markdown: marks that are known become links that no text can write by itself."""

from __future__ import annotations

import re

import pytest

from app.citation_marks import CitationMark, with_numbers, without_open_mark
from app.markup import (
    Code,
    GrowingBlocks,
    Prose,
    plain_text,
    render_blocks,
)

LEASE = "【3†L3-L9】"
ANNEX = "【12†L40】"
KNOWN = {
    LEASE: [CitationMark(0, 1, True, "lease.pdf, page 7")],
    ANNEX: [CitationMark(1, 2, False, "annex")],
    "[3]": [CitationMark(2, 3, True)],
    "(5†L2)": [CitationMark(3, 4, True), CitationMark(4, 1, True)],
}


def html(markdown: str) -> str:
    return "".join(block.html for block in render_blocks(markdown, KNOWN) if isinstance(block, Prose))


def links(markdown: str) -> list[str]:
    return re.findall(r'<a class="\w+" href="(cite:\d+)"', html(markdown))


@pytest.mark.parametrize(
    "markdown",
    [
        f"Three months{LEASE}.",
        f"# Notice {LEASE}",
        f"- one month {LEASE}",
        f"> quoted {LEASE}",
        f"| a | b |\n|---|---|\n| x {LEASE} | y |",
        f"**bold {LEASE} words**",
        f"a_b{LEASE}c_d and *x*",
        f"1) first\n   - second {LEASE}",
    ],
)
def test_a_mark_becomes_a_link_wherever_text_stands(markdown: str) -> None:
    assert links(markdown) == ["cite:0"]
    assert "【" not in html(markdown)


@pytest.mark.parametrize("markdown", [f"`{LEASE}`", f"    {LEASE}", f"```\n{LEASE}\n```", f"~~~py\nx = '{LEASE}'\n~~~"])
def test_code_stays_as_it_was_written(markdown: str) -> None:
    blocks = render_blocks(markdown, KNOWN)
    assert "cite:" not in str(blocks)
    assert any(LEASE in (block.code if isinstance(block, Code) else block.html) for block in blocks)


def test_all_forms_of_marks_are_taken_and_one_may_mean_several_places() -> None:
    assert links(f"a {ANNEX} b [3] c (5†L2) d") == ["cite:1", "cite:2", "cite:3", "cite:4"]
    assert re.findall(r">(\[[^<]+\])<", html(f"a {ANNEX} b [3]")) == ["[2?]", "[3]"]


@pytest.mark.parametrize(
    "markdown",
    [
        "[x](cite:0)",
        "[x](CITE:0)",
        "[x]( cite:0 )",
        "<cite:0>",
        "[x][1]\n\n[1]: cite:0",
        '<a href="cite:0">x</a>',
        "![x](cite:0)",
        "[x](c&#105;te:0)",
        "[x](cite\\:0)",
        "[3](cite:7)",
    ],
)
def test_no_text_can_write_such_a_link_itself(markdown: str) -> None:
    assert links(markdown) == []
    assert "<a " not in html(markdown)


def test_a_mark_in_a_link_is_a_number_and_the_link_stays_what_it_is() -> None:
    assert html(f"[see {LEASE}](https://example.org)") == '<p><a href="https://example.org">see [1]</a></p>'


def test_what_is_no_citation_stays_text() -> None:
    assert "【7†L1】" in html("said 【7†L1】 so")
    assert html("array[3](x)") == "<p>array3</p>"
    assert html("日本【1】") == "<p>日本【1】</p>"


def test_the_tooltip_is_text_and_no_markup() -> None:
    marks = {LEASE: [CitationMark(0, 1, True, '<img src="x"> & "y"')]}
    (block,) = render_blocks(f"a {LEASE}", marks)
    assert isinstance(block, Prose)
    assert "<img" not in block.html
    assert "&lt;qt&gt;&amp;lt;img" in block.html


def test_while_a_text_grows_whole_marks_are_dots_and_open_ones_are_held_back() -> None:
    text = f"Three months{LEASE}, or one {ANNEX}. Then the keys."
    growing = GrowingBlocks(citations=None)
    for end in range(len(text) + 1):
        shown = "".join(b.html for b in growing.update(without_open_mark(text[:end])) if isinstance(b, Prose))
        assert "【" not in shown
        assert "†" not in shown
        assert "cite:" not in shown
    assert shown.count('<span class="awaited">•</span>') == 2


def test_brackets_that_are_no_citations_are_not_held_back_for_ever() -> None:
    assert without_open_mark("【注意】 text") == "【注意】 text"
    assert without_open_mark("【注意") == "【注意"
    assert without_open_mark("a 【3†L3-L") == "a "
    assert without_open_mark("a 【3") == "a "


def test_copying_gives_numbers() -> None:
    assert with_numbers(f"a{LEASE} b{ANNEX} c(5†L2)", KNOWN) == "a[1] b[2] c[4][1]"
    assert with_numbers(f"a{LEASE}", {}) == f"a{LEASE}"


def test_a_title_has_no_citations() -> None:
    assert plain_text(f"Three **months**{LEASE}, always") == "Three months, always"


def test_thousands_of_brackets_take_no_time_to_speak_of() -> None:
    text = "【3†" * 20_000 + "(" * 20_000
    assert len(render_blocks(text, KNOWN)) == 1

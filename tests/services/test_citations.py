"""Citations in answers: what each mark points to, and whether the model was shown it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from app.domain.chat import Attachment, Citation, Message, Part, Role, Text, ToolCall, ToolResult
from app.domain.marks import without_marks
from app.services.browser import Browser
from app.services.citations import citations
from app.services.evidence import Evidence, evidence, in_words, tool_step
from tests.harmony.cases import assistant, message, user
from tests.services.documents import MemorySource, sha256_of

TERMS = "The warranty lasts two years.\nIt covers the battery.\fA refund is paid within a month.\nKeep the receipt."
GARDEN = "The garden opens in May.\nThe refund of tickets is not possible."
LONG = "\n".join(f"Line {number} of the engine." for number in range(400))
SOURCE = MemorySource({"terms.pdf": TERMS, "garden.txt": GARDEN, "engine.txt": LONG})
NOTE = "Meet at noon.\nBring the contract."


def results(*calls: tuple[str, dict[str, object]]) -> list[Part]:
    """The calls, each with its result, as they stand in an answer."""
    browser = Browser(SOURCE)
    parts: list[Part] = []
    for name, arguments in calls:
        call = ToolCall(f"browser.{name}", json.dumps(arguments))
        parts += [call, browser.run(call)]
    return parts


# Page 0: results (L2 terms, L5 garden); page 1: terms.pdf whole; page 2: engine.txt from line 100 on.
SHOWN = results(
    ("search", {"query": "refund"}),
    ("open", {"id": "terms.pdf"}),
    ("open", {"id": "engine.txt", "loc": 100, "num_lines": 10}),
)


def cite(text: str, shown: Sequence[Part] = SHOWN, history: Sequence[Message] = ()) -> tuple[Citation, ...]:
    return citations(history, [*shown, Text(text)])


def places(text: str, shown: Sequence[Part] = SHOWN) -> list[tuple[str, int, int, bool]]:
    return [(one.document, one.first_line, one.last_line, one.verified) for one in cite(text, shown)]


def test_a_citation_has_the_words_the_page_and_the_characters_of_its_place() -> None:
    [citation] = cite("A month【1†L2-L3】.")
    words = "A refund is paid within a month.\nKeep the receipt."
    text = TERMS.replace("\f", "\n")
    start = text.index(words)
    assert citation == Citation(
        1, "terms.pdf", 2, 3, words, 2, True, "【1†L2-L3】", sha256_of(TERMS), start, start + len(words)
    )


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("【1†L2】", [("terms.pdf", 2, 2, True)]),
        ("【1†L2-L3】", [("terms.pdf", 2, 3, True)]),
        ("【1†L2-3】", [("terms.pdf", 2, 3, True)]),
        ("【1†L3-L2】", [("terms.pdf", 2, 3, True)]),
        ("【1†L2–L3】", [("terms.pdf", 2, 3, True)]),
        ("【1†2-3】", [("terms.pdf", 2, 3, True)]),
        ("【 1 † L2 - L3 】", [("terms.pdf", 2, 3, True)]),
        ("【1†L2-L3†terms.pdf】", [("terms.pdf", 2, 3, True)]),
        ("【1†terms.pdf†L2】", [("terms.pdf", 2, 2, True)]),
        ("【1:0†L2】", [("terms.pdf", 2, 2, True)]),
        ("【1†L0】【1†L2】", [("terms.pdf", 0, 0, True), ("terms.pdf", 2, 2, True)]),
        ("【1†L0; 2†L100】", [("terms.pdf", 0, 0, True), ("engine.txt", 100, 100, True)]),
        ("【1†L0, 2†L100-L101】", [("terms.pdf", 0, 0, True), ("engine.txt", 100, 101, True)]),
        ("【1†L0,L2】", [("terms.pdf", 0, 0, True), ("terms.pdf", 2, 2, True)]),
        ("(1†L2)", [("terms.pdf", 2, 2, True)]),
        ("[1†L2-L3]", [("terms.pdf", 2, 3, True)]),
        ("【terms.pdf†L2】", [("terms.pdf", 2, 2, True)]),
        ("【1】", [("terms.pdf", 0, 3, True)]),
        ("【1†source】", [("terms.pdf", 0, 3, True)]),
        ("【0†L3】", [("terms.pdf", 2, 2, True)]),
        ("【0†L2】", [("terms.pdf", 2, 3, True)]),
        ("【0†L3-L7】", [("terms.pdf", 2, 3, True), ("garden.txt", 0, 0, True)]),
    ],
)
def test_a_mark_is_understood_however_it_is_written(mark: str, expected: list[tuple[str, int, int, bool]]) -> None:
    assert places(f"So it is {mark}.") == expected


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("【1†L4】", ("terms.pdf", 4, 4, False)),
        ("【1†L2-L9】", ("terms.pdf", 2, 9, False)),
        ("【1†L0-L999999999】", ("terms.pdf", 0, 999999999, False)),
        ("【2†L3】", ("engine.txt", 3, 3, False)),
        ("【9†L3】", ("", 3, 3, False)),
        ("【0†L0】", ("", 0, 0, False)),
        ("【0†L3-L900】", ("terms.pdf", 2, 3, False)),
        ("【0】", ("", 0, 0, False)),
        ("【7†source】", ("", 0, 0, False)),
        ("【unknown.pdf†L3】", ("", 3, 3, False)),
    ],
)
def test_what_was_not_shown_is_kept_as_not_verified(mark: str, expected: tuple[str, int, int, bool]) -> None:
    assert places(f"So it is {mark}.")[0] == expected


def test_what_is_no_citation_is_none() -> None:
    assert cite("【注意】 【8】 [1] [x] a[0] (3) †L3 1†L3 【】 【†】 〖1†L0〗 [terms](http://x)") == ()
    assert cite("【1†L0") == ()


def test_equal_places_share_a_number_by_first_appearance() -> None:
    found = cite("One【2†L100】, two【1†L0】, one again【2†L100-L100】 and【1†L0】, none【9†L1】【9†L2】.")
    assert [(one.mark, one.number) for one in found] == [
        ("【2†L100】", 1),
        ("【1†L0】", 2),
        ("【2†L100-L100】", 1),
        ("【9†L1】", 3),
        ("【9†L2】", 4),
    ]


def test_marks_become_numbers() -> None:
    text = "One【2†L100】, two【1†L0; 2†L101】, one【2†L100】, 【注意】."
    assert without_marks(text, cite(text)) == "One[1], two[2][3], one[1], 【注意】."
    assert without_marks("Half【1†L", ()) == "Half"
    assert without_marks("Half 【terms.pdf†", ()) == "Half"
    assert without_marks("As it is.", ()) == "As it is."


def test_lines_that_other_pages_of_the_document_showed_count() -> None:
    shown = results(
        ("open", {"id": "engine.txt", "num_lines": 3}),
        ("open", {"loc": 3, "num_lines": 3}),
        ("find", {"pattern": "Line 399"}),
    )
    [citation] = cite("【1†L2-L4】", shown)
    assert citation.verified
    assert citation.passage == "Line 2 of the engine.\nLine 3 of the engine.\nLine 4 of the engine."
    assert citation.end - citation.start == len(citation.passage)
    assert places("【0†L399】", shown) == [("engine.txt", 399, 399, True)]
    assert places("【2†L1】", shown) == [("engine.txt", 399, 399, True)]


def test_pages_of_earlier_turns_can_be_cited_and_others_not() -> None:
    earlier = [user("Refund?"), assistant(*SHOWN, Text("Yes."))]
    assert cite("【1†L2】", (), earlier)[0].verified
    assert not cite("【1†L2】", ())[0].verified


def test_a_file_that_came_in_full_is_cited_by_its_name() -> None:
    question = message(Role.USER, Attachment("note.txt", sha256_of(NOTE), len(NOTE), NOTE), Text("When?"))
    found = cite("At noon【note.txt†L0】, with papers【note.txt†L1-L5】, [note.txt].", (), [question])
    assert [(one.first_line, one.last_line, one.verified, one.passage) for one in found] == [
        (0, 0, True, "Meet at noon."),
        (1, 5, False, "Bring the contract."),
        (0, 1, True, NOTE),
    ]
    assert {(one.document, one.sha256) for one in found} == {("note.txt", sha256_of(NOTE))}


def test_numbered_passages_are_cited_by_number() -> None:
    found = Browser(SOURCE).passages("refund", numbered=True)
    assert found is not None
    text = "Paid[1], not for tickets [2], [1, 2], see [3], x[9] and [1](http://x)."
    cited = cite(text, found)
    assert [(one.mark, one.number, one.document, one.page, one.verified) for one in cited] == [
        ("[1]", 1, "terms.pdf", 2, True),
        ("[2]", 2, "garden.txt", None, True),
        ("[1, 2]", 1, "terms.pdf", 2, True),
        ("[1, 2]", 2, "garden.txt", None, True),
        ("[3]", 3, "", None, False),
    ]


def test_what_an_answer_rests_on_is_counted_once() -> None:
    assert evidence(SHOWN) == Evidence(3, 3, 3)
    assert evidence(results(("search", {"query": "xylophone"}))) == Evidence(0, 0, 3)
    assert evidence(results(("search", {"query": ""}))) == Evidence(0, 0, 3)
    assert evidence([Text("Hello"), ToolResult("python", "1")]) is None


def test_each_step_is_told_in_words() -> None:
    steps = results(
        ("search", {"query": "refund"}),
        ("open", {"id": 1}),
        ("find", {"pattern": "garden"}),
        ("search", {"query": "xylophone"}),
        ("search", {"query": ""}),
        ("open", {"id": 99}),
    )
    said = [
        in_words(tool_step(call, result))
        for call, result in zip(steps[::2], steps[1::2], strict=True)
        if isinstance(call, ToolCall) and isinstance(result, ToolResult)
    ]
    assert said == [
        "Searched “refund”: 2 passages in 2 files",
        "Opened garden.txt, lines 0 to 1",
        "Looked for “garden”: 1 passage in 1 file",
        "Searched “xylophone”: nothing",
        "Listed the documents: 3 files",
        "Called browser.open",
    ]

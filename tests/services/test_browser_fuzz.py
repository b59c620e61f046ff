"""Whatever a model writes, calls and citations hold what they promise."""

from __future__ import annotations

import json
import random

import pytest

from app.domain.chat import Part, Text, ToolCall
from app.domain.documents import numbered_lines
from app.domain.marks import without_marks
from app.services.browser import Browser
from app.services.citations import citations
from app.services.evidence import evidence, in_words, tool_step
from app.store.parts import part_from_row, part_to_row
from tests.services.documents import MemorySource
from tests.services.test_injected_documents import ATTACK

TEXTS = {
    "terms.pdf": "The warranty\flasts long.\n" * 40,
    "evil.txt": ATTACK,
    "empty.txt": "",
    "lines.txt": "x" * 5000 + "\n\n\n" + "日本語" * 400,
}
NAMES = ("browser.search", "browser.open", "browser.find", "browser", "open", "x", "functions.browser.find")
KEYS = ("id", "query", "pattern", "loc", "cursor", "num_lines", "topn")
VALUES = (0, 1, -1, 3, 1e30, -5, None, True, "terms.pdf", "warranty", "L3", "x", [1], {"a": 1}, "lasts", "0")
FRAGMENTS = [*'【】†L-120;,[]() \n–٣Ⅷ²{}":\\\ud800\x00', "L3", "terms.pdf", "99999999999", "source", '"query"', "null"]


def some_call(chance: random.Random) -> ToolCall:
    if chance.random() < 0.5:
        arguments = json.dumps({chance.choice(KEYS): chance.choice(VALUES) for _ in range(3)})
    else:
        arguments = "".join(chance.choices(FRAGMENTS, k=chance.randint(0, 12)))
    return ToolCall(chance.choice(NAMES), arguments)


@pytest.mark.parametrize("seed", range(60))
def test_every_call_has_a_result_and_every_citation_a_mark(seed: int) -> None:
    chance = random.Random(seed)
    source = MemorySource(TEXTS)
    browser = Browser(source)
    parts: list[Part] = []
    for _ in range(6):
        call = some_call(chance)
        result = browser.run(call)
        result.output.encode()
        assert in_words(tool_step(call, result))
        assert part_from_row(*part_to_row(result)) == result
        for excerpt in result.shown.excerpts if result.shown else ():
            stored = source.document(excerpt.sha256)
            assert stored is not None
            assert stored.text[excerpt.start : excerpt.start + len(excerpt.text)] == excerpt.text
            lines = [(excerpt.start + start, excerpt.start + end) for start, end in numbered_lines(excerpt.text)]
            in_document = numbered_lines(stored.text)[excerpt.first_line :][: len(lines)]
            assert not excerpt.text or tuple(lines) == in_document
        parts += [call, result]
    for _ in range(10):
        text = "".join(chance.choices(FRAGMENTS, k=chance.randint(1, 60)))
        found = citations([], [*parts, Text(text)])
        assert all(one.mark in text and (one.sha256 or not one.verified) for one in found)
        shorter = without_marks(text, found)
        assert not any(one.mark in shorter for one in found if "†" in one.mark)
    rests_on = evidence(parts)
    assert rests_on is None or rests_on.files <= rests_on.of_files == len(TEXTS)

"""Thoughts and answers of models with a chat template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chat_template import TemplateDialect
from app.domain.chat import ConversationId, Effort, Message, MessageId, Role, Text
from app.domain.dialect import PromptOptions, StreamParser
from app.domain.prompt import Tokens, Trusted
from app.domain.stream import Channel, Delta, Output, StreamMessage, Token
from tests.chat_template import templates

THOUGHT, ANSWER = Channel.REASONING, Channel.ANSWER
PLAIN = TemplateDialect(templates.QWEN3)
OPENED = TemplateDialect(templates.DEEPSEEK)


def tokens(text: str, size: int) -> list[Token]:
    data = text.encode()
    return [Token(start, data[start : start + size]) for start in range(0, len(data), size)]


def parse(parser: StreamParser, output: Iterable[Token]) -> list[Output]:
    found = [item for token in output for item in parser.feed(token)]
    return [*found, *parser.finish()]


def said(outputs: Iterable[Output]) -> list[tuple[Channel, str]]:
    return [(output.channel, output.text) for output in outputs if isinstance(output, StreamMessage)]


CASES = [
    (PLAIN, "Hello!", [(ANSWER, "Hello!")]),
    (PLAIN, "<think>\nHm\n</think>\n\nHello!", [(THOUGHT, "Hm\n"), (ANSWER, "Hello!")]),
    (PLAIN, "\n <think>Hm</think>Hello!", [(THOUGHT, "Hm"), (ANSWER, "Hello!")]),
    (PLAIN, "<think>\n\n</think>\n\nHello!", [(ANSWER, "Hello!")]),
    (PLAIN, "<think>Hm", [(THOUGHT, "Hm")]),
    (PLAIN, "<think>a</thin</think>b", [(THOUGHT, "a</thin"), (ANSWER, "b")]),
    (PLAIN, "<think>a</think>b</think><think>c</think>", [(THOUGHT, "a"), (ANSWER, "b</think><think>c</think>")]),
    (PLAIN, "Write <think> so: `</think>`", [(ANSWER, "Write <think> so: `</think>`")]),
    (PLAIN, "<thinking>x</thinking>", [(ANSWER, "<thinking>x</thinking>")]),
    (PLAIN, "<thin", [(ANSWER, "<thin")]),
    (PLAIN, "  x", [(ANSWER, "  x")]),
    (PLAIN, "</think>x", [(ANSWER, "</think>x")]),
    (PLAIN, "<", [(ANSWER, "<")]),
    (PLAIN, " \n", []),
    (PLAIN, "", []),
    (PLAIN, "<think></think>", []),
    (OPENED, "Hm</think>\n\nHello 日本!", [(THOUGHT, "Hm"), (ANSWER, "Hello 日本!")]),
    (OPENED, "\nHm, 1 < 2", [(THOUGHT, "Hm, 1 < 2")]),
    (OPENED, "<think>\nHm</think>x", [(THOUGHT, "Hm"), (ANSWER, "x")]),
    (OPENED, "</think>x", [(ANSWER, "x")]),
    (OPENED, "<</think>x", [(THOUGHT, "<"), (ANSWER, "x")]),
]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(("dialect", "text", "expected"), CASES)
def test_output_is_split_wherever_its_tokens_are_cut(
    dialect: TemplateDialect, text: str, expected: list[tuple[Channel, str]], size: int
) -> None:
    assert said(parse(dialect.parser(), tokens(text, size))) == expected


def test_tags_may_be_control_tokens() -> None:
    opening, closing, end = (Token(i, b"", name) for i, name in enumerate(("<think>", "</think>", "<|im_end|>")))
    hm, answer = Token(10, b"Hm"), Token(11, b"Hello")
    thought, answered = StreamMessage(THOUGHT, "Hm", (10,)), StreamMessage(ANSWER, "Hello", (11,))
    both = [Delta(THOUGHT, "Hm"), thought, Delta(ANSWER, "Hello"), answered]
    assert parse(PLAIN.parser(), [opening, hm, closing, answer, end]) == both
    assert parse(OPENED.parser(), [hm, closing, answer, end]) == both
    assert parse(PLAIN.parser(), [answer, opening, closing, end]) == [Delta(ANSWER, "Hello"), answered]


def test_text_streams_and_only_what_may_be_a_tag_is_held_back() -> None:
    parser = OPENED.parser()
    assert parser.feed(Token(1, b"Hm <")) == [Delta(THOUGHT, "Hm ")]
    assert parser.feed(Token(2, b"/thi")) == []
    assert parser.feed(Token(3, b"s")) == [Delta(THOUGHT, "</this")]
    assert parser.feed(Token(4, b"</think>\n")) == [StreamMessage(THOUGHT, "Hm </this", (1, 2, 3))]
    assert parser.feed(Token(5, b"\n")) == []
    assert parser.feed(Token(6, b"Yes")) == [Delta(ANSWER, "Yes")]
    assert parser.finish() == [StreamMessage(ANSWER, "Yes", (6,))]


def test_token_ids_are_unknown_where_a_text_begins_within_a_token() -> None:
    assert parse(OPENED.parser(), [Token(1, b"Hm</think>Yes")])[-1] == StreamMessage(ANSWER, "Yes", ())
    assert parse(PLAIN.parser(), [Token(1, b"\xff")])[-1] == StreamMessage(ANSWER, "\N{REPLACEMENT CHARACTER}", ())


@pytest.mark.parametrize(
    ("dialect", "text", "forced"),
    [(PLAIN, "<think>Hm", True), (OPENED, "Hm", True), (OPENED, "", True), (PLAIN, "Hello", False), (PLAIN, "", False),
     (PLAIN, "<think>Hm</think>", False), (OPENED, "Hm</think>x", False)],
)  # fmt: skip
def test_an_answer_is_forced_where_thoughts_have_no_end(dialect: TemplateDialect, text: str, forced: bool) -> None:
    assert (dialect.force_answer(tokens(text, 3)) is not None) is forced


def test_a_forced_answer_follows_the_thoughts_without_their_stop_token() -> None:
    continuation = OPENED.force_answer([Token(1, b"Hm"), Token(2, b"", "<|im_end|>")])
    assert continuation is not None
    prompt, parser = continuation
    assert prompt == (Tokens((1,)), Trusted("\n</think>\n\n"))
    assert parse(parser, [Token(3, b"\n"), Token(4, b"Yes")]) == [
        Delta(ANSWER, "Yes"),
        StreamMessage(ANSWER, "Yes", (4,)),
    ]


pieces = st.sampled_from(["<think>", "</think>", "<", "/think>", "thi", "\n", " ", "é", "x", "日本"])
texts = (pieces | st.text(max_size=3)).map(lambda text: Token(1, text.encode()))
fragments = st.binary(max_size=3).filter(lambda data: b"<" not in data).map(lambda data: Token(1, data))
specials = st.sampled_from(["<think>", "</think>", "<|im_end|>"]).map(lambda name: Token(2, b"", name))


@given(st.lists(texts | specials, max_size=20), st.booleans())
@settings(max_examples=300, deadline=None)
def test_nothing_but_tags_and_white_space_is_ever_lost(output: Sequence[Token], opened: bool) -> None:
    outputs = parse((OPENED if opened else PLAIN).parser(), output)
    shown = "".join(item.text for item in outputs if isinstance(item, Delta))
    assert "".join(item.text for item in outputs if isinstance(item, StreamMessage)) == shown
    assert _without_tags(shown) == _without_tags(b"".join(token.data for token in output).decode())


@given(st.lists(fragments | specials, max_size=20), st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_control_token_shows(output: Sequence[Token], opened: bool) -> None:
    outputs = parse((OPENED if opened else PLAIN).parser(), output)
    assert not any("<" in item.text for item in outputs)


def _without_tags(text: str) -> str:
    return "".join(c for c in text if c not in "</think>" and not c.isspace())


@pytest.mark.parametrize("template", [templates.QWEN3, templates.DEEPSEEK])
def test_without_effort_the_block_of_thoughts_is_empty(template: str) -> None:
    dialect = TemplateDialect(template)
    question = Message(MessageId("m"), ConversationId("c"), None, Role.USER, (Text("Hi"),), datetime.now(UTC))
    prompt = dialect.render([question], PromptOptions(date(2025, 1, 1), Effort.NONE))
    at_once = dialect.answer_at_once(prompt)
    assert at_once is not None
    written = "".join(piece.text for piece in at_once[0] if isinstance(piece, Trusted))
    assert written.endswith("<think>\n\n</think>\n\n")
    assert written.count("<think>") == 1


def test_a_template_without_thoughts_has_none_to_leave_out() -> None:
    assert TemplateDialect(templates.CHATML).answer_at_once((Trusted("x"),)) is None

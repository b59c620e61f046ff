"""Any sequence of tokens, cut anywhere: the parser never raises, loses no text and lets no control token through."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.prompt import Special, Tokens
from app.domain.stream import Channel, Delta, Output, StreamMessage, Token
from app.harmony import HarmonyDialect

SPECIALS = (
    "<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|return|>", "<|call|>", "<|endoftext|>",
    "<|endofprompt|>", "<think>",
)  # fmt: skip
WORDS = (
    "assistant", "user", "system", "analysis", "commentary", "final", " to=", " to=f", "to=assistant", " code", "json",
    "tool", " ", "\n", "", "a", "ass", "–", "<|", "|>", "end", "日", "{}",
)  # fmt: skip

specials = st.sampled_from(SPECIALS).map(lambda name: Token(0, b"", name))
words = st.sampled_from(WORDS).map(lambda word: Token(1, word.encode()))
arbitrary = st.binary(max_size=4).map(lambda data: Token(2, data))
headers = st.sampled_from(["analysis", "commentary", "final"]).map(
    lambda name: [Token(0, b"", "<|channel|>"), Token(1, name.encode()), Token(0, b"", "<|message|>")]
)
singles = (specials | words | arbitrary).map(lambda token: [token])
outputs = st.lists(singles | headers, max_size=40).map(
    lambda runs: [Token(number, t.data, t.special) for number, t in enumerate(t for run in runs for t in run)]
)


def parse(tokens: Sequence[Token]) -> list[Output]:
    parser = HarmonyDialect().parser()
    found = [output for token in tokens for output in parser.feed(token)]
    return [*found, *parser.finish()]


@given(outputs)
@settings(max_examples=500, deadline=None)
def test_messages_equal_their_deltas_and_their_tokens(tokens: list[Token]) -> None:
    channel, text = None, ""
    for output in parse(tokens):
        match output:
            case Delta():
                assert output.text
                assert channel in (None, output.channel)
                channel, text = output.channel, text + output.text
            case StreamMessage():
                assert output.text == text
                assert channel in (None, output.channel)
                spelled = b"".join(tokens[i].data for i in output.token_ids).decode("utf-8", errors="replace")
                assert output.token_ids == () or spelled == text
                assert all(tokens[i].special is None for i in output.token_ids)
                channel, text = None, ""
    assert text == ""


@given(outputs)
@settings(max_examples=300, deadline=None)
def test_no_control_token_shows(tokens: list[Token]) -> None:
    shown = "".join(output.text for output in parse(tokens) if isinstance(output, Delta))
    spelled = b"".join(token.data for token in tokens).decode("utf-8", errors="replace")
    assert all(name not in shown or name in spelled for name in SPECIALS)


@given(outputs, st.data())
@settings(max_examples=500, deadline=None)
def test_a_word_in_a_message_is_never_lost(tokens: list[Token], data: st.DataObject) -> None:
    """It may be taken for a header's part before a message token, as a role or as a content type; nowhere else."""
    place = data.draw(st.integers(0, len(tokens)))
    word = Token(1000, b" w\xc3\xb6rd ")
    shown = "".join(
        output.text for output in parse([*tokens[:place], word, *tokens[place:]]) if isinstance(output, Delta)
    )
    assert "wörd" in shown or _may_be_header(tokens[:place], tokens[place:])


def _may_be_header(before: Sequence[Token], after: Sequence[Token]) -> bool:
    controls = [t for t in before if t.special in SPECIALS[:8]]
    following = next((t.special for t in after if t.special in SPECIALS[:8] and t.special not in SPECIALS[3:5]), None)
    if following == "<|message|>":
        return True
    if not controls or controls[-1].special not in ("<|start|>", "<|constrain|>"):
        return False
    text = b"".join(t.data for t in before[_last(before, controls[-1]) + 1 :])
    return not text.strip()


def _last(tokens: Sequence[Token], token: Token) -> int:
    return max(i for i, other in enumerate(tokens) if other is token)


@given(outputs, outputs)
@settings(max_examples=300, deadline=None)
def test_a_parser_survives_its_end(tokens: list[Token], more: list[Token]) -> None:
    parser = HarmonyDialect().parser()
    for token in tokens:
        parser.feed(token)
    parser.finish()
    for token in more:
        parser.feed(token)
    parser.finish()
    assert parser.finish() == []


@given(outputs)
@settings(max_examples=300, deadline=None)
def test_an_answer_can_be_forced_after_anything(tokens: list[Token]) -> None:
    prompt, parser = HarmonyDialect().force_answer(tokens)
    assert prompt[-1] == Special("<|message|>")
    kept = [i for piece in prompt if isinstance(piece, Tokens) for i in piece.ids]
    assert kept == list(range(len(kept)))
    assert parser.feed(Token(1, b"x")) == [Delta(Channel.ANSWER, "x")]

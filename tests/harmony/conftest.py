"""openai-harmony as the oracle, o200k as the vocabulary, and golden prompts."""

from __future__ import annotations

import base64
import hashlib
import lzma
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from openai_harmony import (
    Conversation,
    HarmonyEncodingName,
    Message,
    RenderConversationConfig,
    Role,
    load_harmony_encoding,
)

from app.domain.prompt import Plain, Prompt, Special, Trusted
from app.domain.stream import Token
from app.engine.vocabulary import O200kTokenizer, Vocabulary

DATA = Path(__file__).parent.parent / "data" / "harmony"
VOCABULARY_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
SPECIALS = {
    "<|startoftext|>": 199998,
    "<|endoftext|>": 199999,
    "<|return|>": 200002,
    "<|constrain|>": 200003,
    "<|channel|>": 200005,
    "<|start|>": 200006,
    "<|end|>": 200007,
    "<|message|>": 200008,
    "<|call|>": 200012,
    "<|endofprompt|>": 200018,
}


class Oracle:
    """What openai-harmony says of a conversation, and what the application's tokenizer makes of our prompts."""

    def __init__(self, vocabulary: bytes) -> None:
        self.harmony = load_harmony_encoding(HarmonyEncodingName.HARMONY_GPT_OSS)
        pieces = [b""] * 200019
        for line in vocabulary.splitlines():
            word, rank = line.split()
            pieces[int(rank)] = base64.b64decode(word)
        for name, number in SPECIALS.items():
            pieces[number] = name.encode()
        ends = frozenset({199999, 200002, 200012})
        self._tokenizer = O200kTokenizer(Vocabulary(tuple(pieces), SPECIALS, ends, kind="gpt2", pre="gpt-4o"))

    def ids(self, prompt: Prompt) -> list[int]:
        return self._tokenizer.encode(prompt)

    def tokens(self, text: str) -> list[Token]:
        """Output of a model as tokens; control tokens are written out."""
        return [self._tokenizer.decode(i) for i in self._tokenizer.encode((Trusted(text),))]

    def show(self, prompt: Prompt) -> str:
        """A prompt to read: control tokens are written out, and a backslash marks text that looks like one."""
        return "".join(self._show(piece) for piece in prompt)

    def _show(self, piece: object) -> str:
        match piece:
            case Special(text):
                return text
            case Plain(text):
                return text.replace("<|", "<\\|")
        raise AssertionError(f"can't be shown: {piece}")

    def render(self, messages: Iterable[Message]) -> list[int]:
        """Token ids of the prompt for these messages, none of them dropped, recipients where the model puts them."""
        conversation = Conversation.from_messages(list(messages))
        config = RenderConversationConfig(auto_drop_analysis=False)
        return self._recipients_last(
            self.harmony.render_conversation_for_completion(conversation, Role.ASSISTANT, config)
        )

    def _recipients_last(self, ids: list[int]) -> list[int]:
        """``assistant to=x<|channel|>y`` as ``assistant<|channel|>y to=x``, which is the order of the model itself."""
        start, message = SPECIALS["<|start|>"], SPECIALS["<|message|>"]
        ordered: list[int] = []
        while message in ids:
            header = ids[: ids.index(message)]
            at = len(header) - header[::-1].index(start)
            call = re.fullmatch(r"assistant( to=\S+)(<\|channel\|>\w+)(.*)", self.harmony.decode(header[at:]))
            if call is not None:
                header[at:] = self.harmony.encode(f"assistant{call[2]}{call[1]}{call[3]}", allowed_special="all")
            ordered += [*header, message]
            ids = ids[ids.index(message) + 1 :]
        return ordered + ids


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    vocabulary = lzma.decompress((DATA / "o200k_base.tiktoken.xz").read_bytes())
    assert hashlib.sha256(vocabulary).hexdigest() == VOCABULARY_SHA256
    folder = tmp_path_factory.mktemp("vocabulary")
    (folder / "o200k_base.tiktoken").write_bytes(vocabulary)
    os.environ["TIKTOKEN_ENCODINGS_BASE"] = str(folder)
    return Oracle(vocabulary)


@pytest.fixture
def check_golden() -> Callable[[str, str], None]:
    """Compare a text with the golden file of that name; UPDATE_GOLDENS=1 writes it instead."""

    def check(name: str, text: str) -> None:
        path = DATA / "prompts" / f"{name}.txt"
        if os.environ.get("UPDATE_GOLDENS") == "1":
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        assert path.read_bytes().decode("utf-8") == text

    return check
